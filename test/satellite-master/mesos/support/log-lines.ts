import { pino } from 'pino';
import type { Log } from '../../../../shared/log.ts';

export interface LogLine {
  readonly msg: string;
  readonly err?: string;
  readonly detail?: string;
  readonly url?: string;
}

/** A log whose entries can be looked at. */
export function logLines(): { readonly log: Log; readonly lines: () => readonly LogLine[] } {
  const lines: LogLine[] = [];
  const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line) as LogLine) });
  return { log, lines: () => lines };
}
