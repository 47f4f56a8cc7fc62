import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the stub answers; undefined: nothing, for ever. */
export type Reply = { status: number; headers?: Record<string, string>; body?: string } | undefined;

/** A real HTTP server on loopback that answers as it is told, and remembers what it was asked. */
export class StubServer {
  readonly requests: Request[] = [];
  /** Connections ever made. */
  connections = 0;
  reply: (request: Request) => Reply;
  readonly #server: Server;

  constructor(reply: (request: Request) => Reply) {
    this.reply = reply;
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const seen = {
          method: request.method ?? '',
          path: request.url ?? '',
          headers: request.headers,
          body: Buffer.concat(parts).toString('utf8'),
        };
        this.requests.push(seen);
        this.#answer(response, this.reply(seen));
      });
    });
    this.#server.on('connection', () => this.connections++);
  }

  /** @param port 0: any that is free */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return this.origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(response: ServerResponse, reply: Reply): void {
    if (!reply) return;
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.body ?? '');
  }
}

/** A master that takes every report. */
export function acceptAll(request: Request): Reply {
  const { events } = JSON.parse(request.body) as { events: unknown[] };
  return { status: 202, body: JSON.stringify({ accepted: events.length, rejected: [] }) };
}

/** The reports that a stub got, newest last. */
export function reportsOf(server: StubServer): { host: string; events: Record<string, unknown>[] }[] {
  return server.requests
    .filter(({ path }) => path === '/reports')
    .map(({ body }) => JSON.parse(body) as { host: string; events: Record<string, unknown>[] });
}

/** A port on loopback that nobody listens at. */
export async function closedPort(): Promise<number> {
  const server = new StubServer(() => undefined);
  await server.listen();
  const { port } = server;
  await server.close();
  return port;
}
