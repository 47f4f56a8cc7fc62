/**
 * Hosts that are off by plan: their machine is in a maintenance window of Mesos that is open, or down for it. They are
 * shown as such and lie outside the guard's budget. Without fresh word of Mesos nobody is.
 */

import type { Clock, Timer } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { type JsonObject, listAt, MesosError, textAt } from '../../../shared/mesos/index.ts';
import type { Cluster } from '../cluster/index.ts';

export type PlannedWord = 'draining' | 'down';

export interface PlannedHostsOptions {
  readonly cluster: Pick<Cluster, 'agents' | 'agentsOf' | 'onAgents' | 'stale'>;
  /** `/maintenance/status` of the leader. @throws MesosError */
  readonly status: () => Promise<JsonObject>;
  /** Hosts of the inventory. */
  readonly hosts: () => Iterable<HostName>;
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** After so many polls without an answer it is not believed any more. */
const STALE_POLLS = 3;
const LEAST_STALE_MS = 3_000;
/** This version, or these credentials, can't tell: asked again so often. */
const UNABLE_MS = 600_000;

export class PlannedHosts {
  readonly #options: PlannedHostsOptions;
  readonly #once: OnceLog;
  #words: ReadonlyMap<HostName, PlannedWord> = new Map();
  #hosts: ReadonlySet<HostName> = new Set();
  #answer: JsonObject = {};
  #answeredMs = Number.NEGATIVE_INFINITY;
  #askAgainMs = Number.NEGATIVE_INFINITY;
  #asking = false;
  #timer: Timer | undefined;

  constructor(options: PlannedHostsOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    options.cluster.onAgents(() => this.#set(this.#read(this.#answer)));
  }

  start(): void {
    void this.poll();
    this.#timer = this.#options.clock.every(this.#options.pollIntervalMs, () => void this.poll());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Another set whenever somebody came or went. */
  get hosts(): ReadonlySet<HostName> {
    return this.#hosts;
  }

  wordOf(host: HostName): PlannedWord | undefined {
    return this.#words.get(host);
  }

  async poll(): Promise<void> {
    const { clock, status, pollIntervalMs } = this.#options;
    if (this.#asking || clock.monoMs() < this.#askAgainMs) return;
    this.#asking = true;
    try {
      this.#answer = await status();
      this.#answeredMs = clock.monoMs();
      this.#set(this.#read(this.#answer));
      this.#once.recovered('maintenance', 'Mesos tells of its maintenance again');
    } catch (error) {
      this.#failed(error, Math.max(STALE_POLLS * pollIntervalMs, LEAST_STALE_MS));
    } finally {
      this.#asking = false;
    }
  }

  /** A machine that is down is in no list of agents any more: only its name is left, in lower case. */
  #read(answer: JsonObject): Map<HostName, PlannedWord> {
    const { cluster, hosts } = this.#options;
    const words = new Map<HostName, PlannedWord>();
    if (cluster.stale !== undefined) return words;
    const down = new Set(listAt(answer, 'down_machines').map((machine) => textAt(machine, 'hostname')?.toLowerCase()));
    const draining = listAt(answer, 'draining_machines').length > 0;
    if (down.size > 0)
      for (const host of hosts())
        if (down.has(host.toLowerCase()) && cluster.agentsOf(host).length === 0) words.set(host, 'down');
    if (down.size > 0 || draining)
      for (const { host, maintenance } of cluster.agents().values())
        if (host !== undefined && (maintenance === 'draining' || maintenance === 'down')) words.set(host, maintenance);
    return words;
  }

  #failed(error: unknown, staleAfterMs: number): void {
    const { clock } = this.#options;
    if (error instanceof MesosError && (error.fault === 'absent' || error.fault === 'refused')) {
      this.#askAgainMs = clock.monoMs() + UNABLE_MS;
      this.#forget();
      return;
    }
    this.#once.warn('maintenance', `Mesos did not tell of its maintenance: ${messageOf(error)}`);
    if (clock.monoMs() - this.#answeredMs > staleAfterMs) this.#forget();
  }

  #forget(): void {
    this.#answer = {};
    this.#set(new Map());
  }

  #set(words: ReadonlyMap<HostName, PlannedWord>): void {
    const same = words.size === this.#words.size && [...words].every(([host, word]) => this.#words.get(host) === word);
    if (same) return;
    this.#words = words;
    this.#hosts = new Set(words.keys());
  }
}
