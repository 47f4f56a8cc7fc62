import type { Clock, Timer } from '../../shared/clock.ts';

/** Something to be done every `periodMs`. */
export interface Beat {
  readonly periodMs: number;
  readonly run: () => void;
}

/**
 * Runs each beat on its period. The first runs lie anywhere within a period, by chance:
 * 40,000 slaves that start together must not report together, nor one slave run all its comets at once.
 */
export class Schedule {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #timers = new Map<Beat, Timer>();

  /** @param random in [0, 1) */
  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  start(beats: Iterable<Beat>): void {
    for (const beat of beats) this.#wait(beat, this.#clock.monoMs() + this.#random() * beat.periodMs);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #wait(beat: Beat, dueMs: number): void {
    const timer = this.#clock.after(dueMs - this.#clock.monoMs(), () => {
      this.#wait(beat, this.#after(dueMs, beat.periodMs));
      beat.run();
    });
    this.#timers.set(beat, timer);
  }

  /** The next time on the same beat that is still to come: what was slept through is not made up for. */
  #after(dueMs: number, periodMs: number): number {
    const missed = Math.floor((this.#clock.monoMs() - dueMs) / periodMs);
    return dueMs + (Math.max(missed, 0) + 1) * periodMs;
  }
}
