import { formatDuration } from './duration.ts';

/** Thrown, or the reason of an abort, when something took longer than it may. The message names the time allowed. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';

  /** @param what as in `no answer` */
  constructor(what: string, withinMs: number) {
    super(`${what} within ${formatDuration(withinMs)}`);
  }
}

/**
 * As `AbortSignal.timeout`, whose reason says neither what timed out nor after how long.
 * @param what as in `no answer`
 */
export function timeoutSignal(withinMs: number, what = 'no answer'): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new TimeoutError(what, withinMs)), withinMs).unref();
  return controller.signal;
}

/** Why a signal was aborted, as an Error. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof TimeoutError) return reason;
  if (reason instanceof DOMException)
    return new Error(reason.name === 'TimeoutError' ? 'no answer in time' : 'the request was cancelled');
  return reason instanceof Error ? reason : new Error(String(reason));
}
