import { LRUCache } from 'lru-cache';
import { destination, type Logger, pino } from 'pino';

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

/**
 * Says a repeated fault once: the first time and whenever its text changes; in between it is only counted.
 * Bounded: the keys seen longest ago are forgotten first.
 */
export class OnceLog {
  readonly #log: Log;
  readonly #said = new LRUCache<string, { text: string; times: number }>({ max: 1000 });

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param key what has failed, e.g. an address; `text` how */
  warn(key: string, text: string): void {
    const last = this.#said.get(key);
    if (last?.text === text) {
      last.times++;
      return;
    }
    this.#said.set(key, { text, times: 1 });
    this.#log.warn(text);
  }

  /** It works again: says so where something had been said, with how often it had failed. */
  recovered(key: string, text: string): void {
    const last = this.#said.get(key);
    if (!last) return;
    this.#said.delete(key);
    this.#log.info({ failures: last.times }, text);
  }
}
