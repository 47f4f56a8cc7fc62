/** One client of the Riemann port: reads frames and answers each in order, with bounded memory. */
import type { Socket } from 'node:net';
import type { ByteBudget } from '../../shared/byte-budget.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { FrameReader, FrameTooLarge, WireError } from '../../shared/riemann/index.ts';
import { acknowledgements, refusal } from './riemann-answers.ts';

/** Why this side closed a connection. */
export type Cut = 'garbage' | 'too-large' | 'slow' | 'overloaded';

export interface ConnectionParts {
  /** @throws WireError @returns the query to be answered */
  readonly ingest: (bytes: Buffer, from: number, to: number) => string | undefined;
  /** @returns the complete frame of the answer */
  readonly answer: (query: string) => Promise<Buffer>;
  readonly cut: (why: Cut) => void;
  /** For incomplete frames and unread answers. */
  readonly budget: ByteBudget;
  readonly mostFrameBytes: number;
  /** A client that does not read its answers for this long is disconnected, ms. */
  readonly slowMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class RiemannConnection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #frames: FrameReader;
  /** Bytes reserved in the budget for the incomplete frame. */
  #held = 0;
  /** Ingested messages whose answers are not written yet. */
  #owed = 0;
  /** The last chunk is still being processed. */
  #busy = false;
  #ending = false;

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#frames = new FrameReader(parts.mostFrameBytes);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk);
      void this.#work();
    });
    // Half closed: all requests are answered or being answered.
    socket.on('end', () => this.close());
    socket.on('error', (error) => parts.log.debug({ err: error }, 'Riemann client disconnected'));
    socket.on('close', () => parts.budget.release(this.#held));
  }

  /** Closes as soon as everything that was read is answered. */
  close(): void {
    this.#ending = true;
    if (!this.#busy) this.#socket.destroySoon();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#next()) {
        const query = this.#ingest();
        if (query !== undefined) await this.#pausedWhile(this.#answer(query));
      }
      this.#acknowledge();
      this.#hold();
      if (this.#socket.writableNeedDrain) await this.#pausedWhile(this.#drained());
    } catch (error) {
      this.#countCut(error);
      this.#acknowledge();
      this.#ending = true;
    }
    this.#busy = false;
    if (this.#ending) this.#socket.destroySoon();
  }

  #countCut(error: unknown): void {
    const { log, cut } = this.#parts;
    if (error instanceof WireError) cut('garbage');
    else if (error instanceof FrameTooLarge) cut('too-large');
    else log.error({ err: error }, 'Riemann client disconnected after a fault');
  }

  #next(): boolean {
    return !this.#socket.destroyed && this.#frames.next();
  }

  #ingest(): string | undefined {
    const { bytes, from, to } = this.#frames;
    try {
      const query = this.#parts.ingest(bytes, from, to);
      if (query === undefined) this.#owed++;
      return query;
    } catch (error) {
      if (error instanceof WireError) throw error;
      if (!isOverload(error)) this.#parts.log.error({ err: error }, 'failed to ingest events from the Riemann port');
      this.#acknowledge();
      this.#socket.write(refusal(messageOf(error)));
      return undefined;
    }
  }

  #acknowledge(): void {
    if (this.#owed > 0 && this.#socket.writable) this.#socket.write(acknowledgements(this.#owed));
    this.#owed = 0;
  }

  /** Writes the answer to a query in its turn. It counts in the budget until the client has read it. */
  async #answer(query: string): Promise<void> {
    this.#acknowledge();
    const { answer, budget } = this.#parts;
    const bytes = await answer(query);
    if (!this.#socket.writable) return;
    if (!budget.reserve(bytes.length)) {
      this.#socket.write(refusal('too many answers at once: try again later'));
      return;
    }
    this.#socket.write(bytes, () => budget.release(bytes.length));
    if (this.#socket.writableNeedDrain) await this.#drained();
  }

  /** Pauses reading meanwhile. */
  async #pausedWhile(work: Promise<void>): Promise<void> {
    this.#socket.pause();
    await work;
    this.#socket.resume();
  }

  /** Waits until the client has read; disconnects one that does not. */
  async #drained(): Promise<void> {
    const { clock, slowMs, cut } = this.#parts;
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      timer = clock.after(slowMs, () => {
        cut('slow');
        this.#socket.destroy();
      });
      this.#socket.once('drain', resolve).once('close', resolve);
    });
    timer?.cancel();
  }

  /** Reserves memory for the incomplete frame. */
  #hold(): void {
    const { budget, cut } = this.#parts;
    const more = this.#frames.held - this.#held;
    if (more > 0 && !budget.reserve(more)) {
      cut('overloaded');
      this.#socket.destroy();
      return;
    }
    if (more < 0) budget.release(-more);
    this.#held = this.#frames.held;
  }
}

/** No room for any of the events: the answer says so, and readiness shows it. */
function isOverload(error: unknown): boolean {
  return error instanceof SatelliteError && error.code === 'overloaded';
}
