/** What `--check` says of `data-dir`. Looks at the folders, makes none. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../../../shared/errors.ts';

/** What keeps the folder from being made or written: at most one sentence. */
export async function faultsOfDataDir(dataDir: string): Promise<readonly string[]> {
  const fault = (text: string) => [
    `data-dir: found ${JSON.stringify(dataDir)}, ${text}, expected a folder in which satellite-master may create files`,
  ];
  for (let folder = resolve(dataDir); ; folder = dirname(folder)) {
    try {
      if (!(await stat(folder)).isDirectory()) return fault(`but ${folder} is no folder`);
      await access(folder, constants.W_OK | constants.X_OK);
      return [];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Missing folders are made at the start, below the first one that is there.
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || folder === dirname(folder)) return fault(messageOf(error));
    }
  }
}
