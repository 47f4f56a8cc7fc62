import { Backoff } from '../backoff.ts';
import type { Clock, Timer } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { Idle } from '../idle.ts';
import type { Batch, LatestQueue } from '../latest-queue.ts';
import { type Log, OnceLog } from '../log.ts';
import type { RetryGroup } from './retry-group.ts';
import type { Rejection, SendOutcome, Transport } from './transport.ts';

export interface SenderOptions<T> {
  readonly transport: Transport<T>;
  readonly queue: Pick<LatestQueue<T>, 'size' | 'add' | 'putBack' | 'take'>;
  /** What is sent, for the log. */
  readonly what: 'events' | 'forwarded events' | 'task metadata';
  /** One item, for the log: `{service: "disk"}`. */
  readonly fieldsOf?: (item: T) => Readonly<Record<string, unknown>>;
  /** What is added within this time goes into one request; default 20 ms. */
  readonly gatherMs?: number;
  /** Items in one request. */
  readonly maxItems: number;
  /** Bytes of the items of one request, as JSON. */
  readonly maxBytes: number;
  /** Before each request: the last moment to remove what must not be sent any more. */
  readonly beforeSending?: () => void;
  /** After each try. */
  readonly onTried?: (outcome: 'accepted' | 'refused' | 'failed', items: number) => void;
  readonly onAccepted?: (items: readonly T[]) => void;
  /** Given up: the receiver will never accept them, or no request can carry them. */
  readonly onRefused?: (items: readonly T[], reason: 'rejected' | 'too-large') => void;
  /** Senders to other receivers: as soon as one of them answers, this one waits for 5 s at most. */
  readonly group?: RetryGroup | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

const DEFAULT_GATHER_MS = 20;
/** Between tries at a receiver that only a change of settings will make accept anything. */
const DENIED_RETRY_MS = 30_000;
const BACKOFF = { firstMs: 500, maxMs: 30_000 };

/** Sends what its queue holds, one request at a time; while the receiver does not answer, the queue keeps it. */
export class Sender<T> {
  readonly #options: SenderOptions<T>;
  readonly #once: OnceLog;
  readonly #backoff: Backoff;
  readonly #idle = new Idle();
  readonly #gatherMs: number;
  #maxItems: number;
  #timer: Timer | undefined;
  #dueMs = 0;
  #sending: Promise<void> | undefined;
  #fault: string | undefined;
  /** The receiver asked for the present wait, so that nothing shortens it. */
  #waitIsWanted = false;
  #closed = false;

  constructor(options: SenderOptions<T>) {
    const { log, clock, random, group, maxItems, gatherMs = DEFAULT_GATHER_MS } = options;
    this.#options = options;
    this.#gatherMs = gatherMs;
    this.#maxItems = maxItems;
    this.#once = new OnceLog(log, clock);
    this.#backoff = new Backoff({ ...BACKOFF, ...(random && { random }) });
    group?.add(this);
  }

  get address(): string {
    return this.#options.transport.address;
  }

  /** Why the last try failed; undefined where it did not. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Adds items to the queue; between two tries that fail they only wait. */
  send(items: readonly T[]): void {
    this.#options.queue.add(items);
    this.#sendIn(this.#gatherMs);
  }

