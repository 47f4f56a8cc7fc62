import type { Clock, Timer } from './clock.ts';
import { Heap } from './heap.ts';

interface Task {
  readonly order: number;
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly run: () => void;
  /** It ran for the last time, or was cancelled. */
  over: boolean;
}

/** Cancelled tasks are removed when there are more than this. */
const SLACK = 64;

/**
 * A clock that stands still until it is advanced: for tests of rules and for replay.
 * Due tasks run in the order of their time, and see that time.
 */
export class ManualClock implements Clock {
  #monoMs = 0;
  #wallMs: number;
  #order = 0;
  readonly #tasks = new Heap<Task>((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order));
  #cancelled = 0;

  /** @param startWallMs the wall time it starts with, ms since 1970 */
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
    return this.#add(this.#monoMs + Math.max(delayMs, 0), undefined, run);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#add(this.#monoMs + periodMs, periodMs, run);
  }

  /** Advances both clocks by `ms`, running what becomes due on the way. */
  advance(ms: number): void {
    const endMs = this.#monoMs + ms;
    for (let task = this.#tasks.top; task && task.dueMs <= endMs; task = this.#tasks.top) {
      this.#tasks.pop();
      if (task.over) {
        this.#cancelled--;
        continue;
      }
      this.#moveTo(Math.max(task.dueMs, this.#monoMs));
      if (task.periodMs === undefined) task.over = true;
      else {
        task.dueMs += task.periodMs;
        this.#tasks.push(task);
      }
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

  #add(dueMs: number, periodMs: number | undefined, run: () => void): Timer {
    const task = { order: this.#order++, dueMs, periodMs, run, over: false };
    this.#tasks.push(task);
    return { cancel: () => this.#cancel(task) };
  }

  #cancel(task: Task): void {
    if (task.over) return;
    task.over = true;
    this.#cancelled++;
    if (this.#cancelled * 2 <= this.#tasks.size + SLACK) return;
    this.#tasks.keepOnly(({ over }) => !over);
    this.#cancelled = 0;
  }
}
