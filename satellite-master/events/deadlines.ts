import { Heap } from '../../shared/heap.ts';

/** Places of keys that are gone or moved that the heap may hold beside one for each key. */
const SLACK = 64;

/**
 * Keys that fall due, the earliest first. Moving a deadline later costs nothing until it comes up, so a key that is
 * refreshed a thousand times is touched in the heap once a ttl: work does not grow with the entries.
 */
export class Deadlines<K> {
  readonly #heap = new Heap<Place<K>>((a, b) => a.atMs < b.atMs);
  readonly #dues = new Map<K, Due<K>>();

  /** Places held in memory; never more than about twice the keys. */
  get places(): number {
    return this.#heap.size;
  }

  get size(): number {
    return this.#dues.size;
  }

  at(key: K): number | undefined {
    return this.#dues.get(key)?.atMs;
  }

  set(key: K, atMs: number): void {
    const due = this.#dues.get(key);
    if (!due) {
      const fresh = { key, atMs, queuedMs: atMs, deleted: false };
      this.#dues.set(key, fresh);
      this.#push(fresh);
      return;
    }
    due.atMs = atMs;
    if (due.queuedMs <= atMs) return;
    due.queuedMs = atMs;
    this.#push(due);
  }

  delete(key: K): void {
    const due = this.#dues.get(key);
    if (!due) return;
    due.deleted = true;
    this.#dues.delete(key);
    this.#keepInProportion();
  }

  /** Removes and returns the keys that are due at `nowMs` or before, earliest first. */
  popDue(nowMs: number): K[] {
    const keys: K[] = [];
    for (let top = this.#heap.top; top && top.atMs <= nowMs; top = this.#heap.top) {
      this.#heap.pop();
      if (!counts(top)) continue;
      const { due } = top;
      if (due.atMs > top.atMs) {
        due.queuedMs = due.atMs;
        this.#push(due);
        continue;
      }
      due.deleted = true;
      this.#dues.delete(due.key);
      keys.push(due.key);
    }
    return keys;
  }

  /** Drops the places of keys that were deleted or moved, once they are more than those that count. */
  #keepInProportion(): void {
    if (this.#heap.size > 2 * this.#dues.size + SLACK) this.#heap.keepOnly(counts);
  }

  /** Gives the deadline its place at `queuedMs`. */
  #push(due: Due<K>): void {
    this.#heap.push({ due, atMs: due.queuedMs });
    this.#keepInProportion();
  }
}

/** One key's deadline. */
interface Due<K> {
  readonly key: K;
  atMs: number;
  /** The place in the heap that counts, at `atMs` or before; others are passed over. */
  queuedMs: number;
  deleted: boolean;
}

/** A place in the heap. */
interface Place<K> {
  readonly due: Due<K>;
  readonly atMs: number;
}

function counts<K>({ due, atMs }: Place<K>): boolean {
  return !due.deleted && due.queuedMs === atMs;
}
