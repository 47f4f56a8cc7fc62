import type { Clock, Timer } from '../../shared/clock.ts';

/** Something to be done every `periodMs`. */
export interface Beat {
  readonly periodMs: number;
  readonly run: () => void;
}

const SECOND = 1000;

/**
 * Runs each beat in its period. The first runs are spread at random over the period, so that 40,000 slaves that start
 * together do not report together. Within a second, those of one slave run at the same moment: one report holds them all.
 */
export class Schedule {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #next = new Map<Beat, { readonly timer: Timer; readonly dueMs: number }>();
  /** Within each second, when beats run, as the first of them happens to; monotonic ms. */
  #phaseMs: number | undefined;

  /** @param random in [0, 1) */
  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  start(beats: Iterable<Beat>): void {
    for (const beat of beats)
      this.#wait(beat, this.#aligned(this.#clock.monoMs() + this.#random() * beat.periodMs, beat));
  }

  stop(beats: Iterable<Beat> = [...this.#next.keys()]): void {
    for (const beat of beats) {
      this.#next.get(beat)?.timer.cancel();
      this.#next.delete(beat);
    }
  }

  /** Runs the beat after `delayMs`, if it is not due before; its period then starts from there. */
  runWithin(beat: Beat, delayMs: number): void {
    const next = this.#next.get(beat);
    const dueMs = this.#clock.monoMs() + delayMs;
    if (!next || next.dueMs <= dueMs) return;
    next.timer.cancel();
    this.#wait(beat, dueMs);
  }

  #wait(beat: Beat, dueMs: number): void {
    const timer = this.#clock.after(dueMs - this.#clock.monoMs(), () => {
      this.#wait(beat, this.#after(dueMs, beat.periodMs));
      beat.run();
    });
    this.#next.set(beat, { timer, dueMs });
  }

  #aligned(dueMs: number, { periodMs }: Beat): number {
    if (periodMs < SECOND) return dueMs;
    this.#phaseMs ??= dueMs;
    const sinceMs = dueMs - this.#phaseMs;
    return Math.max(this.#phaseMs + Math.floor(sinceMs / SECOND) * SECOND, this.#clock.monoMs());
  }

  /** The next time in the same rhythm that is still to come: what was missed is not made up for. */
  #after(dueMs: number, periodMs: number): number {
    const missed = Math.floor((this.#clock.monoMs() - dueMs) / periodMs);
    return dueMs + (Math.max(missed, 0) + 1) * periodMs;
  }
}
