import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { Backoff } from '../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { isLocked } from '../whitelist/store/index.ts';
import { type Aged, TaskFiles } from './files.ts';
import { isOlder, type StoredTask, type TaskMetadata, type TaskStore, type TaskStoreStats } from './store.ts';
import { WaitingPuts } from './waiting-puts.ts';

export interface EmbeddedTaskStoreOptions {
  readonly dataDir: string;
  readonly keepMs: number;
  /** Of tasks with their keys; the files on the disk lag behind by what LevelDB has not compacted yet. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tasks that go to the disk with one fsync. */
const MAX_AT_ONCE = 5_000;
/** Bytes of state that may wait for the disk. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Tasks that one step of pruning takes away. */
const PRUNE_STEP = 1_000;
const PRUNE_EVERY_MS = 60_000;
const CACHED_TASKS = 5_000;
const CACHED_BYTES = 16 * 1024 * 1024;

/** Keeps tasks in `<data-dir>/tasks`, one writer at a time; of requests that come together all go with one fsync. */
export class EmbeddedTaskStore implements TaskStore {
  readonly address: string;
  readonly #options: EmbeddedTaskStoreOptions;
  readonly #folder: string;
  readonly #once: OnceLog;
  readonly #backoff = new Backoff({ firstMs: 200, maxMs: 5_000 });
  readonly #cache = new LRUCache<string, StoredTask>({
    max: CACHED_TASKS,
    maxSize: CACHED_BYTES,
    sizeCalculation: ({ state }) => state.length + 1,
  });
  #files: TaskFiles | undefined;
  #fault: string | undefined = 'not open yet';
  readonly #waiting = new WaitingPuts(MAX_WAITING_BYTES);
  #working: Promise<void> = Promise.resolve();
  #busy = false;
  #pruneDue = false;
  #closing = false;
  #pruning: Timer | undefined;
  #retry: Timer | undefined;

  constructor(options: EmbeddedTaskStoreOptions) {
    this.#options = options;
    this.#folder = join(options.dataDir, 'tasks');
    this.address = `task store in ${this.#folder}`;
    this.#once = new OnceLog(options.log, options.clock);
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  start(): void {
    void this.#work(() => this.#open());
    this.#pruning = this.#options.clock.every(PRUNE_EVERY_MS, () => {
      this.#pruneDue = true;
      this.#step();
    });
  }

  async put(tasks: readonly TaskMetadata[]): Promise<void> {
    if (this.#fault !== undefined) throw this.#unavailable(this.#fault);
    const done = this.#waiting.add(tasks);
    this.#step();
    await done;
  }

  async get(id: string): Promise<StoredTask | undefined> {
    const task = this.#cache.get(id) ?? (await this.#read(id));
    if (!task || this.#isTooOld(task)) return undefined;
    return task;
  }

  stats(): TaskStoreStats | undefined {
    return this.#files?.sums;
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    this.#pruning?.cancel();
    this.#retry?.cancel();
    const done = new AbortController();
    const closed = this.#work(async () => {
      await this.#files?.close();
      this.#files = undefined;
      this.#fault = 'it is closed';
    }).finally(() => done.abort());
    await Promise.race([closed, sleep(this.#options.clock, deadlineMs, done.signal)]);
  }

  async #read(id: string): Promise<StoredTask | undefined> {
    const files = this.#files;
    if (!files) throw this.#unavailable(this.#fault ?? 'it is closed');
    let task: StoredTask | undefined;
    try {
      [task] = await files.getMany([id]);
    } catch (error) {
      throw this.#unavailable(`reading failed: ${messageOf(error)}`, error);
    }
    // A newer one may have been written while this one was read.
    const newer = this.#cache.get(id);
    if (newer) return newer;
    if (task) this.#cache.set(id, task);
    return task;
  }

  /** One after the other. */
  #work(task: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(task, task);
    return this.#working;
  }

  #step(): void {
    if (this.#busy) return;
    this.#busy = true;
    void this.#work(async () => {
      await this.#writeWaiting();
      await this.#prune();
      this.#busy = false;
      // Without files, what is due waits until they are open.
      const more = this.#waiting.size > 0 || (this.#pruneDue && this.#files !== undefined);
      if (more) this.#step();
    });
  }

  async #writeWaiting(): Promise<void> {
    const batch = this.#waiting.take(MAX_AT_ONCE);
    if (batch.length === 0) return;
    try {
      await this.#write(batch.flatMap(({ tasks }) => tasks));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async #write(arrived: readonly TaskMetadata[]): Promise<void> {
    const files = this.#files;
    if (!files) throw this.#unavailable(this.#fault ?? 'it is closed');
    const storedAtMs = this.#options.clock.wallMs();
    try {
      const ids = [...new Set(arrived.map(({ id }) => id))];
      const old = new Map<string, StoredTask>();
      for (const task of await files.getMany(ids)) if (task) old.set(task.id, task);
      const kept = new Map<string, StoredTask>();
      for (const task of arrived) {
        const known = kept.get(task.id) ?? old.get(task.id);
        if (!known || !isOlder(task, known)) kept.set(task.id, { ...task, storedAtMs });
      }
      if (kept.size === 0) return;
      await files.put(
        [...kept.values()],
        [...kept.keys()].flatMap((id) => old.get(id) ?? []),
      );
      for (const [id, task] of kept) this.#cache.set(id, task);
    } catch (error) {
      throw await this.#broken(`writing to ${this.#folder} failed`, error);
    }
  }

  /** The oldest go: those past their age, and as many as are over the bytes; a bounded step at a time. */
  async #prune(): Promise<void> {
    const files = this.#files;
    const over = files ? files.sums.bytes - this.#options.maxBytes : 0;
    if (!files || (over <= 0 && !this.#pruneDue)) return;
    try {
      const gone = this.#goners(await files.oldest(PRUNE_STEP), over);
      if (gone.length > 0) await files.delete(gone);
      for (const { id } of gone) this.#cache.delete(id);
      this.#pruneDue = gone.length === PRUNE_STEP;
    } catch (error) {
      await this.#broken(`pruning ${this.#folder} failed`, error);
    }
  }

  #goners(oldest: readonly Aged[], over: number): Aged[] {
    let left = over;
    const end = oldest.findIndex((entry) => {
      if (left <= 0 && !this.#isTooOld(entry)) return true;
      left -= entry.bytes;
      return false;
    });
    return oldest.slice(0, end === -1 ? oldest.length : end);
  }

  #isTooOld({ storedAtMs }: Pick<StoredTask, 'storedAtMs'>): boolean {
    return storedAtMs + this.#options.keepMs <= this.#options.clock.wallMs();
  }

  /** Never throws; when it fails another try is planned. */
  async #open(): Promise<void> {
    if (this.#closing) return;
    try {
      this.#files = await TaskFiles.open(this.#folder, this.#options.clock.wallMs());
      const { damage } = this.#files;
      if (damage !== undefined) this.#once.warn('damage', 'the task store is damaged', { err: damage });
      this.#fault = undefined;
      this.#backoff.reset();
      this.#once.recovered('open', 'the task store is open again', { store: this.address });
      this.#pruneDue = true;
      this.#step();
    } catch (error) {
      this.#fault = isLocked(error) ? 'another process uses it' : `it cannot be opened: ${messageOf(error)}`;
      this.#once.warn('open', 'the task store can not be opened, trying again', {
        store: this.address,
        err: this.#fault,
      });
      this.#retry = this.#options.clock.after(this.#backoff.next(), () => void this.#work(() => this.#open()));
    }
  }

  /** After a failed write LevelDB accepts no more until it is opened again; whether that write was stored is unknown. */
  async #broken(what: string, error: unknown): Promise<SatelliteError> {
    this.#fault = `${what}: ${messageOf(error)}`;
    this.#once.warn('open', 'the task store failed and is opened again', { store: this.address, err: this.#fault });
    const files = this.#files;
    this.#files = undefined;
    this.#cache.clear();
    await files?.close().catch(() => undefined);
    this.#retry = this.#options.clock.after(this.#backoff.next(), () => void this.#work(() => this.#open()));
    return this.#unavailable(this.#fault, error);
  }

  #unavailable(why: string, cause?: unknown): SatelliteError {
    return new SatelliteError(
      'store-unavailable',
      `the ${this.address}: ${why}`,
      {},
      cause === undefined ? {} : { cause },
    );
  }
}
