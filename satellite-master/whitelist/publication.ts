/** Whether the merged list may be written to the file now, and what it is: pure but for what it is given (judgement.md 24, 28). */
import { parseHostName } from '../../shared/host-name.ts';
import { escapeControls } from '../../shared/text.ts';
import { deletionsIn } from './deletions.ts';
import type { Wanted } from './file.ts';
import { manualVerdict } from './record.ts';
import type { Replica } from './replica.ts';

/** Hosts that automation itself forgot are gone from the list long before. */
const BY_HAND = 'manual';

/**
 * @param present the lines of the file as it is
 * @returns the merged list, or why the file is held: the store was not read whole yet, or the list is empty and not
 *   every host is off by hand or deleted by hand
 */
export function wantedFile(replica: Replica, present: readonly string[], nowS: number): Wanted {
  if (!replica.complete) return { hold: replica.state.kind === 'whole' ? 'not read yet' : replica.state.reason };
  const hosts = replica.on();
  if (hosts.length > 0) return { hosts };
  for (const { host, record } of replica.entries()) {
    if (!record || manualVerdict(record, nowS).flag !== 'off')
      return { hold: `no host would be left on it, and not all are off by hand: ${host} is not` };
  }
  const deleted = new Set<string>(
    deletionsIn(replica.automation.data)
      .filter(({ cause }) => cause === BY_HAND)
      .map(({ host }) => host),
  );
  for (const line of present) {
    const host = parseHostName(line);
    if (!host || !(replica.get(host) || deleted.has(host)))
      return { hold: `no host would be left on it, and ${escapeControls(line)} was not deleted by hand` };
  }
  return { hosts };
}
