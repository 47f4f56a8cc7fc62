/** Something that answers as a Mesos process would, or as none should: a real HTTP server whose answers the test sets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Of a call of the v1 API: its type. */
  readonly call: string | undefined;
}

export type Answer = (asked: Asked, response: ServerResponse) => void;

export class MesosServer {
  readonly asked: Asked[] = [];
  answer: Answer;
  readonly #server: Server;

  private constructor(answer: Answer) {
    this.answer = answer;
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(answer: Answer): Promise<MesosServer> {
    const server = new MesosServer(answer);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Paths, or types of calls, in the order in which they were asked. */
  get paths(): readonly string[] {
    return this.asked.map(({ path, call }) => call ?? path);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request) body += String(part);
    const { method = '', url: path = '', headers } = request;
    const call = method === 'POST' ? (JSON.parse(body) as { type: string }).type : undefined;
    const asked = { method, path, headers, body, call };
    this.asked.push(asked);
    this.answer(asked, response);
  }
}

/** Answers by path or type of call; what is not there is a 404. */
export function byPath(answers: Readonly<Record<string, Answer | undefined>>): Answer {
  return (asked, response) => {
    const answer = answers[asked.call ?? asked.path];
    if (answer) answer(asked, response);
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('404 Not Found.');
  };
}

export const json =
  (body: unknown): Answer =>
  (_asked, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export const raw =
  (body: string | Buffer, status = 200): Answer =>
  (_asked, response) =>
    void response.writeHead(status).end(body);

export const redirect =
  (location: string): Answer =>
  (_asked, response) =>
    void response.writeHead(307, { location }).end();

/** The protocol-relative form that a follower sends: `//host:port/path`. */
export const toLeader = (leader: MesosServer, path: string): Answer => redirect(`${leader.url.slice(5)}${path}`);
