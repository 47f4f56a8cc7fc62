/** So many places of keys that are gone the heap may hold beside one for each key. */
const SLACK = 64;

/**
 * Keys that fall due: a binary heap in which each key lies once. Moving a deadline later costs nothing until it
 * comes up, so a key refreshed a thousand times is touched in the heap once a ttl: work does not grow with the entries.
 */
export class Deadlines<K> {
  #heap: Queued<K>[] = [];
  readonly #dues = new Map<K, Due<K>>();

  /** Places held in memory; never more than about twice the keys. */
  get places(): number {
    return this.#heap.length;
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

  /** Moves every deadline for which `later` gives a greater value. Walks all keys: for rare events such as a stall. */
  postponeAll(later: (key: K, atMs: number) => number): void {
    for (const due of this.#dues.values()) due.atMs = Math.max(due.atMs, later(due.key, due.atMs));
  }

  /** Takes out and returns the keys due at `nowMs` or before, earliest first. */
  takeDue(nowMs: number): K[] {
    const keys: K[] = [];
    for (let top = this.#heap[0]; top && top.atMs <= nowMs; top = this.#heap[0]) {
      this.#pop();
      const { due } = top;
      if (due.deleted || due.queuedMs !== top.atMs) continue;
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

  /** Leaves behind the places of keys that were deleted or moved, once they are more than those that count. */
  #keepInProportion(): void {
    if (this.#heap.length <= 2 * this.#dues.size + SLACK) return;
    for (const due of this.#dues.values()) due.queuedMs = due.atMs;
    this.#heap = [...this.#dues.values()].map((due) => ({ due, atMs: due.atMs })).sort((a, b) => a.atMs - b.atMs);
  }

  /** Gives the deadline its place at `queuedMs`. */
  #push(due: Due<K>): void {
    const heap = this.#heap;
    const entry = { due, atMs: due.queuedMs };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (!parent || parent.atMs <= entry.atMs) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
    this.#keepInProportion();
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const a = heap[left];
      const b = heap[right];
      const [child, entry] = b && a && b.atMs < a.atMs ? [right, b] : [left, a];
      if (!entry || entry.atMs >= last.atMs) break;
      heap[at] = entry;
      at = child;
    }
    heap[at] = last;
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
interface Queued<K> {
  readonly due: Due<K>;
  readonly atMs: number;
}
