/** What one request may carry: some items, and their text as a JSON array. */
export interface Batch<T> {
  readonly items: readonly T[];
  readonly json: string;
}

export interface LatestQueueOptions<T> {
  /** What a newer item replaces an older one of. */
  readonly keyOf: (item: T) => string;
  /** The item as JSON, as it goes into the body. */
  readonly jsonOf: (item: T) => string;
  /** Items that may wait. */
  readonly maxItems: number;
  /** Bytes that may wait, by `bytesOf`; default: not counted. */
  readonly maxBytes?: number;
  readonly bytesOf?: (item: T) => number;
}

/**
 * The newest item of each key, in the order in which the keys came up. Bounded by count and by bytes: of more the one
 * that has waited longest is given up.
 */
export class LatestQueue<T> {
  readonly #options: LatestQueueOptions<T>;
  readonly #items = new Map<string, T>();
  #bytes = 0;
  #dropped = 0;

  constructor(options: LatestQueueOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#items.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Items that had to be given up, ever. */
  get dropped(): number {
    return this.#dropped;
  }

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  /** A newer item takes the place of the older one of its key. */
  add(items: readonly T[]): void {
    for (const item of items) this.#set(this.#options.keyOf(item), item);
    this.#trim();
  }

  /** Items that could not be delivered wait again, save where a newer one has come meanwhile. */
  putBack(items: readonly T[]): void {
    for (const item of items) {
      const key = this.#options.keyOf(item);
      if (!this.#items.has(key)) this.#set(key, item);
    }
    this.#trim();
  }

  /** Takes out the first items, as many as fit `maxItems` and `maxBytes`; always at least one if any waits. */
  take(maxItems: number, maxBytes: number): Batch<T> {
    const items: T[] = [];
    const texts: string[] = [];
    let bytes = 2;
    for (const item of this.#items.values()) {
      if (items.length >= maxItems) break;
      const text = this.#options.jsonOf(item);
      bytes += Buffer.byteLength(text) + 1;
      if (bytes > maxBytes && items.length > 0) break;
      items.push(item);
      texts.push(text);
    }
    for (const item of items) this.#delete(this.#options.keyOf(item));
    return { items, json: `[${texts.join(',')}]` };
  }

  /** Takes out all there are, in their order. */
  takeAll(): readonly T[] {
    const items = [...this.#items.values()];
    this.#items.clear();
    this.#bytes = 0;
    return items;
  }

  #set(key: string, item: T): void {
    const old = this.#items.get(key);
    if (old !== undefined) this.#bytes -= this.#bytesOf(old);
    this.#bytes += this.#bytesOf(item);
    this.#items.set(key, item);
  }

  #delete(key: string): void {
    const old = this.#items.get(key);
    if (old !== undefined) this.#bytes -= this.#bytesOf(old);
    this.#items.delete(key);
  }

  #bytesOf(item: T): number {
    return this.#options.bytesOf?.(item) ?? 0;
  }

  #trim(): void {
    const { maxItems, maxBytes = Number.POSITIVE_INFINITY } = this.#options;
    for (const key of this.#items.keys()) {
      if (this.#items.size <= maxItems && this.#bytes <= maxBytes) return;
      this.#delete(key);
      this.#dropped++;
    }
  }
}
