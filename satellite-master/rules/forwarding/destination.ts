import type { Clock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { RiemannEvent } from '../../../shared/riemann/index.ts';
import { RiemannClient, RiemannTransport } from '../../../shared/riemann/index.ts';
import { Sender } from '../../../shared/sending/index.ts';
import { parseAddress } from '../../streams/index.ts';
import { ForwardQueue, type Parcel } from './queue.ts';

export type ForwardDrop = 'overflow' | 'too-large' | 'not-leading' | 'closed';

/** As in the label `outcome` of `satellite_forwarded_total`. */
export type ForwardOutcome = 'taken' | 'refused' | 'failed';

export interface DestinationOptions {
  readonly leads: () => boolean;
  readonly tried: (outcome: ForwardOutcome, events: number) => void;
  readonly dropped: (reason: ForwardDrop, events: number) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  /** Hosts and services that may wait; default 10,000. */
  readonly mostWaiting?: number;
}

const MAX_IN_ONE = 1_000;
/** Riemann closes the connection of who sends more in one message; its encoding is shorter than JSON. */
const MAX_BYTES = 1024 * 1024;

/** One address that rules forward to: its one connection, and what waits for it. */
export class Destination {
  readonly #options: DestinationOptions;
  readonly #queue: ForwardQueue;
  readonly #sender: Sender<Parcel>;
  #number = 0;
  /** Modules that hold it. */
  holders = 0;

  constructor(address: string, options: DestinationOptions) {
    this.#options = options;
    const { clock, log, random, tried, dropped, mostWaiting } = options;
    this.#queue = new ForwardQueue((events) => dropped('overflow', events), mostWaiting);
    const client = new RiemannClient({ ...parseAddress('forward', address), clock });
    this.#sender = new Sender<Parcel>({
      transport: new RiemannTransport(client, (parcels) => parcels.map(({ event }) => event)),
      queue: this.#queue,
      what: 'forwarded events',
      fieldsOf: ({ event: { host, service } }) => ({ host, service }),
      maxItems: MAX_IN_ONE,
      maxBytes: MAX_BYTES,
      beforeSending: () => this.#recallUnlessLeading(),
      onTried: (outcome, events) => tried(outcome === 'accepted' ? 'taken' : outcome, events),
      onRefused: (_parcels, reason) => {
        if (reason === 'too-large') dropped('too-large', 1);
      },
      clock,
      log,
      ...(random && { random }),
    });
  }

  get waiting(): number {
    return this.#queue.size;
  }

  put(events: readonly RiemannEvent[]): void {
    this.#sender.send(events.map((event) => ({ event, number: this.#number++ })));
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
