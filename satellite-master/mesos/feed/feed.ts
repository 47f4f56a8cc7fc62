/**
 * Reads the cluster from Mesos and sends the differences: over the v1 event stream, with the agents polled beside it, or
 * by polling the state where a master has no such stream for these credentials. Runs in a thread of its own.
 */

import { Backoff } from '../../../shared/backoff.ts';
import { type Clock, sleep } from '../../../shared/clock.ts';
import { abortReason, timeoutSignal } from '../../../shared/deadline.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { MesosClient, MesosStream } from '../../../shared/mesos/index.ts';
import { listAt, MesosError, numberAt, textAt } from '../../../shared/mesos/index.ts';
import type { AgentRow, Change, ClusterMessage } from '../cluster/index.ts';
import { subscribe } from './event-stream.ts';
import { type MaintenanceOf, noMaintenance, readMaintenance } from './maintenance-windows.ts';
import {
  ClusterDigests,
  FollowerAnswered,
  GET_AGENTS,
  GET_FRAMEWORKS,
  type Snapshot,
  type SnapshotForm,
  SnapshotReader,
  STATE,
} from './snapshot-reader.ts';

export interface FeedOptions {
  readonly client: MesosClient;
  /** `sleep-time`. */
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  /** For the whole of an answer; default 5 minutes. */
  readonly answerTimeoutMs?: number;
  /** Resolves when the message is applied; nothing more is sent before. */
  readonly post: (message: ClusterMessage) => Promise<void>;
}

/** In one message: applying them takes the main thread a few milliseconds. */
const MAX_CHANGES = 250;
/** For the whole of a state of a hundred megabytes from a master that is busy. */
const STATE_WITHIN_MS = 300_000;
const MAX_BYTES = 512 * 1024 * 1024;
const RETRY = { firstMs: 500, maxMs: 30_000 } as const;

