/**
 * Handles one request at a time on each connection: the next one begins when the answer before it has been handed to the
 * kernel. A client that sends requests and reads nothing causes no more than one answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Requests that may wait on one connection; with more it is destroyed. */
const MAX_WAITING = 64;

export interface RequestQueueOptions {
  readonly handle: RequestHandler;
  /** Called before a connection is destroyed. */
  readonly onCut: () => void;
}

export class RequestQueue {
  readonly #options: RequestQueueOptions;
  /** The waiting requests of each connection that is being answered. */
  readonly #waiting = new WeakMap<Socket, (readonly [IncomingMessage, ServerResponse])[]>();

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (socket.destroyed) return;
    const waiting = this.#waiting.get(socket);
    if (!waiting) {
      this.#waiting.set(socket, []);
      this.#run(socket, request, response);
    } else if (waiting.length < MAX_WAITING) {
      waiting.push([request, response]);
    } else {
      this.#options.onCut();
      socket.destroy();
    }
  }

  #run(socket: Socket, request: IncomingMessage, response: ServerResponse): void {
    response.once('close', () => this.#next(socket));
    this.#options.handle(request, response);
  }

  #next(socket: Socket): void {
    const next = socket.destroyed ? undefined : this.#waiting.get(socket)?.shift();
    if (next) this.#run(socket, ...next);
    else this.#waiting.delete(socket);
  }
}
