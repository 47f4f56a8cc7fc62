/** Keeps a second process out of a folder; the lock ends with the process, however that ends. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Node has no file locks. LevelDB holds one (`fcntl`) for as long as a database is open, so an empty one is opened; its
 * other files mean nothing, and are removed before, so that damage to them cannot matter.
 * @throws what LevelDB throws; {@link isLocked}: another process has it
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'lock');
  await mkdir(path, { recursive: true, mode: 0o700 });
  for (const name of await readdir(path)) if (name !== 'LOCK') await rm(join(path, name), { recursive: true });
  const level = new ClassicLevel(path);
  await level.open();
  return { release: () => level.close() };
}

/** Whether it failed because another process (or another store of this one) has the folder. */
export function isLocked(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && cause.code === 'LEVEL_LOCKED') return true;
  return false;
}
