/** Half of the wait is certain and half is chance, so that many who failed together do not come back together. */
export class Backoff {
    #options;
    #tries = 0;
    constructor(options) {
        this.#options = options;
    }
    /** Milliseconds to wait before the next try. */
    next() {
        const { firstMs, mostMs, random = Math.random } = this.#options;
        const whole = Math.min(mostMs, firstMs * 2 ** Math.min(this.#tries++, 40));
        return whole / 2 + (whole / 2) * random();
    }
    /** After a success: the next wait is the first again. */
    reset() {
        this.#tries = 0;
    }
}
