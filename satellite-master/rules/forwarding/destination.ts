import type { Clock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { RiemannEvent } from '../../../shared/riemann/index.ts';
import { RiemannClient, RiemannSender, type SendOutcome } from '../../../shared/riemann/index.ts';
import { parseAddress } from '../../streams/index.ts';
import { ForwardQueue, type Parcel } from './queue.ts';

export type ForwardDrop = 'overflow' | 'too-large' | 'not-leading' | 'closed';

export interface DestinationOptions {
  readonly leads: () => boolean;
  readonly tried: (outcome: SendOutcome, events: number) => void;
  readonly dropped: (reason: ForwardDrop, events: number) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  /** Hosts and services that may wait; default 10,000. */
  readonly mostWaiting?: number;
}

const MOST_IN_ONE = 1_000;

/** One address that rules forward to: its one connection, and what waits for it. */
export class Destination {
  readonly #options: DestinationOptions;
  readonly #queue: ForwardQueue;
  readonly #sender: RiemannSender<Parcel>;
  #number = 0;
  /** Modules that hold it. */
  holders = 0;

  constructor(address: string, options: DestinationOptions) {
    this.#options = options;
    const { clock, log, random, tried, dropped, mostWaiting } = options;
    this.#queue = new ForwardQueue((events) => dropped('overflow', events), mostWaiting);
    this.#sender = new RiemannSender<Parcel>({
      client: new RiemannClient({ ...parseAddress('forward', address), clock }),
      waiting: this.#queue,
      most: MOST_IN_ONE,
      eventsOf: (parcels) => parcels.map(({ event }) => event),
      waits: 'the newest event of each host and service',
      beforeSending: () => this.#recallUnlessLeading(),
      tried,
      tooLarge: () => dropped('too-large', 1),
      clock,
      log,
      ...(random && { random }),
    });
  }

  get waiting(): number {
    return this.#queue.size;
  }

  put(events: readonly RiemannEvent[]): void {
    this.#sender.add(events.map((event) => ({ event, number: this.#number++ })));
  }

  /** Sends what waits; what is left after `withinMs` is dropped. */
  async close(withinMs: number): Promise<void> {
    await this.#sender.flush(withinMs);
    await this.#sender.close();
    this.#drop('closed');
  }

  /** Another master leads: what waits here would come late, and over what that one has sent. */
  #recallUnlessLeading(): void {
    if (!this.#options.leads()) this.#drop('not-leading');
  }

  #drop(reason: ForwardDrop): void {
    const events = this.#queue.clear();
    if (events > 0) this.#options.dropped(reason, events);
  }
}
