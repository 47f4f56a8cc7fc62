import { chmod, chown, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
/**
 * Replaces a file so that a reader sees the old content or the new, never a part, also after a power cut:
 * temporary file in the same folder, fsync, rename, fsync of the folder. Mode and owner of the old file
 * are kept (new: 0644); a symbolic link is followed and stays a link.
 * @throws what the file system throws (ENOENT for a missing folder, EACCES, ENOSPC …); the old file is then untouched
 */
export async function writeFileAtomically(path, content) {
    const target = await realpath(path).catch((error) => {
        if (error.code === 'ENOENT')
            return path;
        throw error;
    });
    const old = await stat(target).catch(() => undefined);
    const folder = dirname(target);
    const temporary = join(folder, `.${basename(target)}.satellite.tmp`);
    try {
        await rm(temporary, { force: true });
        const file = await open(temporary, 'wx', 0o600);
        try {
            await file.writeFile(content);
            await chmod(temporary, old ? old.mode & 0o7777 : 0o644);
            if (old && (old.uid !== process.getuid?.() || old.gid !== process.getgid?.()))
                await chown(temporary, old.uid, old.gid);
            await file.sync();
        }
        finally {
            await file.close();
        }
        await rename(temporary, target);
    }
    catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw error;
    }
    const handle = await open(folder, 'r');
    try {
        await handle.sync();
    }
    finally {
        await handle.close();
    }
}
