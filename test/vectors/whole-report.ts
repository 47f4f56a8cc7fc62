/** What the tests ask of a file of vectors. */
import { basename } from 'node:path';
import { reportOn } from './run.ts';

/** The slave's recipes start programs: they are integration tests. */
export function isOfSlave(path: string): boolean {
  return basename(path).startsWith('slave-');
}

/** @returns what differs without a reason, and how many cases were not counted; an empty file counts as one of these */
export async function wholeReportOn(path: string): Promise<{ problems: readonly string[]; missing: number }> {
  const { total, passed, onPurpose, problems } = await reportOn(path);
  const explained = [...onPurpose.values()].reduce((sum, count) => sum + count, 0);
  return { problems, missing: total === 0 ? 1 : total - passed - explained };
}
