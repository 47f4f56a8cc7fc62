import type { Redis } from 'ioredis';
import { Backoff } from '../../shared/backoff.ts';
import { type Clock, sleep } from '../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../shared/errors.ts';
import { parseHostName } from '../../shared/host-name.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import type { StoredTask, TaskMetadata, TaskStore } from './store.ts';

export interface RedisTaskStoreOptions {
  /** `redis[s]://[user:password@]host[:port][/database]` */
  readonly url: string;
  readonly keepMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A task is a hash `satellite:task:<id>` with `host`, `at` (ms), `newest` (unix s, or empty) and `state` (JSON). */
const PREFIX = 'satellite:task:';
const COMMAND_MS = 2_000;
const CONNECT_MS = 2_000;
/** Tasks that one step of Redis writes: all other clients wait for it. */
const MAX_A_STEP = 100;
/** Requests at the same time, beyond which slaves are asked to come again. */
const MAX_REQUESTS = 64;

/** As `isOlder`, in one step with the writing: all masters write the same task, at about the same time. */
const PUT = `
for i, key in ipairs(KEYS) do
  local at = (i - 1) * 4 + 2
  local kept = tonumber(redis.call('HGET', key, 'newest') or '')
  local arrived = tonumber(ARGV[at + 2])
  if not (kept and arrived and arrived < kept) then
    redis.call('HSET', key, 'host', ARGV[at], 'at', ARGV[at + 1], 'newest', ARGV[at + 2], 'state', ARGV[at + 3])
    redis.call('PEXPIRE', key, ARGV[1])
  end
end
return 1
`;

/** Keeps tasks in a Redis that all masters share. While it is away nothing is queued: the slaves come again. */
export class RedisTaskStore implements TaskStore {
  readonly address: string;
  readonly #options: RedisTaskStoreOptions;
  readonly #once: OnceLog;
  readonly #backoff = new Backoff({ firstMs: 200, maxMs: 5_000 });
  #redis: Redis | undefined;
  #fault: string | undefined = 'not connected yet';
  #requests = 0;
  #closing = false;

  constructor(options: RedisTaskStoreOptions) {
    this.#options = options;
    this.address = `Redis at ${new URL(options.url).host}`;
    this.#once = new OnceLog(options.log, options.clock);
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  start(): void {
    this.#connect().catch((error: unknown) => this.#lost(messageOf(error)));
  }

  async put(tasks: readonly TaskMetadata[]): Promise<void> {
    await this.#ask(async (redis) => {
      const now = this.#options.clock.wallMs();
      for (let from = 0; from < tasks.length; from += MAX_A_STEP) {
        const some = tasks.slice(from, from + MAX_A_STEP);
        const keys = some.map(({ id }) => PREFIX + id);
        const words = some.flatMap(({ host, newestS, state }) => [host, now, newestS ?? '', state]);
        await redis.eval(PUT, keys.length, ...keys, Math.ceil(this.#options.keepMs), ...words);
      }
    });
  }

  async get(id: string): Promise<StoredTask | undefined> {
    const [host, at, newest, state] = await this.#ask((redis) =>
      redis.hmget(PREFIX + id, 'host', 'at', 'newest', 'state'),
    );
    const name = parseHostName(host ?? '');
    if (!name || !state) return undefined;
    return { id, host: name, storedAtMs: Number(at), newestS: newest ? Number(newest) : undefined, state };
  }

  /** What others keep in the same Redis can't be distinguished cheaply. */
  stats(): undefined {
    return undefined;
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    this.#fault = 'it is closed';
    const done = new AbortController();
    const closed = (this.#redis?.quit() ?? Promise.resolve()).catch(() => undefined).finally(() => done.abort());
    await Promise.race([closed, sleep(this.#options.clock, deadlineMs, done.signal)]);
    this.#redis?.disconnect();
  }

  /** The library is loaded only where it is wanted: it takes some megabytes. */
  async #connect(): Promise<void> {
    const { Redis } = await import('ioredis');
    if (this.#closing) return;
    const redis = new Redis(this.#options.url, {
      connectTimeout: CONNECT_MS,
      commandTimeout: COMMAND_MS,
      // A connection through which nothing comes any more is given up.
      socketTimeout: 2 * COMMAND_MS,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      protocol: 2,
      retryStrategy: () => this.#backoff.next(),
    });
    this.#redis = redis;
    redis.on('ready', () => {
      this.#backoff.reset();
      this.#fault = undefined;
      this.#once.recovered('redis', 'the task store answers again', { store: this.address });
    });
    redis.on('error', (error: Error) => this.#lost(messageOf(error)));
    redis.on('close', () => this.#lost('the connection is closed'));
  }

  async #ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = this.#redis;
    if (!redis || this.#fault !== undefined) throw this.#unavailable(this.#fault ?? 'not connected yet');
    if (this.#requests >= MAX_REQUESTS)
      throw new SatelliteError('overloaded', `${MAX_REQUESTS} requests already wait for ${this.address}`);
    this.#requests++;
    try {
      return await question(redis);
    } catch (error) {
      throw this.#unavailable(messageOf(error), error);
    } finally {
      this.#requests--;
    }
  }

  /** The first reason stays: what follows a lost connection only says that it is lost. */
  #lost(reason: string): void {
    if (this.#closing) return;
    this.#fault ??= reason;
    this.#once.warn('redis', 'the task store does not answer, trying again', { store: this.address });
    this.#options.log.debug({ store: this.address, reason }, 'the task store does not answer');
  }

  #unavailable(why: string, cause?: unknown): SatelliteError {
    return new SatelliteError('store-unavailable', `${this.address}: ${why}`, {}, cause === undefined ? {} : { cause });
  }
}
