import type { Clock } from './clock.ts';

/** Lets callers wait until a sender has nothing left to do. */
export class Idle {
  #waiting: (() => void)[] = [];

  /** Resolves at the next {@link notify}, or after `withinMs`. */
  wait(clock: Clock, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(withinMs, resolve);
      this.#waiting.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  notify(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
