import { LRUCache } from 'lru-cache';
import type { HostName } from '../../shared/host-name.ts';
import { Newest } from '../../shared/latest-queue.ts';
import { cutToLength } from '../../shared/text.ts';
import { Delivery, type DeliveryOptions } from './delivery.ts';

/** A task's metadata on its way to the masters. */
export interface TaskMetadata {
  /** The task's id. */
  readonly id: string;
  /** Of all that is told of it. */
  readonly digest: string;
  /** `{"id", "state"}` as it goes into the body. */
  readonly json: string;
}

/** What one request may hold (docs/rest.md, "Task metadata"). */
export const MOST_TASKS = 1_000;
/** Digests that are remembered. */
const MOST_DIGESTS = 16_384;
/** What may wait for a master that is away; the texts are shared by all masters. */
const MOST_WAITING = 16_384;
const MOST_WAITING_BYTES = 8 * 1024 * 1024;
/**
 * After about so long a task that Mesos still knows is told again although nothing changed: a master that lost its
 * store gets it back, and one that keeps for some days does not forget what is still running. The time is spread by a
 * quarter, so that 40,000 slaves which started together do not come together.
 */
const TELL_AGAIN_MS = 6 * 3_600_000;
const SPREAD = 0.25;

/** The way of task metadata to one master, which remembers what the master has: a digest counts once it was taken. */
export class TaskUplink {
  readonly #waiting = new Newest<TaskMetadata>({
    keyOf: ({ id }) => id,
    jsonOf: ({ json }) => json,
    most: MOST_WAITING,
    mostBytes: MOST_WAITING_BYTES,
    bytesOf: ({ id, digest, json }) => id.length + digest.length + json.length,
  });
  readonly #known: LRUCache<string, { readonly digest: string; readonly stored: boolean }>;
  readonly #delivery: Delivery<TaskMetadata>;
  readonly #random: () => number;
  readonly #listeners = new Set<() => void>();

  constructor(options: DeliveryOptions) {
    this.#random = options.random ?? Math.random;
    this.#known = new LRUCache({ max: MOST_DIGESTS, ttl: TELL_AGAIN_MS, perf: { now: () => options.clock.monoMs() } });
    this.#delivery = new Delivery<TaskMetadata>(options, {
      path: '/tasks',
      key: 'tasks',
      words: {
        many: 'task metadata',
        cannot: 'cannot send task metadata to',
        waits: 'the newest of each task waits',
      },
      nameOf: ({ id }) => `metadata of the task ${JSON.stringify(cutToLength(id, 100))}`,
      waiting: this.#waiting,
      most: MOST_TASKS,
      taken: (tasks) => this.#settled(tasks, true),
      refused: (tasks) => this.#settled(tasks, false),
    });
  }

  /** Why the last try was in vain; undefined where it was not. */
  get fault(): string | undefined {
    return this.#delivery.fault;
  }

  /** Tasks whose newest metadata has not reached the master. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** What the master has said of exactly this: `stored`, `refused` for good, or nothing yet. */
  standing({ id, digest }: Pick<TaskMetadata, 'id' | 'digest'>): 'stored' | 'refused' | 'open' {
    const known = this.#known.get(id);
    if (known?.digest !== digest) return 'open';
    return known.stored ? 'stored' : 'refused';
  }

  /** Whether exactly this waits for the master already. */
  waits({ id, digest }: Pick<TaskMetadata, 'id' | 'digest'>): boolean {
    return this.#waiting.get(id)?.digest === digest;
  }

  send(host: HostName, tasks: readonly TaskMetadata[]): void {
    this.#delivery.send(host, tasks);
  }

  /** Calls whenever the master has decided on some. @returns how to stop it */
  onSettled(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As {@link Delivery.flush}. */
  flush(withinMs: number): Promise<boolean> {
    return this.#delivery.flush(withinMs);
  }

  close(): Promise<void> {
    return this.#delivery.close();
  }

  #settled(tasks: readonly TaskMetadata[], stored: boolean): void {
    if (tasks.length === 0) return;
    for (const { id, digest } of tasks) {
      const ttl = TELL_AGAIN_MS * (1 - SPREAD + 2 * SPREAD * this.#random());
      this.#known.set(id, { digest, stored }, { ttl });
    }
    for (const tell of [...this.#listeners]) tell();
  }
}
