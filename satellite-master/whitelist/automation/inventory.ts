/** Which hosts count for the guard, and which have left for good (docs/judgement.md, rule 11). Pure. */

import { type HostRecord, manualVerdict, readmissionOf } from '../record/index.ts';

/** What Mesos says of a host: `unsure` while it has not answered; `none`: no Mesos here. */
export type MesosRegistration = 'registered' | 'unregistered' | 'unsure' | 'none';

export interface InventoryFacts {
  readonly record: HostRecord | undefined;
  /** When the record was made, ms since 1970. */
  readonly createdMs: number;
  readonly nowMs: number;
  readonly mesos: MesosRegistration;
  /** For how long the host has been silent to this master, ms; undefined: it is heard. */
  readonly silentForMs: number | undefined;
  /** Its machine is in a maintenance window of Mesos, open or down: off by plan. */
  readonly planned?: boolean;
}

const NEW_FOR_MS = 3_600_000;
const SILENT_AND_GONE_MS = 86_400_000;

/** What is off by plan lies outside the budget. A new host widens it once Mesos knows it, or after an hour; one that is long silent and gone does not. */
export function countsForGuard({ record, createdMs, nowMs, mesos, silentForMs, planned }: InventoryFacts): boolean {
  if (planned) return false;
  if (mesos === 'registered') return true;
  if (silentForMs !== undefined && silentForMs > SILENT_AND_GONE_MS) return mesos === 'unsure';
  return mesos === 'none' || nowMs - createdMs >= NEW_FOR_MS || record?.changed?.cause === 'takeover';
}

/** Whether automation may forget it: off for so long, silent or not heard at all, unknown to Mesos, no word of an operator. */
export function mayForget(
  { record, nowMs, mesos, planned }: InventoryFacts,
  heardAlive: boolean,
  forgetAfterMs: number,
): boolean {
  if (!record || planned || heardAlive || mesos === 'registered' || mesos === 'unsure') return false;
  if (Object.keys(record['manual-events']).length > 0 || manualVerdict(record, nowMs / 1000).flag !== null)
    return false;
  const { offSinceS } = readmissionOf(record);
  return record['managed-flag'] === 'off' && offSinceS !== undefined && nowMs - offSinceS * 1000 > forgetAfterMs;
}
