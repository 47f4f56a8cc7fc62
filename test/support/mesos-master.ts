/** A mesos-master as far as a satellite-master asks it, with bodies captured from a real cluster of three. */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

function captured(name: string): string {
  return readFileSync(`test/fixtures/mesos-1.12/${name}.json`, 'utf8');
}

const BODIES = {
  /** Of three, without agents. */
  leader: {
    '/metrics/snapshot': captured('ha2_metrics_snapshot'),
    '/state': captured('ha2_state'),
  },
  /** Alone, with the agents alpha.test and bravo.test and their tasks. */
  cluster: {
    '/metrics/snapshot': captured('master_metrics_snapshot'),
    '/state': captured('master_state'),
  },
  follower: { '/metrics/snapshot': captured('ha1_metrics_snapshot') },
  /** Elected, without log quorum: it knows no agents. */
  noQuorum: {
    '/metrics/snapshot': captured('noquorum_ha1_metrics_snapshot'),
    '/state': captured('noquorum_ha1_state'),
  },
} as const;

export type MesosRole = keyof typeof BODIES | 'silent';

export class MesosMasterStub {
  role: MesosRole;
  /** Followers send those who ask for the cluster there. */
  leader: MesosMasterStub | undefined;
  /** Said instead of the captured body, by path. */
  readonly bodies = new Map<string, string>();
  /** Requests for figures so far. */
  asked = 0;
  readonly #server: Server;

  constructor(role: MesosRole) {
    this.role = role;
    this.#server = createServer((request, response) => this.#answer(request.url ?? '', response));
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer(path: string, response: ServerResponse): void {
    if (path === '/metrics/snapshot') this.asked++;
    if (this.role === 'silent') return;
    const known = path.replace(/^\/master\//, '/');
    const body = this.bodies.get(known) ?? (BODIES[this.role] as Readonly<Record<string, string | undefined>>)[known];
    const leader = this.role === 'follower' ? this.leader : this;
    if (body !== undefined) response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    else if (leader && known === '/redirect') response.writeHead(307, { location: leader.url.slice(5) }).end();
    else if (leader && leader !== this && known === '/state')
      response.writeHead(307, { location: `${leader.url.slice(5)}${path}` }).end();
    else response.writeHead(404).end();
  }
}

export async function startMesosMaster(role: MesosRole): Promise<MesosMasterStub> {
  const stub = new MesosMasterStub(role);
  await stub.listen();
  return stub;
}
