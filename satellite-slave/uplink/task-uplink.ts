import { LRUCache } from 'lru-cache';
import { LatestQueue } from '../../shared/latest-queue.ts';
import { Sender } from '../../shared/sending/index.ts';
import { cutToLength } from '../../shared/text.ts';
import { type HttpMaster, HttpTransport, MAX_ITEMS_BYTES } from './http-transport.ts';
import type { UplinkOptions } from './uplink.ts';

/** A task's metadata on its way to the masters. */
export interface TaskMetadata {
  /** The task's id. */
  readonly id: string;
  /** Of all that is sent of it. */
  readonly digest: string;
  /** `{"id", "state"}` as it goes into the body. */
  readonly json: string;
}

/** Tasks in one request (docs/rest.md, `POST /tasks`). */
const MAX_TASKS = 1_000;
/** Digests that are remembered. */
const MAX_DIGESTS = 16_384;
/** What may wait for a master that does not answer; the texts are shared by all masters. */
const MAX_WAITING = 16_384;
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/**
 * A task that Mesos still knows is sent again after about this long although nothing changed: a master that lost its
 * store gets it back, and one that keeps tasks for some days does not forget one that still runs. The time varies by
 * a quarter, so that 40,000 slaves that started together do not send together.
 */
const SEND_AGAIN_MS = 6 * 3_600_000;
const SPREAD = 0.25;

/** Sends task metadata to one master, and remembers which of it the master has stored, by digest. */
export class TaskUplink {
  readonly #queue = new LatestQueue<TaskMetadata>({
    keyOf: ({ id }) => id,
    jsonOf: ({ json }) => json,
    maxItems: MAX_WAITING,
    maxBytes: MAX_WAITING_BYTES,
    bytesOf: ({ id, digest, json }) => id.length + digest.length + json.length,
  });
  readonly #known: LRUCache<string, { readonly digest: string; readonly stored: boolean }>;
  readonly #sender: Sender<TaskMetadata>;
  readonly #random: () => number;
  readonly #listeners = new Set<() => void>();

  constructor(master: HttpMaster, options: UplinkOptions) {
    this.#random = options.random ?? Math.random;
    this.#known = new LRUCache({ max: MAX_DIGESTS, ttl: SEND_AGAIN_MS, perf: { now: () => options.clock.monoMs() } });
    this.#sender = new Sender<TaskMetadata>({
      ...options,
      transport: new HttpTransport(master, '/tasks', 'tasks'),
      queue: this.#queue,
      what: 'task metadata',
      fieldsOf: ({ id }) => ({ task: cutToLength(id, 100) }),
      maxItems: MAX_TASKS,
      maxBytes: MAX_ITEMS_BYTES,
      onAccepted: (tasks) => this.#settled(tasks, true),
      onRefused: (tasks) => this.#settled(tasks, false),
    });
  }

  /** Why the last try failed; undefined where it did not. */
  get fault(): string | undefined {
    return this.#sender.fault;
  }

  /** Tasks whose newest metadata has not reached the master. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** What the master has answered to exactly this: `stored`, `refused` for good, or nothing yet. */
  status({ id, digest }: Pick<TaskMetadata, 'id' | 'digest'>): 'stored' | 'refused' | 'open' {
    const known = this.#known.get(id);
    if (known?.digest !== digest) return 'open';
    return known.stored ? 'stored' : 'refused';
  }

  /** Whether exactly this is queued already. */
  isQueued({ id, digest }: Pick<TaskMetadata, 'id' | 'digest'>): boolean {
    return this.#queue.get(id)?.digest === digest;
  }

  send(tasks: readonly TaskMetadata[]): void {
    this.#sender.send(tasks);
  }

  /** Calls whenever the master has accepted or refused some. @returns how to unsubscribe */
  onSettled(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As {@link Sender.flush}. */
  flush(withinMs: number): Promise<boolean> {
    return this.#sender.flush(withinMs);
  }

  close(): Promise<void> {
    return this.#sender.close();
  }

  #settled(tasks: readonly TaskMetadata[], stored: boolean): void {
    if (tasks.length === 0) return;
    for (const { id, digest } of tasks) {
      const ttl = SEND_AGAIN_MS * (1 - SPREAD + 2 * SPREAD * this.#random());
      this.#known.set(id, { digest, stored }, { ttl });
    }
    for (const listener of [...this.#listeners]) listener();
  }
}
