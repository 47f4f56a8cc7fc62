/** The one way to ask another HTTP service: keep-alive, a time limit for the whole exchange, a limit for the body. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';

export interface TlsOptions {
  /** Paths of PEM files. */
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
  readonly mostBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A client of one address. */
export class HttpClient {
  readonly origin: string;
  readonly #agent: Agent;

  /** @param origin as in `http://host:port` */
  constructor(origin: string, tls: TlsOptions = {}) {
    this.origin = origin;
    const pem = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path, 'utf8'));
    this.#agent = new Agent({
      connections: 2,
      pipelining: 1,
      keepAliveTimeout: 75_000,
      connect: { timeout: 10_000, ca: pem(tls.ca), cert: pem(tls.cert), key: pem(tls.key) },
    });
  }

  /** @throws what the network throws, or a plain Error for a time-out or an answer over the limit */
  async send({ method, path, headers = {}, body, timeoutMs, mostBytes }: HttpRequest): Promise<HttpAnswer> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await request(`${this.origin}${path}`, {
        method,
        headers,
        body: body ?? null,
        signal,
        dispatcher: this.#agent,
      });
      const parts: Buffer[] = [];
      let bytes = 0;
      for await (const part of answer.body as AsyncIterable<Buffer>) {
        bytes += part.length;
        if (bytes > mostBytes) {
          answer.body.destroy();
          throw new Error(`the answer is longer than ${mostBytes} bytes`);
        }
        parts.push(part);
      }
      return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString('utf8') };
    } catch (error) {
      if (signal.aborted) throw new Error(`no answer within ${timeoutMs} ms`, { cause: undefined });
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
