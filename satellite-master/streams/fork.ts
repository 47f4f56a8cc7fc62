/**
 * A fork is a set of streams made for one key. Its context has a clock of its own that knows how many timers of the
 * fork are pending, so that `by` knows when nothing of it will ever emit again. Forks within forks count for both.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import type { StreamContext } from './stream.ts';

export interface Fork {
  readonly context: StreamContext;
  /** Timers of the fork that have neither run nor been cancelled; a periodic one counts until it is cancelled. */
  readonly pending: () => number;
}

export function forkOf(context: StreamContext): Fork {
  const clock = new CountingClock(context.clock);
  return { context: { ...context, clock }, pending: () => clock.pending };
}

class CountingClock implements Clock {
  readonly #clock: Clock;
  pending = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monoMs(): number {
    return this.#clock.monoMs();
  }

  after(delayMs: number, task: () => void): Timer {
    const settle = this.#count();
    const timer = this.#clock.after(delayMs, () => {
      settle();
      task();
    });
    return { cancel: () => settle(timer) };
  }

  every(periodMs: number, task: () => void): Timer {
    const settle = this.#count();
    const timer = this.#clock.every(periodMs, task);
    return { cancel: () => settle(timer) };
  }

  #count(): (timer?: Timer) => void {
    this.pending++;
    let open = true;
    return (timer) => {
      if (!open) return;
      open = false;
      this.pending--;
      timer?.cancel();
    };
  }
}
