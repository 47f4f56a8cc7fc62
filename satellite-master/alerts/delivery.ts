/** What a channel still has to say: one bounded queue, the newest of each key, one message in flight, retries. */
import { once } from 'node:events';
import { Backoff } from '../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../shared/clock.ts';
import type { Alert } from './alert/index.ts';
import type { Outcome, Sender } from './channels/index.ts';

/** Alerts, each under another key. */
export const MAX_WAITING = 1_000;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 300_000;
/** So often may a try fail before the channel counts as broken: a receiver may restart. */
const TRIES_BEFORE_BROKEN = 3;
/** Older news is no news; what is open is said again anyway. */
const GIVE_UP_MS = 24 * 3_600_000;

export type DropReason = 'overflow' | 'superseded' | 'refused' | 'gave-up' | 'not-leading' | 'shutdown';

export interface DeliveryOptions {
  readonly sender: Sender;
  /** Alerts in one message at most. */
  readonly batch: number;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly tried: (outcome: Outcome, alerts: number) => void;
  readonly dropped: (reason: DropReason, alerts: number) => void;
}

interface Waiting {
  readonly alert: Alert;
  readonly sinceMs: number;
  /** It was refused among others: it goes alone. */
  readonly alone: boolean;
}

/** Whether the channel works; `reason` where it does not. */
export type Health = { readonly works: true } | { readonly works: false; readonly reason: string };

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #backoff: Backoff;
  readonly #waiting = new Map<string, Waiting>();
  /** One after a failure, then twice as many each time: a single one that never passes must not hold up all others. */
  #mostInOne: number;
  #failuresInRow = 0;
  #health: Health = { works: true };
  #timer: Timer | undefined;
  #flight: Promise<void> | undefined;
  #recalls = 0;
  #closed = false;
  #closing: Promise<void> | undefined;
  readonly #over = new AbortController();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { random, batch } = options;
    this.#mostInOne = batch;
    this.#backoff = new Backoff({ firstMs: FIRST_WAIT_MS, maxMs: MAX_WAIT_MS, ...(random ? { random } : {}) });
  }

  get size(): number {
    return this.#waiting.size;
  }

  get room(): number {
    return MAX_WAITING - this.#waiting.size;
  }

  get health(): Health {
    return this.#health;
  }

  put(alert: Alert): void {
    const { clock, dropped } = this.#options;
    if (this.#closed) {
      dropped('shutdown', 1);
      return;
    }
    this.#keep({ alert, sinceMs: clock.monoMs(), alone: false });
    // Not at once: what comes in the same turn, a list of rollup for one, goes into one message.
    queueMicrotask(() => this.#pump());
  }

  /** Another master leads: what waits is its to say. */
  recall(): void {
    this.#recalls++;
    this.#drop('not-leading', this.#waiting.size);
    this.#waiting.clear();
    this.#failuresInRow = 0;
    this.#health = { works: true };
  }

  /** Sends what waits unless sending fails; what is left after `deadlineMs` is dropped. A later call may shorten it. */
  async close(deadlineMs: number): Promise<void> {
    const over = this.#over;
    this.#closing ??= this.#drain();
    const late = sleep(this.#options.clock, deadlineMs, over.signal).then(() => over.abort());
    await Promise.all([this.#closing, late]);
  }

  async #drain(): Promise<void> {
    const flushed = async () => {
      while (this.#flight && !this.#over.signal.aborted) await this.#flight;
    };
    this.#pump();
    await Promise.race([flushed(), once(this.#over.signal, 'abort')]);
    this.#over.abort();
    this.#closed = true;
    this.#timer?.cancel();
    this.#drop('shutdown', this.#waiting.size);
    this.#waiting.clear();
    await this.#options.sender.close();
  }

  #keep(entry: Waiting): void {
    const { key } = entry.alert;
    if (this.#waiting.delete(key)) this.#drop('superseded', 1);
    this.#waiting.set(key, entry);
    if (this.#waiting.size <= MAX_WAITING) return;
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined) this.#waiting.delete(oldest);
    this.#drop('overflow', 1);
    this.#health = { works: false, reason: `more than ${MAX_WAITING} alerts wait` };
  }

  #pump(): void {
    if (this.#flight || this.#timer || this.#closed || this.#waiting.size === 0) return;
    this.#flight = this.#send(this.#next()).finally(() => {
      this.#flight = undefined;
      this.#pump();
    });
  }

  #next(): readonly Waiting[] {
    const batch: Waiting[] = [];
    for (const [key, entry] of this.#waiting) {
      if (entry.alone && batch.length > 0) break;
      this.#waiting.delete(key);
      batch.push(entry);
      if (entry.alone || batch.length >= this.#mostInOne) break;
    }
    return batch;
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const recalls = this.#recalls;
    const outcome = await this.#options.sender.send(batch.map(({ alert }) => alert));
    this.#options.tried(outcome, batch.length);
    switch (outcome.kind) {
      case 'sent':
        this.#mostInOne = Math.min(this.#options.batch, this.#mostInOne * 2);
        this.#failuresInRow = 0;
        this.#backoff.reset();
        this.#health = { works: true };
        return;
      case 'refused':
        if (outcome.by === 'one' && batch.length > 1) this.#putBack(batch, recalls, true);
        else {
          this.#drop('refused', batch.length);
          this.#health = { works: false, reason: outcome.reason };
        }
        return;
      case 'failed':
        this.#putBack(batch, recalls, false);
        this.#mostInOne = 1;
        if (++this.#failuresInRow >= TRIES_BEFORE_BROKEN) this.#health = { works: false, reason: outcome.reason };
        this.#wait(Math.max(this.#backoff.next(), outcome.notBeforeMs));
    }
  }

  /** Behind the others, so that one that never passes holds up nobody; what is newer by now stays. */
  #putBack(batch: readonly Waiting[], recalls: number, alone: boolean): void {
    if (this.#closed || recalls !== this.#recalls) {
      this.#drop(this.#closed ? 'shutdown' : 'not-leading', batch.length);
      return;
    }
    const nowMs = this.#options.clock.monoMs();
    for (const entry of batch) {
      if (this.#waiting.has(entry.alert.key)) this.#drop('superseded', 1);
      else if (nowMs - entry.sinceMs >= GIVE_UP_MS) this.#drop('gave-up', 1);
      else this.#keep({ ...entry, alone: entry.alone || alone });
    }
  }

  #wait(ms: number): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(ms, () => {
      this.#timer = undefined;
      this.#pump();
    });
  }

  #drop(reason: DropReason, alerts: number): void {
    if (alerts > 0) this.#options.dropped(reason, alerts);
  }
}
