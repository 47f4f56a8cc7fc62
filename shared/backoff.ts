/** The one way to wait before another try: doubling from `firstMs` to `maxMs`, each with jitter. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
}

/** Half of the wait is certain and half is chance, so that many who failed together do not come back together. */
export class Backoff {
  readonly #options: BackoffOptions;
  #tries = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Milliseconds to wait before the next try. */
  next(): number {
    const { firstMs, maxMs, random = Math.random } = this.#options;
    const whole = Math.min(maxMs, firstMs * 2 ** Math.min(this.#tries++, 40));
    return whole / 2 + (whole / 2) * random();
  }

  /** After a success: the next wait is the first again. */
  reset(): void {
    this.#tries = 0;
  }
}
