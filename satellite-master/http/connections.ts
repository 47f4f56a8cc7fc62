/**
 * Tracks open connections and the answers they wait for, so that the server can close gracefully and that answers which
 * are never read are not kept for ever.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../shared/clock.ts';

export interface ConnectionsOptions {
  readonly server: Server;
  /** A client that reads nothing of a complete answer for this long is disconnected, ms. */
  readonly unreadMs: number;
  /** Called before a connection is destroyed. */
  readonly onCut: () => void;
  readonly clock: Clock;
}

interface Connection {
  /** The answers that it waits for. */
  readonly answers: Set<ServerResponse>;
  /** Bytes that the client has not read, and since when their number has not changed; undefined: all was read. */
  unread: { readonly bytes: number; readonly sinceMs: number } | undefined;
}

/** Node's own `closeIdleConnections` does not close connections that have not sent a request yet. */
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

  /** Closes idle connections now and the others after their last answer. */
  closeGently(): void {
    this.#closing = true;
    this.#sweep?.cancel();
    for (const [socket, { answers }] of this.#open) {
      if (answers.size === 0) socket.destroy();
      // The answer says so, and the client sends no further request on this connection.
      for (const response of answers) if (!response.headersSent) response.shouldKeepAlive = false;
    }
  }

  /** Streams of events disconnect slow readers themselves: only complete answers are considered here. */
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
