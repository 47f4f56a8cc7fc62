/** A client of one Riemann over TCP: one connection that is kept open, one message at a time, each answer awaited. */
import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../clock.ts';
import { TimeoutError } from '../deadline.ts';
import { decodeMessage } from './decode.ts';
import { encodeFrame } from './encode.ts';
import { FrameReader } from './frames.ts';
import type { RiemannMessage } from './message.ts';

export interface RiemannClientOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** For connecting and the answer together; default 10 s. */
  readonly timeoutMs?: number;
  /** A longer answer is an error; default 1 MiB. */
  readonly maxAnswerBytes?: number;
}

/** Thrown when a kept connection turned out to be closed by the other side before it answered anything. */
class StaleConnection extends Error {}

interface Waiting {
  readonly resolve: (answer: RiemannMessage) => void;
  readonly reject: (error: Error) => void;
}

export class RiemannClient {
  readonly #options: RiemannClientOptions;
  #socket: Socket | undefined;
  /** Whether the connection has carried an answer before. */
  #used = false;
  #waiting: Waiting | undefined;
  #closed = false;

  constructor(options: RiemannClientOptions) {
    this.#options = options;
  }

  /** As in `host:port`. */
  get address(): string {
    const { host, port } = this.#options;
    return `${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /**
   * Sends one message, connecting where that is needed. Not to be called again before it has settled.
   * @returns the answer; whether it is `ok` is for the caller to see
   * @throws what the network throws, or a plain Error for a time-out or an answer that is none
   */
  async send(message: RiemannMessage): Promise<RiemannMessage> {
    try {
      return await this.#exchange(message);
    } catch (error) {
      if (error instanceof StaleConnection && !this.#closed) return await this.#exchange(message);
      throw error;
    }
  }

  /** What is under way fails. */
  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async #exchange(message: RiemannMessage): Promise<RiemannMessage> {
    const { clock, timeoutMs = 10_000 } = this.#options;
    let timer: Timer | undefined;
    try {
      return await new Promise<RiemannMessage>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        timer = clock.after(timeoutMs, () => this.#fail(new TimeoutError('no answer', timeoutMs)));
        this.#socket ??= this.#connect();
        this.#socket.write(encodeFrame(message, true));
      });
    } finally {
      timer?.cancel();
      this.#waiting = undefined;
    }
  }

  #connect(): Socket {
    const { host, port, maxAnswerBytes = 1024 * 1024 } = this.#options;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
    const frames = new FrameReader(maxAnswerBytes);
    this.#used = false;
    socket.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk);
        while (frames.next()) this.#answered(decodeMessage(frames.bytes, frames.from, frames.to));
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    let fault: NodeJS.ErrnoException | undefined;
    socket.on('error', (error) => {
      fault = error;
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#gone(fault);
    });
    // A server that has closed its side will not answer any more.
    socket.on('end', () => socket.destroy());
    return socket;
  }

  #answered(answer: RiemannMessage): void {
    this.#used = true;
    if (this.#waiting) this.#waiting.resolve(answer);
    else this.#fail(new Error('an answer came without a request'));
    this.#waiting = undefined;
  }

  #gone(fault: NodeJS.ErrnoException | undefined): void {
    this.#socket = undefined;
    const stale = this.#used && (!fault || fault.code === 'ECONNRESET' || fault.code === 'EPIPE');
    const error = fault ?? new Error('the connection was closed without an answer');
    this.#waiting?.reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
    this.#waiting = undefined;
  }

  /** Whatever comes on this connection now belongs to nobody. */
  #fail(error: Error): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
