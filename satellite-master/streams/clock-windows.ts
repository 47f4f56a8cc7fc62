import type { Clock } from '../../shared/clock.ts';

/** Windows of equal length, one after another on the monotonic clock from the moment it is made. */
export class ClockWindows {
  readonly #clock: Clock;
  readonly #madeMs: number;
  readonly #lengthMs: number;
  #current = 0;

  constructor(clock: Clock, seconds: number) {
    this.#clock = clock;
    this.#madeMs = clock.monoMs();
    this.#lengthMs = seconds * 1000;
  }

  /** Whether now lies in a later window than at the last call. */
  entersNew(): boolean {
    const now = Math.floor((this.#clock.monoMs() - this.#madeMs) / this.#lengthMs);
    if (now <= this.#current) return false;
    this.#current = now;
    return true;
  }

  /** At the end of the window, by its timer, which may come a moment early. */
  enterNext(): void {
    if (!this.entersNew()) this.#current++;
  }

  /** Until the end of the current window. */
  leftMs(): number {
    return this.#madeMs + (this.#current + 1) * this.#lengthMs - this.#clock.monoMs();
  }
}
