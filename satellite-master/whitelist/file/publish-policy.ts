/** Whether the merged list may be written to the file now (docs/judgement.md, rules 20a to 24b, 28). Pure. */
import { createHash } from 'node:crypto';
import { escapeControls } from '../../../shared/text.ts';
import { deletionsIn, manualVerdict } from '../record/index.ts';
import type { Hold, HoldInput, HoldReason } from './hold.ts';
import type { Wanted } from './whitelist-file.ts';

/** Hosts that automation itself removed are gone from the list long before. */
const BY_HAND = 'manual';

export interface PolicyInput extends HoldInput {
  /** What the sources of holds say, the most important first. */
  readonly reasons: readonly HoldReason[];
  /** The content that an operator has confirmed. */
  readonly confirmed: string | undefined;
}

/** @returns the merged list, or why the file keeps its content */
export function publishPolicy(input: PolicyInput): Wanted {
  const { replica, present, hosts, reasons, confirmed } = input;
  if (!replica.complete)
    return { hold: unread(replica.state.kind === 'whole' ? 'not read yet' : replica.state.reason) };
  const empty = hosts.length === 0 ? reasonOfEmpty(input) : undefined;
  const reason = reasons[0] ?? empty;
  if (!reason) return { hosts };
  const digest = digestOf(hosts);
  if (digest === confirmed && !empty) return { hosts };
  const wanted = new Set<string>(hosts);
  const had = new Set(present);
  return {
    hold: {
      ...reason,
      digest,
      missing: present.filter((line) => !wanted.has(line)),
      added: hosts.filter((host) => !had.has(host)),
    },
  };
}

/** Of the content of a file with these lines. */
export function digestOf(lines: readonly string[]): string {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  return hash.digest('hex');
}

function unread(reason: string): Hold {
  return { rule: '28', reason, digest: null, missing: [], added: [] };
}

/** Rule 24: an empty list has to be meant. */
function reasonOfEmpty({ replica, present, nowS }: HoldInput): HoldReason | undefined {
  for (const { host, record } of replica.entries()) {
    if (!record || manualVerdict(record, nowS).flag !== 'off')
      return { rule: '24', reason: `no host would be left on it, and not all are off by hand: ${host} is not` };
  }
  const deletions = deletionsIn(replica.automation.data).filter(({ cause }) => cause === BY_HAND);
  const deleted = new Set<string>(deletions.map(({ host }) => host));
  const unmeant = present.find((line) => !replica.knows(line) && !deleted.has(line));
  if (unmeant === undefined) return undefined;
  return { rule: '24', reason: `no host would be left on it, and ${escapeControls(unmeant)} was not deleted by hand` };
}
