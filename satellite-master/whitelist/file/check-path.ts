/** What `--check` says of `local-whitelist-path`. Looks at the file and its folder, changes nothing. */
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../../shared/errors.ts';

/** The form alone. @returns what is wrong with it, and what is expected */
export function faultOfForm(path: string): { readonly found: string; readonly expected: string } | undefined {
  const found = JSON.stringify(path);
  if (/^file:/i.test(path)) return { found, expected: `a path, such as ${JSON.stringify(pathOfUrl(path))}` };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return { found, expected: 'a path, such as "/etc/mesos/whitelist"' };
  if (path.endsWith('/'))
    return { found: `${found}, a folder`, expected: `a file, such as ${JSON.stringify(`${path}whitelist`)}` };
  return undefined;
}

/** What keeps the file from being written: each is one sentence. */
export async function faultsOfPath(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory())
    return [
      `local-whitelist-path: found ${JSON.stringify(path)}, a folder, expected a file, such as ${JSON.stringify(`${path}/whitelist`)}`,
    ];
  if (found && !found.isFile())
    return [`local-whitelist-path: found ${JSON.stringify(path)}, which is no regular file, expected a file`];
  const folder = dirname(await realpath(path).catch(() => resolve(path)));
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    return [
      `local-whitelist-path: found ${JSON.stringify(path)}, whose folder is not writable (${messageOf(error)}), expected a file in a folder in which satellite-master may create files`,
    ];
  }
}

/** What will not stay as it is when the file is written. */
export async function warningsOfPath(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (!found || uid === undefined || uid === 0 || (found.uid === uid && found.gid === gid)) return [];
  return [
    `the whitelist file belongs to user ${found.uid}, group ${found.gid}; satellite-master runs as user ${uid}, group ${gid}, and may not keep that: the file will belong to it`,
  ];
}

function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return '/etc/mesos/whitelist';
  }
}
