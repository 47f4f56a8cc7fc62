/** Which connections are open and which of them wait for an answer, so that a server that closes keeps nobody waiting. */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Node's own `closeIdleConnections` leaves those alone that have not asked anything yet. */
export class Connections {
  /** The answers that each open connection waits for. */
  readonly #open = new Map<Socket, Set<ServerResponse>>();
  #closing = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.set(socket, new Set());
      socket.once('close', () => this.#open.delete(socket));
    });
    server.on('request', ({ socket }, response: ServerResponse) => {
      const answers = this.#open.get(socket);
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
    for (const [socket, answers] of this.#open) {
      if (answers.size === 0) socket.destroy();
      // Told in the answer, so that the client asks nothing more on this connection.
      for (const response of answers) if (!response.headersSent) response.shouldKeepAlive = false;
    }
  }
}
