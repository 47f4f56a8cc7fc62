import type { Clock, Timer } from '../../shared/clock.ts';

export interface HeartbeatOptions {
  /** The session's timeout in ms, as the server decided. */
  readonly timeoutMs: number;
  readonly ping: () => void;
  /** Nothing was answered for two thirds of the timeout: there is just time to find another server. */
  readonly silent: (silentMs: number) => void;
}

/**
 * Pings each third of the session's timeout, whatever else is said: the library pings only when nothing comes in,
 * so that steady notifications keep it silent until the session ends. And listens: the library waits for the
 * kernel to notice that nobody answers, for minutes.
 */
export class Heartbeat {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #lastAnswerMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the server last answered, on the monotonic clock. */
  get lastAnswerMs(): number {
    return this.#lastAnswerMs;
  }

  answered(): void {
    this.#lastAnswerMs = this.#clock.monoMs();
  }

  start({ timeoutMs, ping, silent }: HeartbeatOptions): void {
    const periodMs = timeoutMs / 6;
    let lastBeatMs = this.#clock.monoMs();
    let beats = 0;
    this.stop();
    this.answered();
    this.#timer = this.#clock.every(periodMs, () => {
      const nowMs = this.#clock.monoMs();
      // Who was held up himself does not blame the server: its answer may be waiting in the socket.
      const heldUp = nowMs - lastBeatMs > 2 * periodMs;
      lastBeatMs = nowMs;
      const silentMs = nowMs - this.#lastAnswerMs;
      if (!heldUp && silentMs >= (timeoutMs * 2) / 3) silent(silentMs);
      else if (heldUp || beats++ % 2 === 0) ping();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
