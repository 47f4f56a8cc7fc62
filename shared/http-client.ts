/** The client of other HTTP services: keep-alive, a time limit for the whole exchange, a size limit for the body. */
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { abortReason, timeoutSignal } from './deadline.ts';

export interface TlsOptions {
  /** PEM texts. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Below the client's address, beginning with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** A longer answer is an error. */
  readonly maxBytes: number;
}

/** An answer whose body is still to be read; whoever gets one reads it to its end or destroys it. */
export interface HttpStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * A client of one address. Built on Node's own http, which every process has loaded anyway:
 * a client library costs a slave 10 MB of resident memory.
 */
export class HttpClient {
  readonly origin: string;
  readonly #agent: http.Agent | https.Agent;
  readonly #request: typeof http.request;

  /** @param origin as in `http://host:port` */
  constructor(origin: string, tls: TlsOptions = {}) {
    this.origin = origin;
    const keepAlive = { keepAlive: true, maxSockets: 2, maxFreeSockets: 2, scheduling: 'lifo' as const };
    if (new URL(origin).protocol === 'https:') {
      this.#agent = new https.Agent({ ...keepAlive, ...tls });
      this.#request = https.request;
    } else {
      this.#agent = new http.Agent(keepAlive);
      this.#request = http.request;
    }
  }

  /** @throws what the network throws, TimeoutError, or a plain Error for an answer over the limit */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const signal = timeoutSignal(request.timeoutMs);
    const { status, headers, body } = await this.open(request, signal);
    try {
      return { status, headers, body: await readWhole(body, request.maxBytes) };
    } catch (error) {
      throw signal.aborted ? abortReason(signal) : error;
    }
  }

  /**
   * Asks, and gives the answer as soon as its headers are there.
   * @param signal ends the exchange, the reading of the body included
   * @throws what the network throws, or the reason of the abort
   */
  async open(request: Omit<HttpRequest, 'timeoutMs' | 'maxBytes'>, signal: AbortSignal): Promise<HttpStream> {
    try {
      return await this.#exchange(request, signal);
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      if (error instanceof StaleConnection) return await this.#exchange(request, signal);
      throw error;
    }
  }

  #exchange(
    { method, path, headers = {}, body }: Omit<HttpRequest, 'timeoutMs' | 'maxBytes'>,
    signal: AbortSignal,
  ): Promise<HttpStream> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const request = this.#request(`${this.origin}${path}`, {
        method,
        headers: { ...headers, ...length },
        agent: this.#agent,
        signal,
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
      });
      request.on('response', (answer) =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer }),
      );
      request.on('upgrade', (answer, socket) => {
        socket.destroy();
        reject(new Error(`answered ${answer.statusCode}, an upgrade that was not asked for`));
      });
      // Settles nothing that is settled: only an exchange that ended without an answer or an error.
      request.on('close', () => reject(new Error('the connection was closed without an answer')));
      request.end(body);
    });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }
}

/** Thrown when a body is longer than the caller allows. */
export class AnswerTooLong extends Error {
  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes`);
  }
}

/** @throws AnswerTooLong for a body over the limit, a plain Error for one that breaks off */
export function readWhole(body: Readable, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    body.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > maxBytes) body.destroy(new AnswerTooLong(maxBytes));
      else parts.push(part);
    });
    body.on('error', reject);
    body.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    body.on('close', () => reject(new Error('the answer broke off')));
  });
}

/** A kept connection that the other side had closed before it saw the request: worth one more try at once. */
class StaleConnection extends Error {}
