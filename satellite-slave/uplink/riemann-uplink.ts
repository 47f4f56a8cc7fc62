/** The way of events to an original satellite-master, or to any Riemann, with the manners of reports over HTTP. */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { Log } from '../../shared/log.ts';
import type { RiemannClient } from '../../shared/riemann/index.ts';
import { RiemannSender } from '../../shared/riemann/index.ts';
import { MOST_EVENTS, WaitingEvents } from './waiting-events.ts';

export interface RiemannUplinkOptions {
  readonly client: Pick<RiemannClient, 'address' | 'send' | 'close'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** While the server is away the newest event of each service waits. */
export class RiemannUplink {
  readonly #waiting = new WaitingEvents();
  readonly #sender: RiemannSender<Event>;
  #host: HostName | undefined;

  constructor(options: RiemannUplinkOptions) {
    this.#sender = new RiemannSender({
      ...options,
      waiting: this.#waiting,
      most: MOST_EVENTS,
      eventsOf: (items) => items.map((event) => ({ ...(this.#host && { host: this.#host }), ...event })),
      waits: 'the newest event of each service',
    });
  }

  /** Services whose newest event has not reached the server. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes events for delivery. What waits goes out under the newest name of the host. */
  report(host: HostName, events: readonly Event[]): void {
    this.#host = host;
    this.#sender.add(events);
  }

  /** Tries at once to deliver all that waits. @returns whether nothing waits any more when `withinMs` are over */
  flush(withinMs: number): Promise<boolean> {
    return this.#sender.flush(withinMs);
  }

  close(): Promise<void> {
    return this.#sender.close();
  }
}
