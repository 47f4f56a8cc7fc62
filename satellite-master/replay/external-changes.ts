/** Changes of a record that the rules did not make: a simulated master has to be given them, since it does not make them itself. Pure. */
import type { HostRecord } from '../whitelist/record/index.ts';

/** Of the manual list, or the import of a host from a file; everything else a simulated master does itself. */
export function isExternalChange(before: HostRecord | undefined, after: HostRecord | undefined): boolean {
  if (!before && after?.changed?.cause === 'takeover') return true;
  return JSON.stringify(manualOf(before)) !== JSON.stringify(manualOf(after));
}

export function manualOf(record: HostRecord | undefined): Pick<HostRecord, 'manual-flag' | 'manual-events'> {
  return { 'manual-flag': record?.['manual-flag'] ?? null, 'manual-events': record?.['manual-events'] ?? {} };
}

/** Whether the manual list has no flag and no event. */
export function hasNoManualList({
  'manual-flag': flag,
  'manual-events': events,
}: ReturnType<typeof manualOf>): boolean {
  return flag === null && Object.keys(events).length === 0;
}
