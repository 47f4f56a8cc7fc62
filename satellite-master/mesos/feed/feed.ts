/**
 * Asks Mesos for the cluster and tells the differences: over the v1 stream with the agents polled beside it, and
 * where a master has no such stream for us by polling its state. Runs in a thread of its own.
 */

import { Backoff } from '../../../shared/backoff.ts';
import { type Clock, sleep } from '../../../shared/clock.ts';
import { timeoutSignal } from '../../../shared/deadline.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { MesosClient, MesosStream } from '../../../shared/mesos/index.ts';
import { listAt, MesosError, numberAt, textAt } from '../../../shared/mesos/index.ts';
import type { AgentRow, Change, ClusterMessage } from '../cluster/index.ts';
import { subscribe } from './event-stream.ts';
import { type MaintenanceOf, noMaintenance, readMaintenance } from './maintenance-windows.ts';
import {
  type AnswerForm,
  AnswerReader,
  FollowerAnswered,
  GET_AGENTS,
  GET_FRAMEWORKS,
  STATE,
  ToldCluster,
  type WholeAnswer,
} from './snapshot-reader.ts';

export interface ClusterReaderOptions {
  readonly client: MesosClient;
  /** `sleep-time`. */
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  /** Resolves when the message is taken; nothing more is told before. */
  readonly post: (message: ClusterMessage) => Promise<void>;
}

/** Taking them costs the other side a few milliseconds. */
const MOST_CHANGES = 250;
/** For the whole of a state of a hundred megabytes from a master that is busy. */
const STATE_WITHIN_MS = 300_000;
const MOST_BYTES = 512 * 1024 * 1024;
const RETRY = { firstMs: 500, maxMs: 30_000 } as const;

export class ClusterReader {
  readonly #options: ClusterReaderOptions;
  readonly #told = new ToldCluster();
  readonly #end = new AbortController();
  readonly #backoff = new Backoff(RETRY);
  #maintenanceOf: MaintenanceOf = noMaintenance;
  /** What was learnt of this leader's version: false where it has no such thing for us. */
  #hasStream = true;
  #hasMaintenance = true;
  /** Of the master that told its state last. */
  #masterId: string | undefined;

  constructor(options: ClusterReaderOptions) {
    this.#options = options;
  }

  /** Until it is stopped; every fault is told and tried again. */
  async run(): Promise<void> {
    const { clock, post } = this.#options;
    const pollMs = this.#options.pollIntervalMs;
    const { signal } = this.#end;
    while (!signal.aborted) {
      let waitMs = pollMs;
      try {
        if (this.#hasStream) await this.#follow();
        else await this.#pollState();
        this.#backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (this.#hasStream && isWithout(error)) {
          this.#hasStream = false;
          continue;
        }
        await post({ kind: 'failed', reason: messageOf(error) });
        waitMs = Math.min(pollMs, this.#backoff.next());
        this.#relearn();
      }
      await sleep(clock, waitMs, signal);
    }
  }

  stop(): void {
    this.#end.abort();
  }

  /** Until the stream ends. */
  async #follow(): Promise<void> {
    const { client, clock } = this.#options;
    await this.#learnMaintenance();
    const ended = new AbortController();
    let polling: Promise<void> | undefined;
    try {
      await subscribe(
        {
          client,
          clock,
          told: this.#told,
          maintained: this.#maintained,
          began: async (answer) => {
            this.#backoff.reset();
            await this.#tellWhole(answer, await this.#unreachable());
            polling = this.#pollBeside(ended.signal);
          },
          changed: (changes) => this.#tell(changes),
        },
        this.#end.signal,
      );
    } finally {
      ended.abort();
      await polling;
    }
  }

