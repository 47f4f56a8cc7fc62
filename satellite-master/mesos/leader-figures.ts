/**
 * Who leads the Mesos masters, and beside a follower the figures of the leader: `/metrics/snapshot` is never redirected,
 * so a follower's own tell nothing of the cluster.
 */
import { messageOf } from '../../shared/errors.ts';
import { HttpClient } from '../../shared/http-client.ts';

export interface LeaderFiguresOptions {
  /** Of the local Mesos master. */
  readonly url: string;
  readonly credentials: { readonly principal: string; readonly secret: string } | undefined;
}

const TIMEOUT_MS = 3_000;
const MOST_BYTES = 4 * 1024 * 1024;

export class LeaderFigures {
  readonly #local: HttpClient;
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ url, credentials }: LeaderFiguresOptions) {
    const { origin, pathname } = new URL(url);
    this.#local = new HttpClient(origin);
    this.#base = pathname.replace(/\/+$/, '');
    const basic = credentials && Buffer.from(`${credentials.principal}:${credentials.secret}`).toString('base64');
    this.#headers = { accept: 'application/json', ...(basic ? { authorization: `Basic ${basic}` } : {}) };
  }

  /**
   * Where the leader listens, as in `http://10.0.0.2:5050`; even the leader itself answers with a redirect.
   * @returns undefined: no leader, or a version that does not say
   * @throws Error that names the address, when nobody answers
   */
  async leader(): Promise<string | undefined> {
    const path = `${this.#base}/redirect`;
    const get = { method: 'GET', headers: this.#headers, timeoutMs: TIMEOUT_MS, mostBytes: MOST_BYTES } as const;
    const { status, headers } = await this.#local.send({ ...get, path }).catch((error: unknown) => {
      throw new Error(`${this.#local.origin}${path}: ${messageOf(error)}`);
    });
    const { location } = headers;
    if (status !== 307 || typeof location !== 'string' || !URL.canParse(location, this.#local.origin)) return undefined;
    const { origin, protocol } = new URL(location, this.#local.origin);
    // Credentials go along, so never from an encrypted connection to a plain one.
    return /^https?:$/.test(protocol) && (protocol === 'https:' || this.#local.origin.startsWith('http:'))
      ? origin
      : undefined;
  }

  /** @throws Error that names the address and what came instead of figures */
  async figuresOf(leader: string): Promise<Readonly<Record<string, number>>> {
    const address = `${leader}/metrics/snapshot`;
    const client = new HttpClient(leader);
    try {
      const get = { method: 'GET', headers: this.#headers, timeoutMs: TIMEOUT_MS, mostBytes: MOST_BYTES } as const;
      const { status, body } = await client.send({ ...get, path: '/metrics/snapshot' });
      if (status !== 200) throw new Error(`status ${status}`);
      const value: unknown = JSON.parse(body);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no JSON object');
      return Object.fromEntries(Object.entries(value).filter(([, figure]) => typeof figure === 'number'));
    } catch (error) {
      throw new Error(`${address}: ${messageOf(error)}`);
    } finally {
      await client.close();
    }
  }

  async close(): Promise<void> {
    await this.#local.close();
  }
}
