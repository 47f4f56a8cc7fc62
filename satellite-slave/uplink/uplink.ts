import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { Log } from '../../shared/log.ts';
import { type RiemannClient, RiemannTransport } from '../../shared/riemann/index.ts';
import { type RetryGroup, Sender, type Transport } from '../../shared/sending/index.ts';
import { EventQueue, MAX_EVENTS } from './event-queue.ts';
import { type HttpMaster, HttpTransport, MAX_ITEMS_BYTES } from './http-transport.ts';

export interface UplinkOptions {
  /** The uplinks of this slave to the other masters. */
  readonly group?: RetryGroup | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** Comets that are due in the same second share a report, also those that run a program. */
const GATHER_MS = 250;

/** Sends events to one master; while it does not answer, the newest event of each service waits. */
export class Uplink {
  readonly #queue = new EventQueue();
  readonly #sender: Sender<Event>;

  constructor(transport: Transport<Event>, options: UplinkOptions) {
    this.#sender = new Sender<Event>({
      ...options,
      transport,
      queue: this.#queue,
      what: 'events',
      fieldsOf: ({ service }) => ({ service }),
      gatherMs: GATHER_MS,
      maxItems: MAX_EVENTS,
      maxBytes: MAX_ITEMS_BYTES,
    });
  }

  /** Services whose newest event has not reached the master. */
  get waiting(): number {
    return this.#queue.size;
  }

  report(events: readonly Event[]): void {
    this.#sender.send(events);
  }

  /** Tries at once to deliver what waits. @returns whether nothing is left when `withinMs` are over */
  flush(withinMs: number): Promise<boolean> {
    return this.#sender.flush(withinMs);
  }

  close(): Promise<void> {
    return this.#sender.close();
  }
}

/** To `POST /reports` of a satellite-master. */
export function reportsTo(master: HttpMaster): Transport<Event> {
  return new HttpTransport(master, '/reports', 'events');
}

/** To an original satellite-master, or to any Riemann. */
export function riemannAt(
  client: Pick<RiemannClient, 'address' | 'send' | 'close'>,
  hostName: () => HostName | undefined,
): Transport<Event> {
  return new RiemannTransport(client, (events) => {
    const host = hostName();
    if (host === undefined) throw new Error('the name of this host is not known');
    return events.map((event) => ({ host, ...event }));
  });
}