  /** What the stream says nothing of: drain, deactivation, unreachable agents, maintenance, what frameworks use. */
  async #pollBeside(ended: AbortSignal): Promise<void> {
    const { clock, pollIntervalMs, client, post } = this.#options;
    for (;;) {
      await sleep(clock, pollIntervalMs, ended);
      if (ended.aborted) return;
      try {
        await this.#learnMaintenance();
        const within = AbortSignal.any([ended, timeoutSignal(STATE_WITHIN_MS)]);
        const frameworks = await client.openCall({ type: 'GET_FRAMEWORKS' }, within);
        const { changes } = await this.#read(GET_FRAMEWORKS, frameworks);
        await this.#tell(changes);
        const agents = await this.#read(GET_AGENTS, await client.openCall({ type: 'GET_AGENTS' }, within));
        await this.#tellWhole(agents, await this.#unreachable());
      } catch (error) {
        if (!ended.aborted) await post({ kind: 'failed', reason: messageOf(error) });
      }
    }
  }

  async #pollState(): Promise<void> {
    await this.#learnMaintenance();
    const answer = await this.#readState(this.#options.client);
    await this.#tellWhole(answer, answer.unreachable);
    const masterId = textAt(answer.rest, 'id');
    if (this.#masterId !== undefined && masterId !== this.#masterId) this.#relearn();
    this.#masterId = masterId;
  }

  /** Before 1.0 a follower answers itself and knows nothing, where later ones redirect: then the leader is asked. */
  async #readState(client: MesosClient): Promise<WholeAnswer> {
    const within = AbortSignal.any([this.#end.signal, timeoutSignal(STATE_WITHIN_MS)]);
    try {
      return await this.#read(STATE, await client.openState(within));
    } catch (error) {
      const leader = error instanceof FollowerAnswered && client === this.#options.client && error.leader;
      if (!leader) throw error;
      const beside = client.beside(leader);
      try {
        return await this.#readState(beside);
      } finally {
        await beside.close();
      }
    }
  }

  /** Another leader may be of another version. */
  #relearn(): void {
    this.#hasStream = true;
    this.#hasMaintenance = true;
  }

  async #read(form: AnswerForm, { address, body }: MesosStream): Promise<WholeAnswer> {
    const reader = new AnswerReader(form, this.#told, this.#maintained);
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += (chunk as Buffer).length;
        if (bytes > MOST_BYTES) throw new Error(`longer than ${MOST_BYTES} bytes`);
        reader.write(chunk as Buffer);
      }
      return reader.end();
    } catch (cause) {
      if (cause instanceof FollowerAnswered) throw cause;
      throw new MesosError('garbage', address, cause instanceof Error ? cause.message : String(cause));
    }
  }

  async #tellWhole({ changes, odd }: WholeAnswer, unreachable: number | undefined): Promise<void> {
    const { post } = this.#options;
    await this.#tell(changes);
    for (const { count, list, example } of odd) {
      const text = `${count} elements of ${list} are not as Mesos writes them, as ${JSON.stringify(example)}`;
      await post({ kind: 'odd', what: list, text });
    }
    await post({ kind: 'answered', unreachable });
  }

  async #tell(changes: readonly Change[]): Promise<void> {
    for (let from = 0; from < changes.length; from += MOST_CHANGES) {
      if (this.#end.signal.aborted) return;
      const more = from + MOST_CHANGES < changes.length;
      await this.#options.post({ kind: 'changes', changes: changes.slice(from, from + MOST_CHANGES), more });
    }
  }

  async #learnMaintenance(): Promise<void> {
    if (!this.#hasMaintenance) return;
    const { client, clock } = this.#options;
    const known = await readMaintenance(client, clock.wallMs() / 1000);
    this.#hasMaintenance = known !== undefined;
    this.#maintenanceOf = known ?? noMaintenance;
  }

  /** How many agents the leader says are unreachable; over v1 only its figures have that. */
  async #unreachable(): Promise<number | undefined> {
    try {
      const answer = await this.#options.client.call({ type: 'GET_METRICS', get_metrics: {} });
      for (const metric of listAt(answer, 'get_metrics', 'metrics'))
        if (textAt(metric, 'name') === 'master/slaves_unreachable') return numberAt(metric, 'value') ?? 0;
    } catch {
      // The agents themselves are told; which of those that went are only unreachable stays open.
    }
    return undefined;
  }

  readonly #maintained = (row: AgentRow): AgentRow => ({ ...row, maintenance: this.#maintenanceOf(row) });
}

function isWithout(error: unknown): boolean {
  return error instanceof MesosError && (error.fault === 'absent' || error.fault === 'refused');
}
