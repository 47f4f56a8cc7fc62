import type { Clock } from './clock.ts';

/** Those who wait until a sender has nothing more to do; each waits for so long at the most. */
export class Idle {
  #waiting: (() => void)[] = [];

  /** Resolves at the next {@link tell}, or when `withinMs` are over. */
  wait(clock: Clock, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(withinMs, resolve);
      this.#waiting.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}
