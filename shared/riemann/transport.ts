import type { SendOutcome, Transport } from '../sending/index.ts';
import { cutToLength } from '../text.ts';
import type { RiemannClient } from './client.ts';
import type { RiemannEvent } from './message.ts';

/** What a Riemann says of a fault in its rules may be a whole stack trace. */
const MAX_REASON = 300;

/** Events in Riemann's protocol over TCP: one message at a time, its answer awaited. */
export class RiemannTransport<T> implements Transport<T> {
  readonly #client: Pick<RiemannClient, 'address' | 'send' | 'close'>;
  readonly #eventsOf: (items: readonly T[]) => readonly RiemannEvent[];

  constructor(
    client: Pick<RiemannClient, 'address' | 'send' | 'close'>,
    eventsOf: (items: readonly T[]) => readonly RiemannEvent[],
  ) {
    this.#client = client;
    this.#eventsOf = eventsOf;
  }

  get address(): string {
    return this.#client.address;
  }

  /** A Riemann whose rules fail has the events, or will never accept them: sending them again does not help. */
  async send({ items }: { readonly items: readonly T[] }): Promise<SendOutcome> {
    const { ok, error = 'no reason given' } = await this.#client.send({ events: this.#eventsOf(items) });
    if (ok === true) return { kind: 'accepted', rejected: [] };
    return { kind: 'refused', reason: cutToLength(error, MAX_REASON), rejected: [] };
  }

  close(): void {
    this.#client.close();
  }
}
