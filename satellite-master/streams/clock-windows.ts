import type { Clock } from '../../shared/clock.ts';

/** Windows of equal length, one after another on the monotonic clock from the moment it is made. */
export class ClockWindows {
  readonly #clock: Clock;
  readonly #madeMs: number;
  readonly #lengthMs: number;

  constructor(clock: Clock, seconds: number) {
    this.#clock = clock;
    this.#madeMs = clock.monoMs();
    this.#lengthMs = seconds * 1000;
  }

  /** The number of the window that now lies in, from 0. */
  current(): number {
    return Math.floor((this.#clock.monoMs() - this.#madeMs) / this.#lengthMs);
  }

  /** Runs `task` at the end of the window that now lies in. */
  atEnd(task: () => void) {
    const endMs = this.#madeMs + (this.current() + 1) * this.#lengthMs;
    return this.#clock.after(endMs - this.#clock.monoMs(), task);
  }
}
