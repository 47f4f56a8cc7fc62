import type { Clock, Timer } from './clock.ts';

interface Task {
  readonly order: number;
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly run: () => void;
}

/**
 * A clock that stands until it is turned: for tests of rules and for replay.
 * Due tasks run in the order of their time, and see that time.
 */
export class ManualClock implements Clock {
  #monoMs = 0;
  #wallMs: number;
  #order = 0;
  readonly #tasks = new Set<Task>();

  /** @param startWallMs the wall time at which it stands first, ms since 1970 */
  constructor(startWallMs = 0) {
    this.#wallMs = startWallMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monoMs(): number {
    return this.#monoMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add({ order: this.#order++, dueMs: this.#monoMs + Math.max(delayMs, 0), periodMs: undefined, run });
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#add({ order: this.#order++, dueMs: this.#monoMs + periodMs, periodMs, run });
  }

  /** Turns both clocks on by `ms`, running what falls due on the way. */
  advance(ms: number): void {
    const endMs = this.#monoMs + ms;
    for (let task = this.#next(endMs); task; task = this.#next(endMs)) {
      this.#moveTo(Math.max(task.dueMs, this.#monoMs));
      if (task.periodMs === undefined) this.#tasks.delete(task);
      else task.dueMs += task.periodMs;
      task.run();
    }
    this.#moveTo(endMs);
  }

  /** Sets the wall clock alone, as an operator or NTP would. */
  setWall(ms: number): void {
    this.#wallMs = ms;
  }

  /** Lets time pass without running anything, as a stalled event loop does. */
  stall(ms: number): void {
    this.#moveTo(this.#monoMs + ms);
  }

  #moveTo(monoMs: number): void {
    this.#wallMs += monoMs - this.#monoMs;
    this.#monoMs = monoMs;
  }

  #add(task: Task): Timer {
    this.#tasks.add(task);
    return { cancel: () => this.#tasks.delete(task) };
  }

  #next(endMs: number): Task | undefined {
    let first: Task | undefined;
    for (const task of this.#tasks) {
      if (task.dueMs > endMs) continue;
      if (!first || task.dueMs < first.dueMs || (task.dueMs === first.dueMs && task.order < first.order)) first = task;
    }
    return first;
  }
}
