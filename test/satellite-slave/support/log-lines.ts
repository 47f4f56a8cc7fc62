import { pino } from 'pino';
import type { Log } from '../../../shared/log.ts';

/** A log that keeps its lines for a test to read. */
export function logLines(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
  );
  return { log, lines };
}
