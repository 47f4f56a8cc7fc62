import type { Clock } from '../../shared/clock.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { HttpClient } from '../../shared/http-client.ts';
import type { Batch } from '../../shared/latest-queue.ts';
import type { SendOutcome, Transport } from '../../shared/sending/index.ts';
import { outcomeOf } from './response.ts';
import type { Token } from './token.ts';

/** How a master is reached over HTTP. */
export interface HttpMaster {
  readonly client: Pick<HttpClient, 'origin' | 'send' | 'close'>;
  readonly token: Token;
  readonly clock: Clock;
  /** The name to report under; undefined while it is not known. */
  readonly hostName: () => HostName | undefined;
}

/** Bodies are at most 1 MiB (docs/rest.md). */
const MAX_BODY_BYTES = 1024 * 1024;
/** Room for `{"host":"…","events":…}` around the items. */
const ENVELOPE_BYTES = 1024;
export const MAX_ITEMS_BYTES = MAX_BODY_BYTES - ENVELOPE_BYTES;

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** `POST /reports` or `POST /tasks` of one master. */
export class HttpTransport<T> implements Transport<T> {
  readonly #master: HttpMaster;
  readonly #path: string;
  readonly #key: string;

  /** @param key the member of the body that holds the items */
  constructor(master: HttpMaster, path: string, key: string) {
    this.#master = master;
    this.#path = path;
    this.#key = key;
  }

  get address(): string {
    return this.#master.client.origin;
  }

  async send({ json }: Batch<T>): Promise<SendOutcome> {
    const { client, token, clock, hostName } = this.#master;
    const host = hostName();
    if (host === undefined) throw new Error('the name of this host is not known');
    const answer = await client.send({
      method: 'POST',
      path: this.#path,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...(await token.headers()) },
      body: `{"host":${JSON.stringify(host)},"${this.#key}":${json}}`,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
    });
    const outcome = outcomeOf(answer, clock.wallMs(), this.#path);
    const isTokenRefused = outcome.kind === 'denied' && answer.status === 401;
    return isTokenRefused ? { ...outcome, credentialsChanged: await token.renew() } : outcome;
  }

  close(): Promise<void> {
    return this.#master.client.close();
  }
}
