/**
 * Opens a LevelDB folder whose content decides nothing, whatever has become of its files. LevelDB repairs some damage,
 * reports some, and ends the whole process on some (a failed assertion): so what ends a start twice is put aside.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ClassicLevel, type OpenOptions } from 'classic-level';
import { messageOf } from './errors.ts';

export interface OpenedFolder<T> {
  readonly level: ClassicLevel<string, string>;
  /** What `check` has returned. */
  readonly checked: T;
  /** What was done about damage; undefined: none was found. */
  readonly damage: string | undefined;
}

export interface LevelFolderOptions<T> {
  readonly folder: string;
  readonly nowMs: number;
  readonly open?: OpenOptions;
  /** Reads what has to be readable. @throws where it is not */
  readonly check: (level: ClassicLevel<string, string>) => Promise<T>;
}

/** So many starts may end while the folder is being opened: one may be a coincidence. */
const MAX_UNFINISHED = 2;

/** @throws what LevelDB throws for other reasons than damage, such as a lock or a full disk */
export async function openLevelFolder<T>({
  folder,
  nowMs,
  open = {},
  check,
}: LevelFolderOptions<T>): Promise<OpenedFolder<T>> {
  await mkdir(dirname(folder), { recursive: true });
  const mark = `${folder}.opening`;
  const unfinished = Number((await readFile(mark, 'utf8').catch(() => '0')).slice(0, 4)) || 0;
  const aside = `${folder}.damaged-${new Date(nowMs).toISOString().replaceAll(':', '')}`;
  let damage: string | undefined;
  if (unfinished >= MAX_UNFINISHED) {
    await rename(folder, aside).catch(() => undefined);
    damage = `it ended this process ${unfinished} times while it was opened; it is put aside as ${aside}`;
  }
  await writeFile(mark, String(damage === undefined ? unfinished + 1 : 1));
  const attempt = async () => {
    const level = new ClassicLevel<string, string>(folder);
    await level.open(open);
    try {
      return { level, checked: await check(level) };
    } catch (error) {
      await level.close();
      throw error;
    }
  };
  try {
    try {
      // Without that file LevelDB would remove all others and begin an empty database.
      if (await lacksCurrent(folder)) throw new DamageError('the file CURRENT is missing');
      return { ...(await attempt()), damage };
    } catch (error) {
      if (!isDamage(error)) throw error;
      damage = `${messageOf(error)}; it is repaired as far as that goes`;
    }
    await ClassicLevel.repair(folder).catch(() => undefined);
    try {
      return { ...(await attempt()), damage };
    } catch (error) {
      if (!isDamage(error)) throw error;
      damage = `${messageOf(error)}; it cannot be repaired and is put aside as ${aside}`;
    }
    await rename(folder, aside);
    return { ...(await attempt()), damage };
  } finally {
    await rm(mark, { force: true });
  }
}

class DamageError extends Error {
  override readonly name = 'DamageError';
  readonly code = 'LEVEL_CORRUPTION';
}

async function lacksCurrent(folder: string): Promise<boolean> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return names.some((name) => /\.(ldb|log)$/.test(name)) && !names.includes('CURRENT');
}

/** Errors that say nothing of the files themselves. */
const ENVIRONMENT =
  /no space|permission denied|not permitted|too many open files|file too large|read-only|quota|resource temporarily|cannot allocate/i;

function isDamage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!('code' in cause)) continue;
    if (cause.code === 'LEVEL_CORRUPTION') return true;
    if (cause.code === 'LEVEL_IO_ERROR') return !ENVIRONMENT.test(messageOf(error));
  }
  return false;
}
