/**
 * The time of the store, by which manual events are written, read and removed on every master (docs/judgement.md, rule
 * 27a): with ZooKeeper the clock of its leader, as it was seen on a write of this master. So that a master whose own clock
 * is wrong neither ends overrides early nor dates them wrongly.
 */
import type { Clock, Timer } from '../../../shared/clock.ts';

/** A clock for what records hold. While `isKnown` is false, nothing expires; without it the clock is always known. */
export interface RecordClock extends Clock {
  readonly isKnown?: boolean;
}

/** A write of this master, as its own monotonic clock and the store saw it. */
export interface StoreTimeMeasurement {
  /** When the store made the change, ms since 1970, by its clock. */
  readonly storeMs: number;
  /** Before it was sent and after it was confirmed, monotonic ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** What took longer says too little about the time between. */
const MAX_ROUND_TRIP_MS = 2_000;

export class StoreClock implements RecordClock {
  readonly #local: Clock;
  #measured: { readonly storeMs: number; readonly monoMs: number } | undefined;

  constructor(local: Clock) {
    this.#local = local;
  }

  get isKnown(): boolean {
    return this.#measured !== undefined;
  }

  /** By how much this machine's clock is behind the store's, ms; negative: ahead; undefined: not measured yet. */
  get offsetMs(): number | undefined {
    return this.#measured && this.wallMs() - this.#local.wallMs();
  }

  /** The middle of the round trip is taken for the moment of the change. */
  measured({ storeMs, fromMs, toMs }: StoreTimeMeasurement): void {
    if (toMs - fromMs > MAX_ROUND_TRIP_MS) return;
    this.#measured = { storeMs, monoMs: (fromMs + toMs) / 2 };
  }

  /** The store's time; this machine's own until it has been measured. */
  wallMs(): number {
    if (!this.#measured) return this.#local.wallMs();
    const { storeMs, monoMs } = this.#measured;
    return storeMs + (this.#local.monoMs() - monoMs);
  }

  monoMs(): number {
    return this.#local.monoMs();
  }

  after(delayMs: number, task: () => void): Timer {
    return this.#local.after(delayMs, task);
  }

  every(periodMs: number, task: () => void): Timer {
    return this.#local.every(periodMs, task);
  }
}
