/** Long work, divided into turns of the event loop that are short enough for everything else. */
import type { Clock } from './clock.ts';

/** Yields where it may be interrupted; what it reads may have changed when it continues. */
export type LongWork<T = void> = Generator<void, T, void>;

/** Several of them may run at the same time, and a report must not wait for more than 50 ms. */
const TURN_MS = 5;

/** Runs one such work at a time. A clock that stands still, as in a test, interrupts nothing. */
export class Turns {
  readonly #clock: Pick<Clock, 'monoMs'>;
  #work: LongWork | undefined;
  #next: NodeJS.Immediate | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Pick<Clock, 'monoMs'>) {
    this.#clock = clock;
  }

  get busy(): boolean {
    return this.#work !== undefined;
  }

  /** Begins at once, in this turn; replaces work that is not finished. */
  run(work: LongWork): void {
    this.#work?.return();
    this.#work = work;
    this.#turn();
  }

  /** Resolves when nothing is left to do. */
  done(): Promise<void> {
    if (!this.busy) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Abandons what is not finished. */
  stop(): void {
    this.#work?.return();
    this.#end();
  }

  #turn(): void {
    clearImmediate(this.#next);
    const untilMs = this.#clock.monoMs() + TURN_MS;
    const work = this.#work;
    if (!work) return;
    try {
      do {
        if (work.next().done) {
          this.#end();
          return;
        }
      } while (this.#clock.monoMs() < untilMs);
    } catch (error) {
      this.#end();
      throw error;
    }
    this.#next = setImmediate(() => this.#turn());
  }

  #end(): void {
    clearImmediate(this.#next);
    this.#work = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Runs all of it in this turn. */
export function finish<T>(work: LongWork<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Calls `each` with every item; may be interrupted after each `every` of them. */
export function* interruptibly<T>(all: Iterable<T>, each: (one: T) => void, every = 256): LongWork {
  let count = 0;
  for (const one of all) {
    each(one);
    if (++count % every === 0) yield;
  }
}
