/** The way of events to a Riemann: one message at a time, its answer awaited; while it is away, what waits is kept. */

import { Backoff } from '../backoff.ts';
import type { Clock, Timer } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { Idle } from '../idle.ts';
import type { Newest } from '../latest-queue.ts';
import { type Log, OnceLog } from '../log.ts';
import { cutToLength } from '../text.ts';
import type { RiemannClient } from './client.ts';
import type { RiemannEvent } from './message.ts';

/** What became of a message: taken; taken, but the rules there failed; not delivered, and to be sent again. */
export type SendOutcome = 'taken' | 'refused' | 'failed';

export interface RiemannSenderOptions<T> {
  readonly client: Pick<RiemannClient, 'address' | 'send' | 'close'>;
  readonly waiting: Pick<Newest<T>, 'size' | 'add' | 'putBack' | 'take'>;
  /** Items in one message at most. */
  readonly most: number;
  readonly eventsOf: (items: readonly T[]) => readonly RiemannEvent[];
  /** What the log calls that which waits meanwhile: `the newest event of each service`. */
  readonly waits: string;
  /** Before each message: the last moment to take out what shall not go any more. */
  readonly beforeSending?: () => void;
  readonly tried?: (outcome: SendOutcome, items: number) => void;
  /** An item that no message can carry was given up. */
  readonly tooLarge?: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** Of the same moment, what comes goes in one message. */
const GATHER_MS = 20;
/** Riemann cuts off who sends more in one message; the same in its protocol is shorter than in JSON. */
const MOST_BYTES = 1024 * 1024;

export class RiemannSender<T> {
  readonly #options: RiemannSenderOptions<T>;
  readonly #backoff: Backoff;
  readonly #once: OnceLog;
  #timer: Timer | undefined;
  #sending = false;
  #flight: Promise<void> | undefined;
  #closed = false;
  readonly #idle = new Idle();

  constructor(options: RiemannSenderOptions<T>) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    this.#backoff = new Backoff({ firstMs: 500, mostMs: 30_000, ...(options.random && { random: options.random }) });
  }

  /** Takes items for delivery; between two tries in vain they only wait. */
  add(items: readonly T[]): void {
    this.#options.waiting.add(items);
    this.#sendIn(GATHER_MS);
  }

  /** Tries at once to deliver all that waits. @returns whether nothing waits any more when `withinMs` are over */
  async flush(withinMs: number): Promise<boolean> {
    if (!this.#busy) return true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sendIn(0);
    await this.#idle.wait(this.#options.clock, withinMs);
    return !this.#busy;
  }

  /** What is under way fails, and waits again when this has settled. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#options.client.close();
    await this.#flight;
    this.#idle.tell();
  }

  get #busy(): boolean {
    return this.#sending || this.#options.waiting.size > 0;
  }

  #sendIn(delayMs: number): void {
    if (this.#closed || this.#sending || this.#timer) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#flight = this.#send();
    });
  }

  async #send(): Promise<void> {
    const { waiting, client, most, eventsOf, beforeSending } = this.#options;
    beforeSending?.();
    const { items, json } = waiting.take(most, MOST_BYTES);
    let waitMs = GATHER_MS;
    if (items.length === 1 && Buffer.byteLength(json) > MOST_BYTES) this.#giveUp();
    else if (items.length > 0) {
      this.#sending = true;
      try {
        const { ok, error } = await client.send({ events: eventsOf(items) });
        this.#delivered(items, ok === true ? undefined : (error ?? 'without a reason'));
      } catch (error) {
        waitMs = this.#keep(items, messageOf(error));
      }
      this.#sending = false;
    }
    if (waiting.size > 0) this.#sendIn(waitMs);
    else this.#idle.tell();
  }

  /** A Riemann whose rules fail has the events all the same, or will never take them: sending them again helps nobody. */
  #delivered(items: readonly T[], refusal: string | undefined): void {
    const { client, tried } = this.#options;
    const { address } = client;
    tried?.(refusal === undefined ? 'taken' : 'refused', items.length);
    this.#backoff.reset();
    this.#once.recovered('reach', `${address} takes events again`);
    if (refusal === undefined) this.#once.recovered('refused', `${address} takes events whole again`);
    else
      this.#once.warn(
        'refused',
        `${address} says that it could not deal with all events: ${cutToLength(refusal, 300)}`,
      );
  }

  #keep(items: readonly T[], reason: string): number {
    const { client, waiting, waits, tried } = this.#options;
    tried?.('failed', items.length);
    waiting.putBack(items);
    if (!this.#closed)
      this.#once.warn(
        'reach',
        `cannot send to Riemann at ${client.address}: ${reason}; trying on, ${waits} waits meanwhile`,
      );
    return this.#backoff.next();
  }

  #giveUp(): void {
    this.#once.warn('too-large', `an event for ${this.#options.client.address} is above ${MOST_BYTES} bytes: given up`);
    this.#options.tooLarge?.();
  }
}
