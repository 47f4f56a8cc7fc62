/** What others than the rules did to a record: what a played master has to be told, since it can't find it out itself. */
import type { HostRecord } from '../whitelist/record/index.ts';

/** The manual list, or that the host was taken over from a file; all else the rules of a played master do themselves. */
export function isOthersWork(before: HostRecord | undefined, after: HostRecord | undefined): boolean {
  if (!before && after?.changed?.cause === 'takeover') return true;
  return JSON.stringify(manualOf(before)) !== JSON.stringify(manualOf(after));
}

export function manualOf(record: HostRecord | undefined): Pick<HostRecord, 'manual-flag' | 'manual-events'> {
  return { 'manual-flag': record?.['manual-flag'] ?? null, 'manual-events': record?.['manual-events'] ?? {} };
}

/** Whether the manual list says nothing. */
export function isUnmanned({ 'manual-flag': flag, 'manual-events': events }: ReturnType<typeof manualOf>): boolean {
  return flag === null && Object.keys(events).length === 0;
}
