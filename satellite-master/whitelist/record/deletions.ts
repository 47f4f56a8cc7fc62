/**
 * Which records were deleted through Satellite, by whom and why: a part of the text of the automation node. A deleted
 * record can't say so any more. Every master reads it for its history, for the question whether an empty whitelist is
 * meant, and to distinguish a deletion from a record that disappeared (docs/judgement.md, rules 21, 24, 24a).
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

/** That a record was deleted, without the details. */
export interface DeletionMark {
  readonly host: HostName;
  readonly version: number;
  /** Unix seconds. */
  readonly time: number;
}

/** With details; the node is rewritten with each managed off. */
const MAX_DELETIONS = 200;
/** Older deletions keep their mark, for masters that were away: for a day, and as many as fit. */
const MARK_TTL_S = 86_400;
const MAX_MARK_BYTES = 128 * 1024;
/** Between the clock of the store, which dates a record, and that of the master, which dates its deletion. */
const MAX_SKEW_MS = 60_000;

/** A text that can't be read contains no deletions: the node may have been written by hand. */
export function deletionsIn(text: string): readonly Deletion[] {
  const { deleted } = membersIn(text);
  return Array.isArray(deleted) ? (deleted as unknown[]).filter(isDeletion) : [];
}

/** All deletions that the text knows of, the oldest first. */
export function deletionMarksIn(text: string): readonly DeletionMark[] {
  return [...marksIn(text), ...deletionsIn(text)];
}

/**
 * Whether the deletion is the one of this record: not of an earlier record of the host, and not before changes that were
 * seen. Changes just before the deletion may not have been seen.
 */
export function isDeletionOf(
  { version, time }: Pick<DeletionMark, 'version' | 'time'>,
  record: { readonly version: number; readonly createdMs: number },
): boolean {
  return version >= record.version && time * 1000 >= record.createdMs - MAX_SKEW_MS;
}

/** Adds deletions: all of them are marked, whatever their number, and the newest keep their details. */
export function withDeletions(text: string, added: readonly Deletion[]): string {
  const all = [...deletionsIn(text), ...added];
  const deleted = all.slice(-MAX_DELETIONS);
  const newestS = added.reduce((newest, { time }) => Math.max(newest, time), 0);
  const older = [...marksIn(text), ...all.slice(0, -MAX_DELETIONS)].filter(({ time }) => time > newestS - MARK_TTL_S);
  return JSON.stringify({ ...membersIn(text), deleted, 'deleted-before': textOf(older) });
}

/** The newest marks that fit. */
function textOf(marks: readonly DeletionMark[]): readonly string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const { host, version, time } of marks.toReversed()) {
    const mark = `${host} ${version} ${Math.round(time)}`;
    bytes += mark.length + 3;
    if (bytes > MAX_MARK_BYTES) break;
    kept.push(mark);
  }
  return kept.reverse();
}

function marksIn(text: string): readonly DeletionMark[] {
  const { 'deleted-before': marks } = membersIn(text);
  if (!Array.isArray(marks)) return [];
  return (marks as unknown[]).flatMap((mark) => {
    const [, host, version, time] = /^(\S+) (\d+) (\d+)$/.exec(typeof mark === 'string' ? mark : '') ?? [];
    return host === undefined ? [] : [{ host: host as HostName, version: Number(version), time: Number(time) }];
  });
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
