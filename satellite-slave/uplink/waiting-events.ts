import { type Event, eventToJson } from '../../shared/event.ts';

/** What one report may hold (contract.md, "Reports"). */
export const MOST_EVENTS = 1_000;
export const MOST_BYTES = 1024 * 1024;

/** A report's events, and their text as it goes into the body. */
export interface Batch {
  readonly events: readonly Event[];
  readonly json: string;
}

/**
 * The newest event of each service, in the order in which the services came up. Bounded: of more services than
 * `most` the one that has waited longest is given up.
 */
export class WaitingEvents {
  readonly #most: number;
  readonly #events = new Map<string, Event>();
  #dropped = 0;

  constructor(most = MOST_EVENTS) {
    this.#most = most;
  }

  get size(): number {
    return this.#events.size;
  }

  /** Events of services that had to be given up, ever. */
  get dropped(): number {
    return this.#dropped;
  }

  /** A newer event takes the place of its service's older one. */
  add(events: readonly Event[]): void {
    for (const event of events) this.#events.set(event.service, event);
    this.#trim();
  }

  /** Events that could not be delivered wait again, save where a newer one has come meanwhile. */
  putBack(events: readonly Event[]): void {
    for (const event of events) if (!this.#events.has(event.service)) this.#events.set(event.service, event);
    this.#trim();
  }

  /** Takes out the first events, as many as fit `mostEvents` and `mostBytes`; always at least one if any waits. */
  take(mostEvents: number, mostBytes: number): Batch {
    const events: Event[] = [];
    const texts: string[] = [];
    let bytes = 2;
    for (const event of this.#events.values()) {
      if (events.length >= mostEvents) break;
      const text = JSON.stringify(eventToJson(event));
      bytes += Buffer.byteLength(text) + 1;
      if (bytes > mostBytes && events.length > 0) break;
      events.push(event);
      texts.push(text);
    }
    for (const { service } of events) this.#events.delete(service);
    return { events, json: `[${texts.join(',')}]` };
  }

  #trim(): void {
    for (const service of this.#events.keys()) {
      if (this.#events.size <= this.#most) return;
      this.#events.delete(service);
      this.#dropped++;
    }
  }
}
