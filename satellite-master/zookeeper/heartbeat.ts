import type { Clock, Timer } from '../../shared/clock.ts';

export interface HeartbeatOptions {
  /** The session's timeout in ms, as the server decided. */
  readonly timeoutMs: number;
  /** On the monotonic clock. */
  readonly handshakeMs: number;
  readonly ping: () => void;
  /** Nothing was answered for two thirds of the timeout: there is just time to find another server. */
  readonly silent: (silentMs: number) => void;
}

/**
 * Pings each third of the session's timeout, whatever else is sent: the library pings only when nothing comes in,
 * so that steady notifications keep it silent until the session ends. And listens: the library waits for the
 * kernel to notice that nobody answers, for minutes.
 */
export class Heartbeat {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #lastAnswerMs = 0;
  #lastAnsweredPingMs = 0;
  /** The ping that has waited longest for its echo. */
  #pingedMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * When the server has heard of us for certain, on the monotonic clock: when the newest request was sent that it
   * has answered. From then on, or later, it counts the session's timeout.
   */
  get lastAnsweredPingMs(): number {
    return this.#lastAnsweredPingMs;
  }

  /** @param sentMs when the request was sent that was answered */
  answered(sentMs: number): void {
    this.#lastAnswerMs = this.#clock.monoMs();
    this.#lastAnsweredPingMs = Math.max(this.#lastAnsweredPingMs, sentMs);
  }

  echoed(): void {
    if (this.#pingedMs !== undefined) this.answered(this.#pingedMs);
    this.#pingedMs = undefined;
  }

  /** The session was begun or resumed by a handshake sent at `handshakeMs`. */
  start({ timeoutMs, handshakeMs, ping, silent }: HeartbeatOptions): void {
    const periodMs = timeoutMs / 6;
    let lastBeatMs = this.#clock.monoMs();
    let beats = 0;
    this.stop();
    this.#pingedMs = undefined;
    this.answered(handshakeMs);
    this.#timer = this.#clock.every(periodMs, () => {
      const nowMs = this.#clock.monoMs();
      // Who was held up himself does not blame the server: its answer may be waiting in the socket.
      const heldUp = nowMs - lastBeatMs > 2 * periodMs;
      lastBeatMs = nowMs;
      const silentMs = nowMs - this.#lastAnswerMs;
      if (!heldUp && silentMs >= (timeoutMs * 2) / 3) {
        silent(silentMs);
      } else if (heldUp || beats++ % 2 === 0) {
        this.#pingedMs ??= nowMs;
        ping();
      }
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
