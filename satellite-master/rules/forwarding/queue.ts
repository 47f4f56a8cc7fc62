import { type Batch, LatestQueue } from '../../../shared/latest-queue.ts';
import type { RiemannEvent } from '../../../shared/riemann/index.ts';

/** Events, or hosts and services, that may wait for one address. */
export const MAX_WAITING = 10_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** An event on its way; two of them may be the same event, forwarded by two streams. */
export interface Parcel {
  readonly event: RiemannEvent;
  readonly number: number;
}

/**
 * What waits for one address. While the other side keeps up, each event goes out in its order; what could not be
 * delivered, or is too much, is folded: then the newest of each host and service waits.
 */
export class ForwardQueue {
  readonly #inOrder: LatestQueue<Parcel>;
  readonly #newest: LatestQueue<Parcel>;
  readonly #most: number;
  readonly #overflow: (events: number) => void;
  #reported = 0;

  /** @param overflow so many had to be given up */
  constructor(overflow: (events: number) => void, most = MAX_WAITING) {
    const common = { jsonOf: ({ event }: Parcel) => JSON.stringify(event), bytesOf };
    this.#inOrder = new LatestQueue({
      ...common,
      keyOf: ({ number }) => String(number),
      maxItems: Number.POSITIVE_INFINITY,
    });
    this.#newest = new LatestQueue({ ...common, keyOf: keyOf, maxItems: most, maxBytes: MAX_BYTES });
    this.#overflow = overflow;
    this.#most = most;
  }

  get size(): number {
    return this.#inOrder.size + this.#newest.size;
  }

  add(parcels: readonly Parcel[]): void {
    this.#inOrder.add(parcels);
    const isTooMuch = this.#inOrder.size > this.#most || this.#inOrder.bytes > MAX_BYTES;
    if (isTooMuch || this.#newest.size > 0) this.#fold();
  }

  /** What could not be delivered waits again, save where a newer one has come meanwhile. */
  putBack(parcels: readonly Parcel[]): void {
    this.#newest.putBack(parcels.toReversed());
    this.#fold();
  }

  take(most: number, maxBytes: number): Batch<Parcel> {
    return (this.#newest.size > 0 ? this.#newest : this.#inOrder).take(most, maxBytes);
  }

  /** Takes all out. @returns how many that were */
  clear(): number {
    return this.#newest.takeAll().length + this.#inOrder.takeAll().length;
  }

  #fold(): void {
    this.#newest.add(this.#inOrder.takeAll());
    const more = this.#newest.dropped - this.#reported;
    this.#reported += more;
    if (more > 0) this.#overflow(more);
  }
}

function keyOf({ event: { host = '', service = '' } }: Parcel): string {
  return `${host}\n${service}`;
}

/** About what it keeps in memory. */
function bytesOf({ event: { description, attributes } }: Parcel): number {
  const texts = attributes ? Object.entries(attributes).flat() : [];
  return texts.reduce((sum, text) => sum + text.length, 500 + (description?.length ?? 0));
}
