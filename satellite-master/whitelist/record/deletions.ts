/**
 * Who deleted what: the text of the automation node. A deleted record can't tell it any more, so this does,
 * for every master's history and for the question whether an empty whitelist was meant (docs/judgement.md, rules 21, 24).
 */

import type { HostName } from '../../../shared/host-name.ts';
import { membersIn } from './automation-text.ts';

export interface Deletion {
  readonly host: HostName;
  /** The version of the record that was deleted. */
  readonly version: number;
  /** Unix seconds. */
  readonly time: number;
  readonly by: string;
  readonly as: string | null;
  readonly cause: string;
  readonly reason: string;
}

/** Enough for every master to see each, also after a short absence; the node is rewritten with each managed off. */
const MOST_DELETIONS = 200;

/** A text that can't be read contains no deletions: the node may have been written by hand. */
export function deletionsIn(text: string): readonly Deletion[] {
  const { deleted } = membersIn(text);
  return Array.isArray(deleted) ? (deleted as unknown[]).filter(isDeletion) : [];
}

export function withDeletions(text: string, added: readonly Deletion[]): string {
  return JSON.stringify({ ...membersIn(text), deleted: [...deletionsIn(text), ...added].slice(-MOST_DELETIONS) });
}

function isDeletion(value: unknown): value is Deletion {
  return (
    typeof value === 'object' &&
    value !== null &&
    'host' in value &&
    typeof value.host === 'string' &&
    'version' in value &&
    typeof value.version === 'number'
  );
}
