/** What a record remembers of the last time automation took its host off or put it back on. Pure. */
import { type HostRecord, READMISSION_ID } from './record.ts';

/** What the record holds about the last time automation took the host off or readmitted it (rule 13). */
export interface Readmission {
  readonly relapses: number;
  /** Unix seconds; undefined: unknown. */
  readonly offSinceS: number | undefined;
  /** When the event was written: the last time the flag went off or back on, unix seconds. */
  readonly timeS: number | undefined;
}

export function readmissionOf(record: HostRecord | undefined): Readmission {
  const event = record?.['managed-events'][READMISSION_ID];
  return {
    relapses: Math.max(0, Math.floor(numberIn(event?.['relapses']) ?? 0)),
    offSinceS: numberIn(event?.['off-since']),
    timeS: event?.time ?? undefined,
  };
}

function numberIn(text: unknown): number | undefined {
  const value = typeof text === 'string' && text !== '' ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}
