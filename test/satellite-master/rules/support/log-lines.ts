import { pino } from 'pino';
import type { Log } from '../../../../shared/log.ts';

export interface LogLines {
  readonly log: Log;
  /** Texts of what was warned of. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Beside the message, of all lines in their order. */
  readonly fields: readonly object[];
}

export function logLines(): LogLines {
  const warnings: string[] = [];
  const infos: string[] = [];
  const fields: object[] = [];
  const log = pino(
    { base: null },
    {
      write: (line) => {
        const { level, msg, ...given } = JSON.parse(line) as { level: number; msg: string };
        fields.push(given);
        (level >= 40 ? warnings : infos).push(msg);
      },
    },
  );
  return { log, warnings, infos, fields };
}
