import { MAX_KEPT } from './buffer.ts';

/** Items first in, first out, the newest MAX_KEPT of them (or `most`); both ends cost the same however long it is. */
export class Queue<T> {
  readonly #most: number;
  #items: T[] = [];
  #gone = 0;

  constructor(most = MAX_KEPT) {
    this.#most = most;
  }

  get size(): number {
    return this.#items.length - this.#gone;
  }

  get oldest(): T | undefined {
    return this.#items[this.#gone];
  }

  get newest(): T | undefined {
    return this.#items.at(-1);
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.size > this.#most) this.dropOldest();
  }

  dropOldest(): void {
    this.#gone++;
    // What is gone is cut off only when it is half of all: so each item is moved once on average.
    if (this.#gone * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#gone);
    this.#gone = 0;
  }

  replace(items: T[]): void {
    this.#items = items;
    this.#gone = 0;
  }

  /** A list of its own, oldest first, that later changes leave alone. */
  list(): T[] {
    return this.#items.slice(this.#gone);
  }
}
