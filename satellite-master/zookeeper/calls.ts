import type { Clock, Timer } from '../../shared/clock.ts';
import type { Connection, Outcome } from './connection.ts';
import { badArgument, unavailable, uncertain } from './errors.ts';
import { Fifo } from './fifo.ts';
import type { Request } from './library.ts';
import type { ZooKeeperError } from './types.ts';
import { lengthOf, MAX_REQUEST_BYTES } from './wire.ts';

export interface CallsOptions {
  readonly mostInFlight: number;
  /** From the call to its end, whether it waits for its turn or for the answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Makes a result of an answer; `connection` to note a watch on. Runs before the next answer is read. */
export type ReadAnswer<T> = (code: number, body: Buffer, connection: Connection) => T;

interface Call {
  readonly path: string;
  readonly request: Request;
  readonly timer: Timer;
  /** Takes it back where it has not been written yet; undefined while it waits for its turn. */
  withdraw: (() => boolean) | undefined;
  over: boolean;
  resolve(code: number, body: Buffer, connection: Connection): void;
  reject(error: ZooKeeperError): void;
}

/**
 * Every call ends in bounded time, and at most `mostInFlight` of them are with the server; the others wait for
 * their turn in order. Without a connection nobody waits: the call fails, and is never sent.
 */
export class Calls {
  readonly #options: CallsOptions;
  readonly #waiting = new Fifo<Call>();
  #connection: Connection | undefined;
  #whyNone = 'not connected yet';
  /** A call that timed out counts until its answer came: the server still has it. */
  #inFlight = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** From now on calls go over this connection. */
  attach(connection: Connection): void {
    this.#connection = connection;
    this.#whyNone = 'the connection has just gone';
  }

  /** There is no connection any more. The connection ends calls in flight; when their slots are free, those that wait end too. */
  detach(reason: string): void {
    this.#connection = undefined;
    this.#whyNone = reason;
  }

  /**
   * @throws ZooKeeperError `unavailable` when it was not sent, `uncertain` when it was sent and not answered,
   * `refused` when it is too large, and what `read` throws
   */
  run<T>(path: string, request: Request, read: ReadAnswer<T>): Promise<T> {
    const bytes = lengthOf(request);
    if (bytes > MAX_REQUEST_BYTES)
      return Promise.reject(badArgument(path, `${bytes} bytes, of which ${MAX_REQUEST_BYTES} can be sent`));
    if (!this.#connection?.usable) return Promise.reject(unavailable(path, this.#whyNone));
    return new Promise<T>((resolve, reject) => {
      const call: Call = {
        path,
        request,
        timer: this.#options.clock.after(this.#options.timeoutMs, () => this.#timeOut(call)),
        withdraw: undefined,
        over: false,
        resolve(code, body, connection) {
          if (!end(call)) return;
          try {
            resolve(read(code, body, connection));
          } catch (error) {
            reject(error);
          }
        },
        reject(error) {
          if (end(call)) reject(error);
        },
      };
      this.#waiting.push(call);
      this.#nextTurn();
    });
  }

  #nextTurn(): void {
    while (this.#inFlight < this.#options.mostInFlight) {
      const call = this.#waiting.shift();
      if (!call) return;
      if (!call.over) this.#send(call);
    }
  }

  #send(call: Call): void {
    const connection = this.#connection;
    const packet = connection?.send(call.request, (outcome) => {
      this.#inFlight--;
      if (outcome.kind === 'answered') call.resolve(outcome.code, outcome.body, connection);
      else call.reject(lossOf(call, outcome));
      this.#nextTurn();
    });
    if (connection && packet) {
      this.#inFlight++;
      call.withdraw = () => connection.withdraw(packet);
    } else {
      call.reject(unavailable(call.path, this.#whyNone));
    }
  }

  #timeOut(call: Call): void {
    const reason = `${this.#options.timeoutMs} ms are over`;
    const written = call.withdraw !== undefined && !call.withdraw();
    if (call.withdraw && !written) this.#inFlight--;
    call.reject(written ? uncertain(call.path, reason) : unavailable(call.path, reason));
    this.#nextTurn();
  }
}

/** @returns false when it had ended before */
function end(call: Call): boolean {
  if (call.over) return false;
  call.over = true;
  call.timer.cancel();
  return true;
}

function lossOf(call: Call, { sent, reason }: Outcome & { readonly kind: 'lost' }): ZooKeeperError {
  return sent ? uncertain(call.path, reason) : unavailable(call.path, reason);
}
