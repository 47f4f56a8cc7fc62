import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { Delivery, type DeliveryOptions } from './delivery.ts';
import { MOST_EVENTS, WaitingEvents } from './waiting-events.ts';

/** The way of reports to one master: while it is away the newest event of each service waits. */
export class Uplink {
  readonly #waiting = new WaitingEvents();
  readonly #delivery: Delivery<Event>;

  constructor(options: DeliveryOptions) {
    this.#delivery = new Delivery<Event>(options, {
      path: '/reports',
      key: 'events',
      words: { many: 'reports', cannot: 'cannot report to', waits: 'the newest event of each service waits' },
      nameOf: ({ service }) => `event of "${service}"`,
      waiting: this.#waiting,
      most: MOST_EVENTS,
    });
  }

  get origin(): string {
    return this.#delivery.origin;
  }

  /** Services whose newest event has not reached the master. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes events for delivery. What waits goes out under the newest name of the host. */
  report(host: HostName, events: readonly Event[]): void {
    this.#delivery.send(host, events);
  }

  /** Tries at once to deliver all that waits. @returns whether nothing waits any more when `withinMs` are over */
  flush(withinMs: number): Promise<boolean> {
    return this.#delivery.flush(withinMs);
  }

  close(): Promise<void> {
    return this.#delivery.close();
  }
}
