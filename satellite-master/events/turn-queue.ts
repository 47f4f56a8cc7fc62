/** One reader of the index in each turn of the event loop: many readers at once make no longer turns than one. */
export class TurnQueue {
  readonly #waiting: (() => void)[] = [];

  /** Resolves in a turn of its own, after those that asked before. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(() => this.#advance());
    });
  }

  #advance(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(() => this.#advance());
  }
}
