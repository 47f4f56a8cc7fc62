/**
 * How the embedded task store lies on the disk: LevelDB with the tasks by id, an index by the time of storing, and the
 * sums of both. Only embedded.ts uses it.
 */
import type { ClassicLevel } from 'classic-level';
import { parseHostName } from '../../shared/host-name.ts';
import { openLevelFolder } from '../../shared/level-folder.ts';
import type { StoredTask, TaskStoreStats } from './store.ts';

const TASK = 'task:';
/** `time:` and 15 digits of ms, `:`, the id; its value is the bytes of the task. The oldest comes first. */
const TIME = 'time:';
const AFTER_TIMES = 'time;';
const TIME_DIGITS = 15;
const SUMS = 'sums';

const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;
const BLOCK_CACHE_BYTES = 16 * 1024 * 1024;
const FILE_BYTES = 16 * 1024 * 1024;

/** An entry of the index. */
export interface Aged {
  readonly id: string;
  readonly storedAtMs: number;
  readonly bytes: number;
}

export class TaskFiles {
  readonly #level: ClassicLevel<string, string>;
  #sums: TaskStoreStats;

  /** What was found and done about it when it was opened. */
  readonly damage: string | undefined;

  private constructor(level: ClassicLevel<string, string>, sums: TaskStoreStats, damage: string | undefined) {
    this.#level = level;
    this.#sums = sums;
    this.damage = damage;
  }

  /** @throws what LevelDB throws */
  static async open(folder: string, nowMs: number): Promise<TaskFiles> {
    const open = { writeBufferSize: WRITE_BUFFER_BYTES, cacheSize: BLOCK_CACHE_BYTES, maxFileSize: FILE_BYTES };
    const { level, checked, damage } = await openLevelFolder({
      folder,
      nowMs,
      open,
      check: (found) => found.get(SUMS),
    });
    const [tasks = '0', bytes = '0'] = checked?.split(' ') ?? [];
    return new TaskFiles(level, { tasks: Number(tasks) || 0, bytes: Number(bytes) || 0 }, damage);
  }

  get sums(): TaskStoreStats {
    return this.#sums;
  }

  /** In the order of the ids; undefined where there is none. */
  async getMany(ids: readonly string[]): Promise<(StoredTask | undefined)[]> {
    const values = await this.#level.getMany(ids.map((id) => TASK + id));
    return values.map((value, at) => (value === undefined ? undefined : decode(ids[at] ?? '', value)));
  }

  /** One atomic batch, on the disk when it resolves. `replaced`: what lies under the same ids at present. */
  async put(tasks: readonly StoredTask[], replaced: readonly StoredTask[]): Promise<void> {
    const batch = this.#level.batch();
    let { tasks: count, bytes } = this.#sums;
    for (const task of replaced) {
      batch.del(timeKey(task));
      count--;
      bytes -= bytesOf(task.id, encode(task));
    }
    for (const task of tasks) {
      const value = encode(task);
      const size = bytesOf(task.id, value);
      batch.put(TASK + task.id, value);
      batch.put(timeKey(task), String(size));
      count++;
      bytes += size;
    }
    const sums = { tasks: count, bytes };
    batch.put(SUMS, sumsText(sums));
    await batch.write({ sync: true });
    this.#sums = sums;
  }

  /** The oldest, `most` of them, the oldest first. */
  async oldest(most: number): Promise<Aged[]> {
    const entries = await this.#level.iterator({ gte: TIME, lt: AFTER_TIMES, limit: most }).all();
    return entries.map(([key, bytes]) => ({
      id: key.slice(TIME.length + TIME_DIGITS + 1),
      storedAtMs: Number(key.slice(TIME.length, TIME.length + TIME_DIGITS)),
      bytes: Number(bytes),
    }));
  }

  /** Not forced to the disk: what comes back after a power cut is found again as the oldest. */
  async delete(aged: readonly Aged[]): Promise<void> {
    const batch = this.#level.batch();
    let { tasks, bytes } = this.#sums;
    for (const entry of aged) {
      batch.del(timeKey(entry));
      batch.del(TASK + entry.id);
      tasks--;
      bytes -= entry.bytes;
    }
    const sums = { tasks: Math.max(tasks, 0), bytes: Math.max(bytes, 0) };
    batch.put(SUMS, sumsText(sums));
    await batch.write();
    this.#sums = sums;
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}

function timeKey({ id, storedAtMs }: Pick<StoredTask, 'id' | 'storedAtMs'>): string {
  return `${TIME}${String(Math.max(Math.round(storedAtMs), 0)).padStart(TIME_DIGITS, '0')}:${id}`;
}

function sumsText({ tasks, bytes }: TaskStoreStats): string {
  return `${tasks} ${bytes}`;
}

/** Of both entries, with their keys. */
function bytesOf(id: string, value: string): number {
  return 2 * Buffer.byteLength(id) + TASK.length + TIME.length + TIME_DIGITS + Buffer.byteLength(value);
}

function encode({ host, storedAtMs, newestS, state }: StoredTask): string {
  return `${storedAtMs} ${newestS ?? '-'} ${host}\n${state}`;
}

/** undefined for what this file did not write: it is damaged, and as good as not there. */
function decode(id: string, value: string): StoredTask | undefined {
  const end = value.indexOf('\n');
  const [storedAt, newest, name = ''] = value.slice(0, Math.max(end, 0)).split(' ');
  const host = parseHostName(name);
  if (!host) return undefined;
  const newestS = newest === '-' ? undefined : Number(newest);
  return { id, host, storedAtMs: Number(storedAt), newestS, state: value.slice(end + 1) };
}
