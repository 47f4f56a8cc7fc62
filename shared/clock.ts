/** Time is passed in: everything that waits or asks for the time gets one of these through its constructor. */

/** Something scheduled; cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970, as the machine believes; may jump. For what is stored and shown. */
  wallMs(): number;
  /** Milliseconds that never jump back and count stalls. For ages, deadlines and rates. */
  monoMs(): number;
  /** Runs `task` once. The timer keeps the process alive only while a server or socket does not have to. */
  after(delayMs: number, task: () => void): Timer;
  every(periodMs: number, task: () => void): Timer;
}

/** setTimeout takes 2^31-1 ms at the most and fires at once beyond it. */
const MAX_TIMEOUT_MS = 2_147_483_647;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
  after(delayMs, task) {
    const timeout = setTimeout(task, Math.min(Math.max(delayMs, 0), MAX_TIMEOUT_MS));
    return { cancel: () => clearTimeout(timeout) };
  },
  every(periodMs, task) {
    const interval = setInterval(task, Math.min(periodMs, MAX_TIMEOUT_MS));
    return { cancel: () => clearInterval(interval) };
  },
};

/** Waits by the clock; an abort ends the wait early without an error. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal?.addEventListener('abort', done);
  });
}