export class Feed {
  readonly #options: FeedOptions;
  readonly #timeoutMs: number;
  readonly #digests = new ClusterDigests();
  readonly #end = new AbortController();
  readonly #backoff = new Backoff(RETRY);
  #maintenanceOf: MaintenanceOf = noMaintenance;
  /** What this leader offers; false where its version or these credentials do not allow it. */
  #hasStream = true;
  #hasMaintenance = true;
  /** Of the master whose state was read last. */
  #masterId: string | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#timeoutMs = options.answerTimeoutMs ?? STATE_WITHIN_MS;
  }

  /** Runs until it is stopped; a fault is reported and tried again. */
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
        if (this.#hasStream && isUnsupported(error)) {
          this.#hasStream = false;
          continue;
        }
        await post({ kind: 'failed', reason: messageOf(error) });
        waitMs = Math.min(pollMs, this.#backoff.next());
        this.#forgetVersion();
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
    await this.#readMaintenance();
    const ended = new AbortController();
    let polling: Promise<void> | undefined;
    try {
      await subscribe(
        {
          client,
          clock,
          digests: this.#digests,
          withMaintenance: this.#withMaintenance,
          onSnapshot: async (answer) => {
            this.#backoff.reset();
            await this.#sendSnapshot(answer, await this.#unreachable());
            polling = this.#pollBeside(ended.signal);
          },
          onChanges: (changes) => this.#send(changes),
        },
        this.#end.signal,
      );
    } finally {
      ended.abort();
      await polling;
    }
  }

  /** What the stream has no events for: drain, deactivation, unreachable agents, maintenance, resources in use. */
  async #pollBeside(ended: AbortSignal): Promise<void> {
    const { clock, pollIntervalMs, client, post } = this.#options;
    for (;;) {
      await sleep(clock, pollIntervalMs, ended);
      if (ended.aborted) return;
      try {
        await this.#readMaintenance();
        const within = AbortSignal.any([ended, timeoutSignal(this.#timeoutMs)]);
        const frameworks = await client.openCall({ type: 'GET_FRAMEWORKS' }, within);
        const { changes } = await this.#read(GET_FRAMEWORKS, frameworks, within);
        await this.#send(changes);
        const agents = await this.#read(GET_AGENTS, await client.openCall({ type: 'GET_AGENTS' }, within), within);
        await this.#sendSnapshot(agents, await this.#unreachable());
      } catch (error) {
        if (!ended.aborted) await post({ kind: 'failed', reason: messageOf(error) });
      }
    }
  }

  async #pollState(): Promise<void> {
    await this.#readMaintenance();
    const answer = await this.#readState(this.#options.client);
    await this.#sendSnapshot(answer, answer.unreachable);
    const masterId = textAt(answer.rest, 'id');
    if (this.#masterId !== undefined && masterId !== this.#masterId) this.#forgetVersion();
    this.#masterId = masterId;
  }

  /** Before 1.0 a follower answers with its own empty state instead of a redirect: then the leader is asked. */
  async #readState(client: MesosClient): Promise<Snapshot> {
    const within = AbortSignal.any([this.#end.signal, timeoutSignal(this.#timeoutMs)]);
    try {
      return await this.#read(STATE, await client.openState(within), within);
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

  /** Another leader may have another version. */
  #forgetVersion(): void {
    this.#hasStream = true;
    this.#hasMaintenance = true;
  }

  /** @param within ends the reading of the body */
  async #read(form: SnapshotForm, { address, body }: MesosStream, within: AbortSignal): Promise<Snapshot> {
    const reader = new SnapshotReader(form, this.#digests, this.#withMaintenance);
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += (chunk as Buffer).length;
        if (bytes > MAX_BYTES) throw new Error(`longer than ${MAX_BYTES} bytes`);
        reader.write(chunk as Buffer);
      }
      return reader.end();
    } catch (cause) {
      if (cause instanceof FollowerAnswered) throw cause;
      if (within.aborted) throw new MesosError('unreachable', address, abortReason(within).message);
      if (isBroken(cause)) throw new MesosError('unreachable', address, 'the answer broke off');
      throw new MesosError('garbage', address, messageOf(cause));
    }
  }

  async #sendSnapshot({ changes, odd }: Snapshot, unreachable: number | undefined): Promise<void> {
    const { post } = this.#options;
    await this.#send(changes);
    for (const { count, list, example } of odd) {
      const text = `${count} elements of ${list} have an unexpected form, for example ${JSON.stringify(example)}`;
      await post({ kind: 'odd', what: list, text });
    }
    await post({ kind: 'answered', unreachable });
  }

  async #send(changes: readonly Change[]): Promise<void> {
    for (let from = 0; from < changes.length; from += MAX_CHANGES) {
      if (this.#end.signal.aborted) return;
      const more = from + MAX_CHANGES < changes.length;
      await this.#options.post({ kind: 'changes', changes: changes.slice(from, from + MAX_CHANGES), more });
    }
  }

  async #readMaintenance(): Promise<void> {
    if (!this.#hasMaintenance) return;
    const { client, clock } = this.#options;
    const known = await readMaintenance(client, clock.wallMs() / 1000);
    this.#hasMaintenance = known !== undefined;
    this.#maintenanceOf = known ?? noMaintenance;
  }

  /** How many agents the leader counts as unreachable; in the v1 API only its metrics say so. */
  async #unreachable(): Promise<number | undefined> {
    try {
      const answer = await this.#options.client.call({ type: 'GET_METRICS', get_metrics: {} });
      for (const metric of listAt(answer, 'get_metrics', 'metrics'))
        if (textAt(metric, 'name') === 'master/slaves_unreachable') return numberAt(metric, 'value') ?? 0;
    } catch {
      // The agents themselves are known; which of the missing ones are only unreachable stays open.
    }
    return undefined;
  }

  readonly #withMaintenance = (row: AgentRow): AgentRow => ({ ...row, maintenance: this.#maintenanceOf(row) });
}

function isUnsupported(error: unknown): boolean {
  return error instanceof MesosError && (error.fault === 'absent' || error.fault === 'refused');
}

/** The connection ended in the middle of the body. */
function isBroken(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET';
}
