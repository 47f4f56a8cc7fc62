import { requireCount, requireFunction } from './argument.ts';
import { expire, type Field, isExpired, reader } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/**
 * Two views of the same hosts and services: those with the `count` greatest values in `above`, all others in `below`.
 * Each event goes to the one where it belongs and as expired to the other; one that is pushed out changes sides if
 * there is a `below`. Expired events go to both. It holds `count` events.
 * @example top(10, 'metric', tag('top', index()), index())
 */
export function top(context: StreamContext) {
  return (
    count: number,
    field: Field,
    above: Stream<StreamEvent>,
    below?: Stream<StreamEvent>,
    demote: boolean = below !== undefined,
  ): Stream<StreamEvent> => {
    requireCount('top', count);
    requireFunction('top', 'the stream of the greatest', above);
    const [isOver, expired] = [isExpired(context), expire(context)];
    const greatest = new Greatest(count, reader('top', field));
    const [up, down] = [[above], below ? [below] : []];
    return (event) => {
      if (isOver(event)) {
        greatest.remove(event);
        return feed(context, 'top', [...up, ...down], event);
      }
      const { inside, out } = greatest.put(event);
      if (inside && out && demote) {
        feed(context, 'top', up, expired(out));
        feed(context, 'top', down, out);
      }
      const [own, other] = inside ? [up, down] : [down, up];
      // The stream where it does not belong gets it first.
      feed(context, 'top', other, expired(event));
      feed(context, 'top', own, event);
    };
  };
}

/** What can be ordered: numbers among numbers, words among words. */
type Value = number | string;

/** The events with the greatest values, one for each host and service. */
class Greatest {
  readonly #count: number;
  readonly #read: (event: StreamEvent) => unknown;
  readonly #held = new Map<string, { readonly event: StreamEvent; readonly value: Value }>();
  #least: string | undefined;

  constructor(count: number, read: (event: StreamEvent) => unknown) {
    this.#count = count;
    this.#read = read;
  }

  /** Whether it is among them, and which one it pushed out. */
  put(event: StreamEvent): { readonly inside: boolean; readonly out?: StreamEvent } {
    const key = keyOf(event);
    const value = this.#read(event);
    if (typeof value !== 'number' && typeof value !== 'string') {
      this.remove(event);
      return { inside: false };
    }
    const least = this.#leastHeld();
    if (!least) {
      this.#held.set(key, { event, value });
      this.#least = key;
      return { inside: true };
    }
    const isFull = this.#held.size >= this.#count && !this.#held.has(key);
    if (isFull && value <= least.value) return { inside: false };
    this.#held.set(key, { event, value });
    if (isFull && this.#least !== undefined) this.#held.delete(this.#least);
    // As in Riemann: the least is looked for when it left, or another fell below it; not when it rose itself.
    const stands = this.#leastHeld();
    if (!stands || value < stands.value) this.#findLeast();
    return isFull ? { inside: true, out: least.event } : { inside: true };
  }

  remove(event: StreamEvent): void {
    const key = keyOf(event);
    this.#held.delete(key);
    if (this.#least === key) this.#findLeast();
  }

  #leastHeld() {
    return this.#least === undefined ? undefined : this.#held.get(this.#least);
  }

  #findLeast(): void {
    this.#least = undefined;
    let least: Value | undefined;
    for (const [key, { value }] of this.#held) {
      if (least !== undefined && value >= least) continue;
      least = value;
      this.#least = key;
    }
  }
}

function keyOf({ host, service }: StreamEvent): string {
  return `${JSON.stringify(host)} ${service}`;
}
