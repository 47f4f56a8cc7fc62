/**
 * Which connections are open and which of them wait for an answer: so that a server that closes keeps nobody waiting, and
 * that an answer which is never read is not kept for ever.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../shared/clock.ts';

export interface ConnectionsOptions {
  readonly server: Server;
  /** So long a client may read nothing of an answer that is complete, ms. */
  readonly unreadMs: number;
  /** A connection is about to be broken off. */
  readonly onCut: () => void;
  readonly clock: Clock;
}

interface Connection {
  /** The answers that it waits for. */
  readonly answers: Set<ServerResponse>;
  /** Bytes that its client had not read, and since when there are as many; undefined: all was read. */
  unread: { readonly bytes: number; readonly sinceMs: number } | undefined;
}

/** Node's own `closeIdleConnections` leaves those alone that have not asked anything yet. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Map<Socket, Connection>();
  #sweep: Timer | undefined;
  #closing = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { server, clock, unreadMs } = options;
    // A service that never listens holds no timer, which would keep the process alive.
    server.once('listening', () => {
      this.#sweep = clock.every(unreadMs / 4, () => this.#cutUnread());
    });
    server.on('connection', (socket: Socket) => {
      this.#open.set(socket, { answers: new Set(), unread: undefined });
      socket.once('close', () => this.#open.delete(socket));
    });
    server.on('request', ({ socket }, response: ServerResponse) => {
      const answers = this.#open.get(socket)?.answers;
      answers?.add(response);
      if (this.#closing) response.shouldKeepAlive = false;
      response.once('close', () => {
        answers?.delete(response);
        if (this.#closing && answers?.size === 0) socket.destroySoon();
      });
    });
  }

  /** Ends the idle ones now and the others with their last answer. */
  closeGently(): void {
    this.#closing = true;
    this.#sweep?.cancel();
    for (const [socket, { answers }] of this.#open) {
      if (answers.size === 0) socket.destroy();
      // Said in the answer, so that the client asks nothing more on this connection.
      for (const response of answers) if (!response.headersSent) response.shouldKeepAlive = false;
    }
  }

  /** A stream of events ends its slow readers itself: here only answers count that are complete. */
  #cutUnread(): void {
    const { clock, unreadMs, onCut } = this.#options;
    const nowMs = clock.monoMs();
    for (const [socket, connection] of this.#open) {
      const isUnread = [...connection.answers].some((answer) => answer.writableEnded && !answer.writableFinished);
      const bytes = socket.writableLength;
      if (!isUnread || bytes === 0) connection.unread = undefined;
      else if (connection.unread?.bytes !== bytes) connection.unread = { bytes, sinceMs: nowMs };
      else if (nowMs - connection.unread.sinceMs >= unreadMs) {
        onCut();
        socket.destroy();
      }
    }
  }
}
