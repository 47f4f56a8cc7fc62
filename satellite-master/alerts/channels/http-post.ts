/** The one way channels POST: a time limit, no redirects, and reasons without secrets. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../shared/errors.ts';
import { type HttpAnswer, HttpClient } from '../../../shared/http-client.ts';
import { redacted, secretsOf } from './secret.ts';
import type { Outcome } from './sender.ts';

const MAX_ANSWER_BYTES = 65_536;
/** A server that asks for more patience is asked again all the same. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** What may lie in what was sent; other refusals lie in the address or in who asks. */
const ABOUT_THE_BODY: ReadonlySet<number> = new Set([400, 413, 422]);

export interface Post {
  readonly url: URL;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Never to be seen in a reason. */
  readonly secrets?: readonly string[];
}

export class HttpPoster {
  readonly #timeoutMs: number;
  readonly #ca: string | undefined;
  #client: HttpClient | undefined;

  constructor(timeoutMs: number, ca: string | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#ca = ca;
  }

  /**
   * @param make called for each attempt: what it throws is a failure that is retried
   * @param nowMs wall time
   */
  async post(make: () => Post, nowMs: number): Promise<Outcome> {
    let secrets: readonly string[] = [];
    try {
      const { url, body, headers, secrets: own = [] } = make();
      secrets = [...own, ...secretsOf(url)];
      const answer = await this.#clientOf(url).send({
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        headers: { 'content-type': 'application/json', 'user-agent': 'satellite', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        timeoutMs: this.#timeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
      });
      return outcomeOf(answer, nowMs, (text) => `${url.origin} ${redacted(text, secrets)}`);
    } catch (error) {
      return { kind: 'failed', reason: redacted(messageOf(error), secrets), notBeforeMs: 0 };
    }
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  /** The address may lie in a file and change with it. */
  #clientOf({ origin }: URL): HttpClient {
    if (this.#client?.origin !== origin) {
      void this.#client?.close();
      this.#client = new HttpClient(origin, {
        ca: this.#ca === undefined ? undefined : readFileSync(this.#ca, 'utf8'),
      });
    }
    return this.#client;
  }
}

/**
 * 2xx is sent; 408, 429 and 5xx are tried again; anything else, redirects too, is final.
 * @param nowMs wall time, for a Retry-After that is a date
 * @param say makes a reason fit to be read by anybody
 */
export function outcomeOf(answer: HttpAnswer, nowMs: number, redact: (text: string) => string): Outcome {
  const { status, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'sent' };
  const reason = redact(body.trim() === '' ? `answered ${status}` : `answered ${status}: ${body.trim()}`);
  if (status === 408 || status === 429 || status >= 500)
    return { kind: 'failed', reason, notBeforeMs: retryAfterMs(answer, nowMs) };
  return { kind: 'refused', by: ABOUT_THE_BODY.has(status) ? 'one' : 'all', reason };
}

function retryAfterMs({ headers }: HttpAnswer, nowMs: number): number {
  const value = [headers['retry-after']].flat()[0];
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
