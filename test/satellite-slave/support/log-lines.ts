import { pino } from 'pino';
import type { Log } from '../../../shared/log.ts';

/** A log that keeps its entries, and their messages, for a test to read. */
export function logLines(): { log: Log; lines: string[]; entries: Record<string, unknown>[] } {
  const lines: string[] = [];
  const entries: Record<string, unknown>[] = [];
  const write = (line: string) => {
    const entry = JSON.parse(line) as Record<string, unknown> & { msg: string };
    entries.push(entry);
    lines.push(entry.msg);
  };
  return { log: pino({ level: 'debug' }, { write }), lines, entries };
}
