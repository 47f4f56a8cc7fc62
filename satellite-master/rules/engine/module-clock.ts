/**
 * The clock of one rules module: a timer of its streams that throws hurts nobody else, and when the module is replaced
 * all its timers end with it.
 */
import type { Clock, Timer } from '../../../shared/clock.ts';

export class ModuleClock implements Clock {
  readonly #clock: Clock;
  readonly #fault: (error: unknown) => void;
  readonly #timers = new Set<Timer>();
  #closed = false;

  constructor(clock: Clock, fault: (error: unknown) => void) {
    this.#clock = clock;
    this.#fault = fault;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monoMs(): number {
    return this.#clock.monoMs();
  }

  after(delayMs: number, task: () => void): Timer {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(own);
      this.#run(task);
    });
    const own = this.#keep(timer);
    return own;
  }

  every(periodMs: number, task: () => void): Timer {
    return this.#keep(this.#clock.every(periodMs, () => this.#run(task)));
  }

  /** Runs it, and cancels what timers it has begun: for streams that are made only to see whether they can be. */
  rehearse(make: () => void): void {
    const before = new Set(this.#timers);
    try {
      make();
    } finally {
      for (const timer of this.#timers) if (!before.has(timer)) timer.cancel();
    }
  }

  /** Cancels all of them; what is asked for later never runs. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #keep(timer: Timer): Timer {
    const own: Timer = {
      cancel: () => {
        this.#timers.delete(own);
        timer.cancel();
      },
    };
    if (this.#closed) timer.cancel();
    else this.#timers.add(own);
    return own;
  }

  #run(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#fault(error);
    }
  }
}
