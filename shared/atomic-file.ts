import { chmod, chown, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Replaces a file so that a reader sees the old content or the new, never a part, also after a power cut:
 * temporary file in the same folder, fsync, rename, fsync of the folder. The mode of the old file is kept (new: 0644), and
 * its owner where this process may do that; a symbolic link is followed and stays a link.
 * @throws what the file system throws (ENOENT for a missing folder, EACCES, ENOSPC …); the old file is then untouched
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const target = await targetOf(path);
  const old = await stat(target).catch(() => undefined);
  const folder = dirname(target);
  const temporary = temporaryOf(target);
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      if (old && (old.uid !== process.getuid?.() || old.gid !== process.getgid?.())) await keepOwner(temporary, old);
      // After the owner: a change of owner may take bits of the mode away.
      await chmod(temporary, old ? old.mode & 0o7777 : 0o644);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what a killed process left half written. @throws what the file system throws */
export async function removeLeftover(path: string): Promise<void> {
  await rm(temporaryOf(await targetOf(path)), { force: true });
}

function temporaryOf(target: string): string {
  return join(dirname(target), `.${basename(target)}.satellite.tmp`);
}

/** Only root may give files away; others may give them to a group of theirs. */
async function keepOwner(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): Promise<void> {
  await chown(path, uid, gid).catch(async (error: unknown) => {
    if (!isCode(error, 'EPERM')) throw error;
    await chown(path, process.getuid?.() ?? uid, gid).catch((second: unknown) => {
      if (!isCode(second, 'EPERM')) throw second;
    });
  });
}

/** The path behind symbolic links; a link may also point to a file that does not exist yet. */
async function targetOf(path: string, linksLeft = 40): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    const link = await readlink(path).catch(() => undefined);
    if (link === undefined || linksLeft === 0) return path;
    return targetOf(resolve(dirname(path), link), linksLeft - 1);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
