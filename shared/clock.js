/** Time is passed in: everything that waits or asks for the time gets one of these through its constructor. */
/** setTimeout takes 2^31-1 ms at the most and fires at once beyond it. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;
export const systemClock = {
    wallMs: () => Date.now(),
    monoMs: () => performance.now(),
    after(delayMs, task) {
        const timeout = setTimeout(task, Math.min(Math.max(delayMs, 0), LONGEST_TIMEOUT_MS));
        return { cancel: () => clearTimeout(timeout) };
    },
    every(periodMs, task) {
        const interval = setInterval(task, Math.min(periodMs, LONGEST_TIMEOUT_MS));
        return { cancel: () => clearInterval(interval) };
    },
};
/** Waits by the clock; an abort ends the wait early without an error. */
export function sleep(clock, delayMs, signal) {
    return new Promise((resolve) => {
        if (signal?.aborted)
            return resolve();
        const done = () => {
            timer.cancel();
            signal?.removeEventListener('abort', done);
            resolve();
        };
        const timer = clock.after(delayMs, done);
        signal?.addEventListener('abort', done);
    });
}
