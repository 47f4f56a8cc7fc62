/**
 * A clock that stands until it is turned: for tests of rules and for replay.
 * Due tasks run in the order of their time, and see that time.
 */
export class ManualClock {
    #monoMs = 0;
    #wallMs;
    #order = 0;
    #tasks = new Set();
    /** @param startWallMs the wall time at which it stands first, ms since 1970 */
    constructor(startWallMs = 0) {
        this.#wallMs = startWallMs;
    }
    wallMs() {
        return this.#wallMs;
    }
    monoMs() {
        return this.#monoMs;
    }
    after(delayMs, run) {
        return this.#add({ order: this.#order++, dueMs: this.#monoMs + Math.max(delayMs, 0), periodMs: undefined, run });
    }
    every(periodMs, run) {
        return this.#add({ order: this.#order++, dueMs: this.#monoMs + periodMs, periodMs, run });
    }
    /** Turns both clocks on by `ms`, running what falls due on the way. */
    advance(ms) {
        const endMs = this.#monoMs + ms;
        for (let task = this.#next(endMs); task; task = this.#next(endMs)) {
            this.#moveTo(Math.max(task.dueMs, this.#monoMs));
            if (task.periodMs === undefined)
                this.#tasks.delete(task);
            else
                task.dueMs += task.periodMs;
            task.run();
        }
        this.#moveTo(endMs);
    }
    /** Sets the wall clock alone, as an operator or NTP would. */
    setWall(ms) {
        this.#wallMs = ms;
    }
    /** Lets time pass without running anything, as a stalled event loop does. */
    stall(ms) {
        this.#moveTo(this.#monoMs + ms);
    }
    #moveTo(monoMs) {
        this.#wallMs += monoMs - this.#monoMs;
        this.#monoMs = monoMs;
    }
    #add(task) {
        this.#tasks.add(task);
        return { cancel: () => this.#tasks.delete(task) };
    }
    #next(endMs) {
        let first;
        for (const task of this.#tasks) {
            if (task.dueMs > endMs)
                continue;
            if (!first || task.dueMs < first.dueMs || (task.dueMs === first.dueMs && task.order < first.order))
                first = task;
        }
        return first;
    }
}
