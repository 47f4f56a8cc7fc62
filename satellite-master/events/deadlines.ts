/** So many places of keys that are gone the heap may hold beside one for each key. */
const SLACK = 64;

/**
 * Keys that fall due: a binary heap in which each key lies once. Moving a deadline later costs nothing until it
 * comes up, so a key refreshed a thousand times is touched in the heap once a ttl: work does not grow with the entries.
 */
export class Deadlines<K> {
  #heap: { key: K; atMs: number }[] = [];
  /** The true deadline of each key; the heap may hold an earlier one. */
  readonly #due = new Map<K, number>();
  /** The place of a key in the heap that counts; others of it are passed over. */
  #queued = new Map<K, number>();

  /** Places held in memory; never more than about twice the keys. */
  get places(): number {
    return this.#heap.length;
  }

  get size(): number {
    return this.#due.size;
  }

  at(key: K): number | undefined {
    return this.#due.get(key);
  }

  set(key: K, atMs: number): void {
    this.#due.set(key, atMs);
    const queued = this.#queued.get(key);
    if (queued !== undefined && queued <= atMs) return;
    this.#queued.set(key, atMs);
    this.#push({ key, atMs });
    this.#keepInProportion();
  }

  delete(key: K): void {
    if (this.#due.delete(key)) this.#keepInProportion();
  }

  /** Moves every deadline for which `later` gives a greater value. Walks all keys: for rare events such as a stall. */
  postponeAll(later: (key: K, atMs: number) => number): void {
    for (const [key, atMs] of this.#due) this.#due.set(key, Math.max(atMs, later(key, atMs)));
  }

  /** Takes out and returns the keys due at `nowMs` or before, earliest first. */
  takeDue(nowMs: number): K[] {
    const due: K[] = [];
    for (let top = this.#heap[0]; top && top.atMs <= nowMs; top = this.#heap[0]) {
      this.#pop();
      if (this.#queued.get(top.key) !== top.atMs) continue;
      this.#queued.delete(top.key);
      const trueMs = this.#due.get(top.key);
      if (trueMs === undefined) continue;
      if (trueMs > top.atMs) {
        this.set(top.key, trueMs);
        continue;
      }
      this.#due.delete(top.key);
      due.push(top.key);
    }
    return due;
  }

  /** Leaves behind the places of keys that were deleted or moved, once they are more than those that count. */
  #keepInProportion(): void {
    if (this.#heap.length <= 2 * this.#due.size + SLACK) return;
    this.#heap = [...this.#due].map(([key, atMs]) => ({ key, atMs })).sort((a, b) => a.atMs - b.atMs);
    this.#queued = new Map(this.#due);
  }

  #push(entry: { key: K; atMs: number }): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (!parent || parent.atMs <= entry.atMs) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
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
