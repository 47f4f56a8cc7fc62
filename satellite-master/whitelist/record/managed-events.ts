/** The managed side of a record after a decision: pure, from record to record (docs/judgement.md, rules 12-14). */

import { readmissionOf } from './readmission.ts';
import {
  emptyRecord,
  type Flag,
  type HostRecord,
  isMemory,
  READMISSION_ID,
  type RecordEvent,
  type RecordEvents,
  timeOf,
} from './record.ts';

/** A relapse is being taken off within so many seconds of the last readmission. */
const RELAPSE_WITHIN_S = 86_400;

/** A whole record in the store; beyond it automation keeps the worst events (docs/rest.md, "Records"). */
export const MAX_RECORD_BYTES = 256 * 1024;

/** What a rule wants of the managed events of a record: an event to stand there, or null for none. */
export type DesiredEvents = ReadonlyMap<string, RecordEvent | null>;

/** Takes the host off: with it goes what the next leader has to know. */
export function takenOff(record: HostRecord = emptyRecord, nowS: number): HostRecord {
  const { relapses, timeS } = readmissionOf(record);
  const relapsed = record['managed-flag'] === 'on' && timeS !== undefined && nowS - timeS < RELAPSE_WITHIN_S;
  const readmission = readmissionEvent(nowS, relapsed ? relapses + 1 : 0, nowS);
  return withFlag(record, 'off', { ...record['managed-events'], [READMISSION_ID]: readmission });
}

/** Puts the host on; one that automation had taken off keeps its relapses for a day. */
export function putOn(record: HostRecord = emptyRecord, nowS: number): HostRecord {
  if (record['managed-flag'] !== 'off') return withFlag(record, 'on', record['managed-events']);
  const { relapses, offSinceS } = readmissionOf(record);
  return withFlag(record, 'on', {
    ...record['managed-events'],
    [READMISSION_ID]: readmissionEvent(nowS, relapses, offSinceS),
  });
}

function withFlag(record: HostRecord, flag: Flag, events: RecordEvents): HostRecord {
  return { ...record, 'managed-flag': flag, 'managed-events': events };
}

function readmissionEvent(nowS: number, relapses: number, offSinceS: number | undefined): RecordEvent {
  const since = offSinceS === undefined ? {} : { 'off-since': String(offSinceS) };
  return { state: 'ok', time: nowS, ttl: RELAPSE_WITHIN_S, relapses: String(relapses), ...since };
}

/** The record with the managed events that the rules want; one that says the same already stays as it is (rule 14). */
export function withManagedEvents(record: HostRecord, desired: DesiredEvents): HostRecord {
  const events = new Map(Object.entries(record['managed-events']));
  for (const [id, event] of desired) {
    if (event === null) events.delete(id);
    else if (!isSameEvent(events.get(id), event)) events.set(id, event);
  }
  return withinBounds({ ...record, 'managed-events': Object.fromEntries(events) });
}

/** Time and metric of a later event of the same ill are no news: a new leader would rewrite every ill host for them. */
function isSameEvent(old: RecordEvent | undefined, event: RecordEvent): boolean {
  return (
    old !== undefined &&
    old.state === event.state &&
    (old.description ?? null) === (event.description ?? null) &&
    old['reported-state'] === event['reported-state']
  );
}

/** Drops managed events until the record fits: the least bad first, then the newest. */
function withinBounds(record: HostRecord): HostRecord {
  let bytes = sizeOf(record);
  if (bytes <= MAX_RECORD_BYTES) return record;
  const events = new Map(Object.entries(record['managed-events']));
  const leastFirst = [...events]
    .filter(([id]) => !isMemory(id))
    .sort(([, a], [, b]) => badness(a) - badness(b) || timeOf(b) - timeOf(a));
  for (const [id, event] of leastFirst) {
    if (bytes <= MAX_RECORD_BYTES) break;
    bytes -= sizeOf({ [id]: event });
    events.delete(id);
  }
  return { ...record, 'managed-events': Object.fromEntries(events) };
}

function badness({ state }: RecordEvent): number {
  return state === 'critical' ? 2 : state === 'expired' ? 1 : 0;
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
