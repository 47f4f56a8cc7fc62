/** A commit as ZooKeeper takes it, and what to make of the tree when its answer was lost. Pure. */
import { SatelliteError } from '../../../shared/errors.ts';
import type { MultiOp } from '../../zookeeper/index.ts';
import type { AutomationCheck, Change } from './store.ts';
import type { Node, TreePaths } from './zookeeper-watcher.ts';

/** A request beyond 1,048,575 bytes makes the server drop the connection; some room is left for its frame. */
const MAX_BYTES = 1_000_000;
/** What a step takes beside path and data: header, version, rights of the new node, and the check that undoes it. */
const STEP_BYTES = 200;

/** @throws SatelliteError too-large, its member `most` says how many of the changes, in their order, fit one commit */
export function stepsOf(changes: readonly Change[], raise: AutomationCheck | undefined, paths: TreePaths): MultiOp[] {
  const steps: MultiOp[] = [];
  if (raise) steps.push(automationStep(raise, paths.automation));
  let bytes = steps.reduce((sum, step) => sum + bytesOf(step), 0);
  for (const [index, change] of changes.entries()) {
    const step = stepOf(change, paths);
    bytes += bytesOf(step);
    if (bytes > MAX_BYTES)
      throw new SatelliteError(
        'too-large',
        `more than ${MAX_BYTES} bytes at once; the first ${index} of ${changes.length} changes fit`,
        { most: index },
      );
    steps.push(step);
  }
  return steps;
}

function automationStep({ expect: version, data }: AutomationCheck, path: string): MultiOp {
  return data === undefined
    ? { op: 'check', path, version }
    : { op: 'set', path, version, data: Buffer.from(data, 'utf8') };
}

function stepOf({ host, expect, data }: Change, paths: TreePaths): MultiOp {
  const path = paths.of(host);
  if (expect === 'absent') return { op: 'create', path, data: Buffer.from(data ?? '', 'utf8') };
  if (data === null) return { op: 'remove', path, version: expect };
  return { op: 'set', path, version: expect, data: Buffer.from(data, 'utf8') };
}

function bytesOf(step: MultiOp): number {
  return STEP_BYTES + Buffer.byteLength(step.path) + ('data' in step ? step.data.length : 0);
}

/**
 * What lies there after a commit whose answer was lost says of it:
 * - `applied`: it was done;
 * - `before`: nothing of it is there. It may still be on its way, so it is not refused but sent once more: with the
 *   same versions only one of the two can be done, and both say the same;
 * - `conflict`: somebody else made the version that this commit would have made, so it can never have been done;
 * - `unclear`: others have written since, and over it if it was done.
 */
export type Verdict = 'applied' | 'before' | 'conflict' | 'unclear';

type Standing = 'done' | 'before' | 'other' | 'unclear';

/** @param nodes what lies there, in the order of the changes; `automation` likewise where it is part of the commit */
export function verdictOf(
  changes: readonly Change[],
  nodes: readonly (Node | undefined)[],
  raise: AutomationCheck | undefined,
  automation: Node | undefined,
): Verdict {
  const standings = changes.map((change, index) => standingOf(change, nodes[index]));
  // A check alone leaves no trace.
  const written = raise?.data === undefined ? undefined : { expect: raise.expect, data: raise.data };
  const all = written ? [...standings, standingOf(written, automation)] : standings;
  if (all.includes('other')) return 'conflict';
  if (all.includes('before')) return 'before';
  if (all.every((standing) => standing === 'done')) return 'applied';
  // All or none: one record with our text at our version proves the rest. The automation node proves nothing, its text
  // may be anybody's; neither does a record that is gone.
  const proven = changes.some(({ data }, index) => data !== null && standings[index] === 'done');
  return proven ? 'applied' : 'unclear';
}

function standingOf(
  { expect, data }: { expect: number | 'absent'; data: string | null },
  node: Node | undefined,
): Standing {
  if (!node) return data === null ? 'done' : expect === 'absent' ? 'before' : 'unclear';
  const { version } = node.stat;
  if (version === expect) return 'before';
  if (data === null) return 'unclear';
  const made = expect === 'absent' ? 0 : expect + 1;
  if (version !== made) return 'unclear';
  return node.data.equals(Buffer.from(data, 'utf8')) ? 'done' : 'other';
}