  /** Tries at once to deliver what is queued. @returns whether nothing is left when `withinMs` are over */
  async flush(withinMs: number): Promise<boolean> {
    if (!this.#busy) return true;
    this.#cancel();
    this.#sendIn(0);
    await this.#idle.wait(this.#options.clock, withinMs);
    return !this.#busy;
  }

  retryWithin(delayMs: number): void {
    if (this.#fault === undefined || this.#waitIsWanted || !this.#timer) return;
    if (this.#dueMs - this.#options.clock.monoMs() <= delayMs) return;
    this.#cancel();
    this.#sendIn(delayMs * (this.#options.random ?? Math.random)());
  }

  /** A request that is under way fails, and its items are queued again when this has settled. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    this.#options.group?.remove(this);
    await this.#options.transport.close();
    await this.#sending;
    this.#idle.notify();
  }

  get #busy(): boolean {
    return this.#sending !== undefined || this.#options.queue.size > 0;
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sendIn(delayMs: number): void {
    if (this.#closed || this.#sending || this.#timer) return;
    const { clock } = this.#options;
    this.#dueMs = clock.monoMs() + delayMs;
    this.#timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#sending = this.#sendBatch();
    });
  }

  async #sendBatch(): Promise<void> {
    const { queue, maxBytes, beforeSending } = this.#options;
    beforeSending?.();
    const batch = queue.take(this.#maxItems, maxBytes);
    let waitMs = this.#gatherMs;
    const [first] = batch.items;
    if (first !== undefined && batch.items.length === 1 && Buffer.byteLength(batch.json) > maxBytes)
      this.#dropTooLarge(first);
    else if (first !== undefined) waitMs = await this.#tryToSend(batch);
    this.#sending = undefined;
    if (queue.size > 0) this.#sendIn(waitMs);
    else this.#idle.notify();
  }

  /** @returns ms until the next request may go */
  async #tryToSend(batch: Batch<T>): Promise<number> {
    const { transport } = this.#options;
    let outcome: SendOutcome;
    try {
      outcome = await transport.send(batch);
    } catch (error) {
      return this.#failed(batch, messageOf(error));
    }
    return this.#settle(batch, outcome);
  }

  #settle(batch: Batch<T>, outcome: SendOutcome): number {
    const { transport, what, onTried } = this.#options;
    switch (outcome.kind) {
      case 'accepted':
        onTried?.('accepted', batch.items.length);
        this.#answered();
        this.#once.recovered('refused', `${what} accepted again`, { url: transport.address });
        this.#settleItems(batch, outcome.rejected, false);
        this.#maxItems = Math.min(this.#options.maxItems, this.#maxItems * 2);
        return this.#gatherMs;
      case 'refused':
        onTried?.('refused', batch.items.length);
        this.#answered();
        this.#once.warn('refused', `${what} refused, not sent again`, { url: transport.address, err: outcome.reason });
        this.#settleItems(batch, outcome.rejected, true);
        return this.#gatherMs;
      case 'too-large':
        return this.#halve(batch);
      case 'busy':
        return this.#failed(batch, outcome.reason, outcome.notBeforeMs);
      case 'denied': {
        const waitMs = this.#failed(batch, outcome.reason, DENIED_RETRY_MS);
        return outcome.credentialsChanged ? this.#gatherMs : waitMs;
      }
    }
  }

  #answered(): void {
    const { what, transport, group } = this.#options;
    this.#fault = undefined;
    this.#backoff.reset();
    this.#once.recovered('send', `sending ${what} again`, { url: transport.address });
    group?.answered(this);
  }

  #failed({ items }: Batch<T>, err: string, notBeforeMs = 0): number {
    const { queue, what, transport, onTried, group } = this.#options;
    onTried?.('failed', items.length);
    this.#fault = err;
    this.#waitIsWanted = notBeforeMs > 0;
    queue.putBack(items);
    if (!this.#closed) this.#once.warn('send', `failed to send ${what}, trying again`, { url: transport.address, err });
    return Math.max(Math.min(this.#backoff.next(), group?.maxWaitMs(this) ?? Number.POSITIVE_INFINITY), notBeforeMs);
  }

  #halve({ items }: Batch<T>): number {
    const [only, ...others] = items;
    if (only !== undefined && others.length === 0) {
      this.#dropTooLarge(only);
      return this.#gatherMs;
    }
    this.#maxItems = Math.ceil(items.length / 2);
    this.#options.queue.putBack(items);
    return 0;
  }

  #dropTooLarge(item: T): void {
    const { what, transport, fieldsOf, onRefused } = this.#options;
    this.#once.warn('too-large', `too large to send, dropped: one of the ${what}`, {
      url: transport.address,
      ...fieldsOf?.(item),
    });
    onRefused?.([item], 'too-large');
  }

  /** @param allRefused what has no reason of its own is refused, too */
  #settleItems({ items }: Batch<T>, rejected: readonly Rejection[], allRefused: boolean): void {
    const { what, transport, fieldsOf, onAccepted, onRefused } = this.#options;
    const reasons = new Map(rejected.map(({ index, reason }) => [index, reason]));
    for (const [index, item] of items.entries()) {
      const fields = fieldsOf?.(item) ?? {};
      const key = `item ${JSON.stringify(fields)}`;
      const err = reasons.get(index);
      if (err === undefined) this.#once.recovered(key, `accepted again: one of the ${what}`, fields);
      else
        this.#once.warn(key, `rejected, not sent again: one of the ${what}`, {
          url: transport.address,
          ...fields,
          err,
        });
    }
    const isRefused = (_: T, index: number) => allRefused || reasons.has(index);
    onRefused?.(items.filter(isRefused), 'rejected');
    onAccepted?.(items.filter((item, index) => !isRefused(item, index)));
  }
}
