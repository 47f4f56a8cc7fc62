/** The local mesos-master over HTTP: its figures, and which agents are registered. The one client of a master. */

import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { HttpClient } from '../../shared/http-client.ts';

export interface MesosClientOptions {
  /** As in `http://localhost:5050`, a path below it is kept. */
  readonly url: string;
  readonly credentials: { readonly principal: string; readonly secret: string } | undefined;
}

const TIMEOUT_MS = 3_000;
const AGENTS_TIMEOUT_MS = 30_000;
const MOST_METRICS_BYTES = 4 * 1024 * 1024;
const MOST_AGENTS_BYTES = 256 * 1024 * 1024;

export class MesosClient {
  readonly url: string;
  readonly #base: string;
  readonly #local: HttpClient;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ url, credentials }: MesosClientOptions) {
    const { origin, pathname } = new URL(url);
    this.url = url;
    this.#base = pathname.replace(/\/+$/, '');
    this.#local = new HttpClient(origin);
    const basic = credentials && Buffer.from(`${credentials.principal}:${credentials.secret}`).toString('base64');
    this.#headers = { accept: 'application/json', ...(basic ? { authorization: `Basic ${basic}` } : {}) };
  }

  /**
   * `/metrics/snapshot` of this very master: never redirected, so it tells of nobody else.
   * @throws Error that names the address and what came instead of figures
   */
  async metrics(): Promise<Readonly<Record<string, number>>> {
    const value = await this.#json(this.#local, '/metrics/snapshot', TIMEOUT_MS, MOST_METRICS_BYTES);
    if (!isObject(value)) throw new Error(`${this.url}/metrics/snapshot: no JSON object`);
    const figures: Record<string, number> = {};
    for (const [name, figure] of Object.entries(value)) if (typeof figure === 'number') figures[name] = figure;
    return figures;
  }

  /**
   * The hostnames of the agents that the leading master knows. An answer with fewer is no proof that some are gone.
   * @throws Error that names the address and what came instead
   */
  async registeredHosts(): Promise<readonly HostName[]> {
    const value = await this.#json(this.#local, '/slaves', AGENTS_TIMEOUT_MS, MOST_AGENTS_BYTES);
    const slaves = isObject(value) ? value['slaves'] : undefined;
    if (!Array.isArray(slaves)) throw new Error(`${this.url}/slaves: no list of slaves`);
    const names = (slaves as unknown[]).map((slave) => (isObject(slave) ? slave['hostname'] : undefined));
    return names.flatMap((name) => (typeof name === 'string' ? (parseHostName(name) ?? []) : []));
  }

  async close(): Promise<void> {
    await this.#local.close();
  }

  /** Follows one redirect, which a master that does not lead answers with (`Location: //host:port/…`). */
  async #json(client: HttpClient, path: string, timeoutMs: number, mostBytes: number): Promise<unknown> {
    const where = `${client.origin}${this.#base}${path}`;
    const get = { method: 'GET', headers: this.#headers, timeoutMs, mostBytes } as const;
    let answer = await client.send({ ...get, path: `${this.#base}${path}` });
    const location = answer.headers['location'];
    if (answer.status === 307 && typeof location === 'string') {
      const target = new URL(location, where);
      const leader = new HttpClient(target.origin);
      try {
        answer = await leader.send({ ...get, path: target.pathname });
      } finally {
        await leader.close();
      }
    }
    if (answer.status !== 200) throw new Error(`${where}: status ${answer.status}`);
    try {
      return JSON.parse(answer.body);
    } catch {
      throw new Error(`${where}: no JSON`);
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
