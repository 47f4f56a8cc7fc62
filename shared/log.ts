import { LRUCache } from 'lru-cache';
import { destination, type Logger, pino } from 'pino';
import type { Clock } from './clock.ts';

/** One JSON line an entry, on standard error: standard output belongs to what a command prints. */
export type Log = Logger;

export function createLog(name: string): Log {
  const level = process.env['SATELLITE_LOG_LEVEL'] ?? 'info';
  return pino(
    { name, level, base: { name, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ fd: 2, sync: true }),
  );
}

/** For tests and for parts that nobody listens to. */
export const silentLog: Log = pino({ level: 'silent' });

/** A message without variable parts: a template with a part of type `string` is refused by the compiler. */
type Constant<M extends string> = Record<never, never> extends Record<M, unknown> ? never : M;

/** The variable parts of a log line; its message is constant. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A fault that lasts is logged again this often. */
const REPEAT_INTERVAL_MS = 600_000;
/** A fault that did not occur for this long is a new one when it occurs again. */
const QUIET_MS = 2 * REPEAT_INTERVAL_MS;
/** Lines within one interval: of one fault (its error may change), and of one message (it may concern many hosts). */
const MAX_LINES_PER_INTERVAL = 10;
const MAX_KEYS = 1_000;

interface Fault {
  readonly startedMs: number;
  lastMs: number;
  count: number;
  readonly lines: LineBudget;
  /** Message and error of the lines of this interval. */
  readonly logged: Set<string>;
}

/**
 * Logs a fault that repeats when it begins, when its error changes, every 10 minutes while it lasts, and when it is
 * over, with its duration and count; other occurrences are only counted. Bounded: at most 10 lines of one message in
 * 10 minutes (`suppressed` counts the others), and the faults that occurred longest ago are forgotten first.
 */
export class OnceLog {
  readonly #log: Log;
  readonly #clock: Pick<Clock, 'monoMs'>;
  readonly #faults = new LRUCache<string, Fault>({ max: MAX_KEYS });
  readonly #messages = new LRUCache<string, LineBudget>({ max: MAX_KEYS });

  constructor(log: Log, clock: Pick<Clock, 'monoMs'>) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * @param key what has failed: one fault lasts per key
   * @param message constant, lower case; all that varies is in `fields`
   * @param fields where `err` changes, the line is logged at once
   */
  warn<M extends string>(key: string, message: Constant<M>, fields: LogFields = {}): void {
    const nowMs = this.#clock.monoMs();
    const fault = this.#occurred(key, nowMs);
    if (fault.lines.renew(nowMs)) fault.logged.clear();
    const text = `${message}\n${String(fields['err'] ?? '')}`;
    if (fault.logged.has(text) || !fault.lines.left) return;
    const lines = this.#budgetOf(message, nowMs);
    if (!lines.left) {
      lines.suppressed++;
      return;
    }
    const suppressed = lines.suppressed;
    const { count, startedMs } = fault;
    this.#log.warn(
      {
        ...fields,
        ...(count > 1 ? { count, durationMs: Math.round(nowMs - startedMs) } : {}),
        ...(suppressed > 0 ? { suppressed } : {}),
      },
      message,
    );
    lines.spend();
    lines.suppressed = 0;
    fault.lines.spend();
    fault.logged.add(text);
  }

  /** The fault is over: logged, with its duration and count, where its beginning was. */
  recovered<M extends string>(key: string, message: Constant<M>, fields: LogFields = {}): void {
    const fault = this.#faults.peek(key);
    if (!fault) return;
    this.#faults.delete(key);
    if (!fault.lines.everSpent) return;
    const durationMs = Math.round(this.#clock.monoMs() - fault.startedMs);
    this.#log.info({ ...fields, count: fault.count, durationMs }, message);
  }

  #occurred(key: string, nowMs: number): Fault {
    const known = this.#faults.get(key);
    const fault: Fault =
      known && nowMs - known.lastMs < QUIET_MS
        ? known
        : { startedMs: nowMs, lastMs: nowMs, count: 0, lines: new LineBudget(nowMs), logged: new Set() };
    if (fault !== known) this.#faults.set(key, fault);
    fault.lastMs = nowMs;
    fault.count++;
    return fault;
  }

  #budgetOf(message: string, nowMs: number): LineBudget {
    const budget = this.#messages.get(message) ?? new LineBudget(nowMs);
    this.#messages.set(message, budget);
    budget.renew(nowMs);
    return budget;
  }
}

class LineBudget {
  suppressed = 0;
  everSpent = false;
  #sinceMs: number;
  #spent = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  get left(): boolean {
    return this.#spent < MAX_LINES_PER_INTERVAL;
  }

  /** @returns whether a new interval has begun */
  renew(nowMs: number): boolean {
    if (nowMs - this.#sinceMs < REPEAT_INTERVAL_MS) return false;
    this.#sinceMs = nowMs;
    this.#spent = 0;
    return true;
  }

  spend(): void {
    this.#spent++;
    this.everSpent = true;
  }
}
