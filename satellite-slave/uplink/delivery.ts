import { Backoff } from '../../shared/backoff.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { HttpClient } from '../../shared/http-client.ts';
import { Idle } from '../../shared/idle.ts';
import type { Batch, Newest } from '../../shared/latest-queue.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { type Rejection, type Verdict, verdictOn } from './response.ts';
import type { Token } from './token.ts';

/** The master and what is needed to reach it. */
export interface DeliveryOptions {
  readonly client: Pick<HttpClient, 'origin' | 'send' | 'close'>;
  readonly token: Token;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** What is delivered: where to, in which words, and who wants to know what became of it. */
export interface Cargo<T> {
  readonly path: string;
  /** The key of the array in the body. */
  readonly key: string;
  /** What the log calls it: requests of it, and what is done with them. */
  readonly words: { readonly many: string; readonly cannot: string; readonly waits: string };
  /** One of them, for the log: `event of "free memory in MB"`. */
  readonly nameOf: (item: T) => string;
  readonly waiting: Newest<T>;
  /** Most of them in one request. */
  readonly most: number;
  readonly taken?: (items: readonly T[]) => void;
  /** Given up: the master will never take them. */
  readonly refused?: (items: readonly T[]) => void;
}

/** Bodies are at most 1 MiB (docs/rest.md, "Reports and events"). */
const MOST_BYTES = 1024 * 1024;
/** Of the same moment, what comes goes with one request. */
const GATHER_MS = 20;
const TIMEOUT_MS = 10_000;
const MOST_ANSWER_BYTES = 1024 * 1024;
/** Between tries at a master that wants a change of settings. */
const SLOW_MS = 30_000;
/** Room for `{"host":"…","events":…}` around the items. */
const ENVELOPE_BYTES = 1024;

/** The way of one kind of thing to one master: one request at a time, and while the master is away the newest waits. */
export class Delivery<T> {
  readonly #options: DeliveryOptions;
  readonly #cargo: Cargo<T>;
  readonly #once: OnceLog;
  readonly #backoff: Backoff;
  #host: HostName | undefined;
  #most: number;
  #timer: Timer | undefined;
  #sending = false;
  #fault: string | undefined;
  #closed = false;
  readonly #idle = new Idle();

  constructor(options: DeliveryOptions, cargo: Cargo<T>) {
    this.#options = options;
    this.#cargo = cargo;
    this.#most = cargo.most;
    this.#once = new OnceLog(options.log, options.clock);
    this.#backoff = new Backoff({
      firstMs: 500,
      mostMs: 30_000,
      ...(options.random ? { random: options.random } : {}),
    });
  }

  get origin(): string {
    return this.#options.client.origin;
  }

  /** Why the last try was in vain. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Takes items for delivery. What waits goes out under the newest name of the host. */
  send(host: HostName, items: readonly T[]): void {
    this.#host = host;
    this.#cargo.waiting.add(items);
    if (this.#fault === undefined) this.#sendIn(GATHER_MS);
  }

  /** Tries at once to deliver all that waits. @returns whether nothing waits any more when `withinMs` are over */
  async flush(withinMs: number): Promise<boolean> {
    if (!this.#busy) return true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sendIn(0);
    await this.#idle.wait(this.#options.clock, withinMs);
    return !this.#busy;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#options.client.close();
  }

  get #busy(): boolean {
    return this.#sending || this.#cargo.waiting.size > 0;
  }

  #sendIn(delayMs: number): void {
    if (this.#closed || this.#sending || this.#timer) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const { waiting } = this.#cargo;
    if (this.#host === undefined || waiting.size === 0) return;
    this.#sending = true;
    const batch = waiting.take(this.#most, MOST_BYTES - ENVELOPE_BYTES);
    let waitMs: number;
    try {
      waitMs = this.#settle(batch, await this.#post(this.#host, batch));
    } catch (error) {
      waitMs = this.#keep(batch, messageOf(error), 0);
    }
    this.#sending = false;
    if (waiting.size > 0) this.#sendIn(waitMs);
    else this.#idle.tell();
  }

  async #post(host: HostName, { json }: Batch<T>): Promise<Verdict> {
    const { client, token, clock } = this.#options;
    const { path, key } = this.#cargo;
    const answer = await client.send({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...token.headers() },
      body: `{"host":${JSON.stringify(host)},"${key}":${json}}`,
      timeoutMs: TIMEOUT_MS,
      mostBytes: MOST_ANSWER_BYTES,
    });
    return verdictOn(answer, clock.wallMs(), path);
  }

  /** Does what the verdict asks for. @returns ms until the next request may go */
  #settle(batch: Batch<T>, verdict: Verdict): number {
    switch (verdict.kind) {
      case 'taken':
        this.#tellRejected(batch, verdict.rejected);
        return this.#wentWell();
      case 'refused':
        this.#once.warn('refused', `${this.origin} ${verdict.reason}; what was sent is given up`);
        this.#tellRejected(batch, verdict.rejected, 'all');
        this.#recovered();
        return GATHER_MS;
      case 'too-large':
        return this.#split(batch);
      case 'busy':
        return this.#keep(batch, verdict.reason, verdict.notBeforeMs);
      case 'shut-out': {
        const renewed = verdict.tokenRefused && this.#options.token.renew();
        const waitMs = this.#keep(batch, verdict.reason, SLOW_MS);
        return renewed ? GATHER_MS : waitMs;
      }
    }
  }

  #wentWell(): number {
    this.#once.recovered('refused', `${this.origin} takes ${this.#cargo.words.many} whole again`);
    this.#recovered();
    this.#most = Math.min(this.#cargo.most, this.#most * 2);
    return GATHER_MS;
  }

  #recovered(): void {
    this.#fault = undefined;
    this.#backoff.reset();
    this.#once.recovered('reach', `${this.origin} takes ${this.#cargo.words.many} again`);
  }

  #keep({ items }: Batch<T>, reason: string, notBeforeMs: number): number {
    const { waiting, words } = this.#cargo;
    this.#fault = reason;
    waiting.putBack(items);
    this.#once.warn('reach', `${words.cannot} ${this.origin}: ${reason}; trying on, ${words.waits}`);
    return Math.max(this.#backoff.next(), notBeforeMs);
  }

  #split({ items }: Batch<T>): number {
    const [only, ...others] = items;
    if (only && others.length === 0) {
      this.#options.log.warn(`${this.origin} finds the ${this.#cargo.nameOf(only)} too large: given up`);
      this.#cargo.refused?.([only]);
      return GATHER_MS;
    }
    this.#most = Math.ceil(items.length / 2);
    this.#cargo.waiting.putBack(items);
    return 0;
  }

  /** @param given `all`: what bears no reason of its own is given up too */
  #tellRejected({ items }: Batch<T>, rejected: readonly Rejection[], given?: 'all'): void {
    const { nameOf, taken, refused } = this.#cargo;
    const reasons = new Map(rejected.map(({ index, reason }) => [index, reason]));
    for (const [index, item] of items.entries()) {
      const reason = reasons.get(index);
      const name = nameOf(item);
      if (reason === undefined) this.#once.recovered(name, `${this.origin} takes the ${name} again`);
      else this.#once.warn(name, `${this.origin} rejected the ${name}: ${reason}`);
    }
    const isRefused = (_: T, index: number) => given === 'all' || reasons.has(index);
    refused?.(items.filter(isRefused));
    taken?.(items.filter((item, index) => !isRefused(item, index)));
  }
}
