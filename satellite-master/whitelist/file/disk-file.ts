/** The whitelist file on the disk. Thin: what is to be done with it is decided elsewhere. */
import { readFile, stat } from 'node:fs/promises';
import { removeLeftover, writeFileAtomically } from '../../../shared/atomic-file.ts';

export interface FileOnDisk {
  /**
   * What changes whenever somebody touches the file, also where size and time of change are set back; null: no file.
   * @throws Error where it is no regular file, and what the file system throws
   */
  mark(): Promise<string | null>;
  /** null: no file. @throws what the file system throws */
  read(): Promise<string | null>;
  /** Replaces the whole file. @throws what the file system throws */
  write(content: string): Promise<void>;
  /** What a killed process left half written. */
  removeLeftover(): Promise<void>;
}

export function fileOnDisk(path: string): FileOnDisk {
  return {
    async mark() {
      const found = await ifThere(stat(path, { bigint: true }));
      if (!found) return null;
      // Opening a pipe waits for its other end, perhaps for ever.
      if (!found.isFile())
        throw new Error(`not answering: it is ${found.isDirectory() ? 'a folder' : 'no regular file'}`);
      const { dev, ino, size, mtimeNs, ctimeNs } = found;
      return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
    },
    read: () => ifThere(readFile(path, 'utf8')),
    write: (content) => writeFileAtomically(path, content),
    removeLeftover: () => removeLeftover(path),
  };
}

async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
