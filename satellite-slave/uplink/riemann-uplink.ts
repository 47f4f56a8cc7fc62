/** The way of events to an original satellite-master, or to any Riemann, with the manners of reports over HTTP. */
import { Backoff } from '../../shared/backoff.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import type { RiemannClient } from '../../shared/riemann/client.ts';
import { MOST_EVENTS, WaitingEvents } from './waiting-events.ts';

export interface RiemannUplinkOptions {
  readonly client: Pick<RiemannClient, 'address' | 'send' | 'close'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** Of the same moment, what comes goes in one message. */
const GATHER_MS = 20;
const MOST_BYTES = 1024 * 1024;

/** One message at a time, its answer awaited; while the server is away the newest event of each service waits. */
export class RiemannUplink {
  readonly #options: RiemannUplinkOptions;
  readonly #waiting = new WaitingEvents();
  readonly #backoff: Backoff;
  readonly #once: OnceLog;
  #host: HostName | undefined;
  #timer: Timer | undefined;
  #sending = false;
  #fault: string | undefined;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: RiemannUplinkOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log);
    this.#backoff = new Backoff({ firstMs: 500, mostMs: 30_000, ...(options.random && { random: options.random }) });
  }

  /** Services whose newest event has not reached the server. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes events for delivery. What waits goes out under the newest name of the host. */
  report(host: HostName, events: readonly Event[]): void {
    this.#host = host;
    this.#waiting.add(events);
    if (this.#fault === undefined) this.#sendIn(GATHER_MS);
  }

  /** Tries at once to deliver all that waits. @returns whether nothing waits any more when `withinMs` are over */
  async flush(withinMs: number): Promise<boolean> {
    if (!this.#busy) return true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sendIn(0);
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(withinMs, resolve);
      this.#idle.push(() => {
        timer.cancel();
        resolve();
      });
    });
    return !this.#busy;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#options.client.close();
  }

  get #busy(): boolean {
    return this.#sending || this.#waiting.size > 0;
  }

  #sendIn(delayMs: number): void {
    if (this.#closed || this.#sending || this.#timer) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const host = this.#host;
    if (host === undefined || this.#waiting.size === 0) return;
    this.#sending = true;
    const { items } = this.#waiting.take(MOST_EVENTS, MOST_BYTES);
    let waitMs = GATHER_MS;
    try {
      const { ok, error } = await this.#options.client.send({ events: items.map((event) => ({ host, ...event })) });
      this.#delivered(ok === true ? undefined : (error ?? 'without a reason'));
    } catch (error) {
      waitMs = this.#keep(items, messageOf(error));
    }
    this.#sending = false;
    if (this.#waiting.size > 0) this.#sendIn(waitMs);
    else this.#tellIdle();
  }

  /** A Riemann whose rules fail has the events all the same, or will never take them: sending them again helps nobody. */
  #delivered(refusal: string | undefined): void {
    const { address } = this.#options.client;
    this.#fault = undefined;
    this.#backoff.reset();
    this.#once.recovered('reach', `${address} takes events again`);
    if (refusal === undefined) this.#once.recovered('refused', `${address} takes events whole again`);
    else this.#once.warn('refused', `${address} says that it could not deal with all events: ${refusal.slice(0, 300)}`);
  }

  #keep(items: readonly Event[], reason: string): number {
    this.#fault = reason;
    this.#waiting.putBack(items);
    this.#once.warn(
      'reach',
      `cannot send to Riemann at ${this.#options.client.address}: ${reason}; trying on, the newest event of each service waits`,
    );
    return this.#backoff.next();
  }

  #tellIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const tell of idle) tell();
  }
}
