/**
 * Hosts whose machine is in an open maintenance window of Mesos, or down for it. They cost the guard nothing. While the
 * model of the cluster is stale, no host counts as such.
 */

import type { Clock, Timer } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { type JsonObject, listAt, MesosError, textAt } from '../../../shared/mesos/index.ts';
import type { Cluster } from '../cluster/index.ts';

export type MaintenanceState = 'draining' | 'down';

export interface HostsInMaintenanceOptions {
  readonly cluster: Pick<Cluster, 'agents' | 'agentsOf' | 'onAgents' | 'stale'>;
  /** `/maintenance/status` of the leader. @throws MesosError */
  readonly status: () => Promise<JsonObject>;
  /** Hosts of the inventory. */
  readonly hosts: () => Iterable<HostName>;
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Polls without an answer after which the last one does not count any more. */
const STALE_POLLS = 3;
const MIN_STALE_MS = 3_000;
/** Where this version or these credentials do not show it, it is asked again at this interval. */
const UNABLE_MS = 600_000;

export class HostsInMaintenance {
  readonly #options: HostsInMaintenanceOptions;
  readonly #once: OnceLog;
  #states: ReadonlyMap<HostName, MaintenanceState> = new Map();
  #hosts: ReadonlySet<HostName> = new Set();
  #answer: JsonObject = {};
  #answeredMs = Number.NEGATIVE_INFINITY;
  #askAgainMs = Number.NEGATIVE_INFINITY;
  #asking = false;
  #timer: Timer | undefined;

  constructor(options: HostsInMaintenanceOptions) {
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

  /** Another set whenever a host came or left. */
  get hosts(): ReadonlySet<HostName> {
    return this.#hosts;
  }

  stateOf(host: HostName): MaintenanceState | undefined {
    return this.#states.get(host);
  }

  async poll(): Promise<void> {
    const { clock, status, pollIntervalMs } = this.#options;
    if (this.#asking || clock.monoMs() < this.#askAgainMs) return;
    this.#asking = true;
    try {
      this.#answer = await status();
      this.#answeredMs = clock.monoMs();
      this.#set(this.#read(this.#answer));
      this.#once.recovered('maintenance', 'the maintenance status of Mesos is read again');
    } catch (error) {
      this.#failed(error, Math.max(STALE_POLLS * pollIntervalMs, MIN_STALE_MS));
    } finally {
      this.#asking = false;
    }
  }

  /** A machine that is down is in no list of agents any more: only its name is left, in lower case. */
  #read(answer: JsonObject): Map<HostName, MaintenanceState> {
    const { cluster, hosts } = this.#options;
    const states = new Map<HostName, MaintenanceState>();
    if (cluster.stale !== undefined) return states;
    const down = new Set(listAt(answer, 'down_machines').map((machine) => textAt(machine, 'hostname')?.toLowerCase()));
    const draining = listAt(answer, 'draining_machines').length > 0;
    if (down.size > 0)
      for (const host of hosts())
        if (down.has(host.toLowerCase()) && cluster.agentsOf(host).length === 0) states.set(host, 'down');
    if (down.size > 0 || draining)
      for (const { host, maintenance } of cluster.agents().values())
        if (host !== undefined && (maintenance === 'draining' || maintenance === 'down')) states.set(host, maintenance);
    return states;
  }

  #failed(error: unknown, staleAfterMs: number): void {
    const { clock } = this.#options;
    if (error instanceof MesosError && (error.fault === 'absent' || error.fault === 'refused')) {
      this.#askAgainMs = clock.monoMs() + UNABLE_MS;
      this.#forget();
      return;
    }
    this.#once.warn('maintenance', 'the maintenance status of Mesos can not be read', { err: messageOf(error) });
    if (clock.monoMs() - this.#answeredMs > staleAfterMs) this.#forget();
  }

  #forget(): void {
    this.#answer = {};
    this.#set(new Map());
  }

  #set(states: ReadonlyMap<HostName, MaintenanceState>): void {
    const same =
      states.size === this.#states.size && [...states].every(([host, state]) => this.#states.get(host) === state);
    if (same) return;
    this.#states = states;
    this.#hosts = new Set(states.keys());
  }
}
