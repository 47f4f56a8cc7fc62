/** So many items one stream keeps back at most; beyond it the oldest go. */
export const MAX_KEPT = 10_000;

/** Items kept back until they may go on, the newest MAX_KEPT of them. */
export class Buffer<T> {
  #items: T[] = [];
  #dropped = 0;

  get size(): number {
    return this.#items.length - this.#dropped;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.size <= MAX_KEPT) return;
    this.#dropped++;
    if (this.#dropped < MAX_KEPT) return;
    this.#items = this.#items.slice(this.#dropped);
    this.#dropped = 0;
  }

  /** Hands out all, oldest first, and is empty. */
  take(): T[] {
    const items = this.#dropped > 0 ? this.#items.slice(this.#dropped) : this.#items;
    this.#items = [];
    this.#dropped = 0;
    return items;
  }
}
