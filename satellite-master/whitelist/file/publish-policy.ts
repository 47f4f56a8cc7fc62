/** Whether the merged list may be written to the file now, and what it is: pure but for what it is given (docs/judgement.md, rules 24, 28). */
import { parseHostName } from '../../../shared/host-name.ts';
import { escapeControls } from '../../../shared/text.ts';
import { offLimit } from '../automation/index.ts';
import { deletionsIn, manualVerdict } from '../record/index.ts';
import type { Replica } from '../replica.ts';
import type { Wanted } from './whitelist-file.ts';

/** Hosts that automation itself forgot are gone from the list long before. */
const BY_HAND = 'manual';

export interface PublicationInput {
  readonly replica: Replica;
  /** The lines of the file as it is. */
  readonly present: readonly string[];
  /** `managed-off-limit`. */
  readonly offShare: number;
  /** Unix seconds. */
  readonly nowS: number;
}

/**
 * @returns the merged list, or why the file is held: the store was not read whole yet; more hosts vanished from it
 *   than the guard would let automation take off; the list is empty and not every host is off or deleted by hand
 */
export function wantedFile({ replica, present, offShare, nowS }: PublicationInput): Wanted {
  if (!replica.complete) return { hold: replica.state.kind === 'whole' ? 'not read yet' : replica.state.reason };
  const hosts = replica.on();
  const hold = hosts.length > 0 ? faultOfVanished(replica, present, offShare) : faultOfEmpty(replica, present, nowS);
  return hold === undefined ? { hosts } : { hold };
}

/** A tree that was wiped or given to another cluster looks like this: lines without a record, and nobody deleted them. */
function faultOfVanished(replica: Replica, present: readonly string[], offShare: number): string | undefined {
  const unknown = present.filter((line) => !replica.knows(line));
  if (unknown.length <= 1) return undefined;
  const deleted = new Set<string>(deletionsIn(replica.automation.data).map(({ host }) => host));
  const vanished = unknown.filter((line) => parseHostName(line) && !deleted.has(line)).length;
  const limit = offLimit({ share: offShare, inventory: replica.size + vanished });
  return vanished <= limit
    ? undefined
    : `${vanished} of its hosts vanished from the store and nobody deleted them; automation may take ${limit} off at most`;
}

/** Rule 24: an empty list has to be meant. */
function faultOfEmpty(replica: Replica, present: readonly string[], nowS: number): string | undefined {
  for (const { host, record } of replica.entries()) {
    if (!record || manualVerdict(record, nowS).flag !== 'off')
      return `no host would be left on it, and not all are off by hand: ${host} is not`;
  }
  const deletions = deletionsIn(replica.automation.data).filter(({ cause }) => cause === BY_HAND);
  const deleted = new Set<string>(deletions.map(({ host }) => host));
  const unmeant = present.find((line) => !replica.knows(line) && !deleted.has(line));
  return unmeant === undefined
    ? undefined
    : `no host would be left on it, and ${escapeControls(unmeant)} was not deleted by hand`;
}
