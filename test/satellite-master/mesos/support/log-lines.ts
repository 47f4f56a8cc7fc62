import { pino } from 'pino';
import type { Log } from '../../../../shared/log.ts';

/** A log whose entries can be looked at. */
export function logLines(): { readonly log: Log; readonly lines: () => readonly { readonly msg: string }[] } {
  const lines: { msg: string }[] = [];
  const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line) as { msg: string }) });
  return { log, lines: () => lines };
}
