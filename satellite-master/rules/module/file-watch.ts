/**
 * Looks whether any of some files has changed, by asking for them again and again: that sees editors that put a new
 * file in the place of the old one, network file systems and the links of configuration maps alike.
 */
import { type Stats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock, Timer } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';

const LOOK_MS = 500;

/** What a file looks like from outside, by path. */
type Marks = ReadonlyMap<string, string>;

/**
 * @param files asked at each look; unchanged since they were read when this is called
 * @param changed called once they have been the same, but other than before, for one look: an editor may still write
 */
export function watchFiles(files: () => readonly string[], clock: Clock, changed: () => void): Timer {
  let known: Marks = new Map(files().map((file) => [file, markNow(file)]));
  let last = known;
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    const marks: Marks = new Map(await Promise.all(files().map(async (file) => [file, await markOf(file)] as const)));
    looking = false;
    const still = same(marks, last);
    last = marks;
    if (!still || same(marks, known)) return;
    changed();
    // As they were before they were read: what changes while they are read is seen at the next look.
    known = new Map(files().map((file) => [file, marks.get(file) ?? markNow(file)]));
    last = known;
  };
  return clock.every(LOOK_MS, () => void look());
}

function same(a: Marks, b: Marks): boolean {
  return a.size === b.size && [...a].every(([file, mark]) => b.get(file) === mark);
}

/** Never rejects: that a file can't be had is a mark too. */
async function markOf(file: string): Promise<string> {
  return stat(file).then(markOfStats, messageOf);
}

function markNow(file: string): string {
  try {
    return markOfStats(statSync(file));
  } catch (error) {
    return messageOf(error);
  }
}

function markOfStats({ dev, ino, size, mtimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}`;
}
