import { Backoff } from '../../shared/backoff.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { HttpClient } from '../../shared/http-client.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import type { Token } from './token.ts';
import { type Rejection, type Verdict, verdictOn } from './verdict.ts';
import { type Batch, MOST_BYTES, MOST_EVENTS, WaitingEvents } from './waiting-events.ts';

export interface UplinkOptions {
  readonly client: Pick<HttpClient, 'origin' | 'send' | 'close'>;
  readonly token: Token;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** Events of the same moment go with one report. */
const GATHER_MS = 20;
const TIMEOUT_MS = 10_000;
const MOST_ANSWER_BYTES = 1024 * 1024;
/** Between tries at a master that wants a change of settings. */
const SLOW_MS = 30_000;
/** Room for `{"host":"…","events":…}` around the events. */
const ENVELOPE_BYTES = 1024;

/** The way to one master: one report at a time, and while the master is away the newest event of each service waits. */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #once: OnceLog;
  readonly #backoff: Backoff;
  readonly #waiting = new WaitingEvents();
  #host: HostName | undefined;
  #mostEvents = MOST_EVENTS;
  #timer: Timer | undefined;
  #sending = false;
  #failing = false;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log);
    this.#backoff = new Backoff({
      firstMs: 500,
      mostMs: 30_000,
      ...(options.random ? { random: options.random } : {}),
    });
  }

  get origin(): string {
    return this.#options.client.origin;
  }

  /** Services whose newest event has not reached the master. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes events for delivery. What waits goes out under the newest name of the host. */
  report(host: HostName, events: readonly Event[]): void {
    this.#host = host;
    this.#waiting.add(events);
    if (!this.#failing) this.#sendIn(GATHER_MS);
  }

  /** Tries at once to deliver all that waits. @returns whether nothing waits any more when `withinMs` are over */
  async flush(withinMs: number): Promise<boolean> {
    if (!this.#busy) return true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sendIn(0);
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(withinMs, resolve);
      this.#idle.push(() => {
        timer.cancel();
        resolve();
      });
    });
    return !this.#busy;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#options.client.close();
  }

  get #busy(): boolean {
    return this.#sending || this.#waiting.size > 0;
  }

  #sendIn(delayMs: number): void {
    if (this.#closed || this.#sending || this.#timer) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    if (this.#host === undefined || this.#waiting.size === 0) return;
    this.#sending = true;
    const batch = this.#waiting.take(this.#mostEvents, MOST_BYTES - ENVELOPE_BYTES);
    let waitMs: number;
    try {
      waitMs = this.#settle(batch, await this.#post(this.#host, batch));
    } catch (error) {
      waitMs = this.#keep(batch, messageOf(error), 0);
    }
    this.#sending = false;
    if (this.#waiting.size > 0) this.#sendIn(waitMs);
    else this.#tellIdle();
  }

  async #post(host: HostName, { json }: Batch): Promise<Verdict> {
    const { client, token, clock } = this.#options;
    const answer = await client.send({
      method: 'POST',
      path: '/reports',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...token.headers() },
      body: `{"host":${JSON.stringify(host)},"events":${json}}`,
      timeoutMs: TIMEOUT_MS,
      mostBytes: MOST_ANSWER_BYTES,
    });
    return verdictOn(answer, clock.wallMs());
  }

  /** Does what the verdict asks for. @returns ms until the next report may go */
  #settle(batch: Batch, verdict: Verdict): number {
    switch (verdict.kind) {
      case 'taken':
        this.#tellRejected(batch, verdict.rejected);
        return this.#wentWell();
      case 'refused':
        this.#once.warn('refused', `${this.origin} ${verdict.reason}; this report is given up`);
        this.#tellRejected(batch, verdict.rejected);
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
    this.#once.recovered('refused', `${this.origin} takes reports whole again`);
    this.#recovered();
    this.#mostEvents = Math.min(MOST_EVENTS, this.#mostEvents * 2);
    return GATHER_MS;
  }

  #recovered(): void {
    this.#failing = false;
    this.#backoff.reset();
    this.#once.recovered('reach', `${this.origin} takes reports again`);
  }

  #keep({ events }: Batch, reason: string, notBeforeMs: number): number {
    this.#failing = true;
    this.#waiting.putBack(events);
    this.#once.warn(
      'reach',
      `cannot report to ${this.origin}: ${reason}; trying on, the newest event of each service waits`,
    );
    return Math.max(this.#backoff.next(), notBeforeMs);
  }

  #split({ events }: Batch): number {
    const [only, ...others] = events;
    if (only && others.length === 0) {
      this.#options.log.warn(`${this.origin} finds the event of "${only.service}" too large: given up`);
      return GATHER_MS;
    }
    this.#mostEvents = Math.ceil(events.length / 2);
    this.#waiting.putBack(events);
    return 0;
  }

  #tellRejected({ events }: Batch, rejected: readonly Rejection[]): void {
    const reasons = new Map(rejected.map(({ index, reason }) => [index, reason]));
    for (const [index, { service }] of events.entries()) {
      const reason = reasons.get(index);
      const key = `event ${service}`;
      if (reason === undefined) this.#once.recovered(key, `${this.origin} takes "${service}" again`);
      else this.#once.warn(key, `${this.origin} rejected the event of "${service}": ${reason}`);
    }
  }

  #tellIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const tell of idle) tell();
  }
}
