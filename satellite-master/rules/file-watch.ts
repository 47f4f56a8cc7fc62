/**
 * Looks whether any of some files has changed, by asking for them again and again: that sees editors that put a new
 * file in the place of the old one, network file systems and the links of configuration maps alike.
 */
import { stat } from 'node:fs/promises';
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';

const LOOK_MS = 500;

/**
 * @param files asked anew each time
 * @param changed called once they have been the same, but other than before, for one look: an editor may still write
 */
export function watchFiles(files: () => readonly string[], clock: Clock, changed: () => void): Timer {
  let known: string | undefined;
  let last: string | undefined;
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    const marks = (await Promise.all(files().map(markOf))).join('\n');
    looking = false;
    known ??= marks;
    const still = marks === last;
    last = marks;
    if (!still || marks === known) return;
    known = undefined;
    changed();
  };
  void look();
  return clock.every(LOOK_MS, () => void look());
}

/** Never rejects: that a file can't be had is a mark too. */
async function markOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(file);
    return `${file} ${dev}:${ino}:${size}:${mtimeMs}`;
  } catch (error) {
    return `${file} ${messageOf(error)}`;
  }
}
