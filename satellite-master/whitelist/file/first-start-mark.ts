/** Remembers, in `data-dir`, which whitelist files this master has already dealt with: a first start is one per file. */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomically } from '../../../shared/atomic-file.ts';

/** `importing`: begun and not finished; `comparing`: copied, and not written yet; `done`: written by this master. */
export type FirstStart = 'importing' | 'comparing' | 'done';

const STATES: ReadonlySet<unknown> = new Set(['importing', 'comparing', 'done'] satisfies FirstStart[]);
/** The oldest go first. */
const MAX_FILES = 100;

export class FirstStartMark {
  readonly #dataDir: string;
  readonly #path: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#path = join(dataDir, 'published.json');
  }

  /** undefined: this master has never published this file. @throws what the file system throws */
  async of(file: string): Promise<FirstStart | undefined> {
    return (await this.#read()).get(resolve(file));
  }

  /** @throws what the file system throws */
  async set(file: string, state: FirstStart): Promise<void> {
    const files = await this.#read();
    files.delete(resolve(file));
    files.set(resolve(file), state);
    await mkdir(this.#dataDir, { recursive: true });
    const newest = Object.fromEntries([...files].slice(-MAX_FILES));
    await writeFileAtomically(this.#path, `${JSON.stringify({ files: newest })}\n`);
  }

  async #read(): Promise<Map<string, FirstStart>> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}';
      throw error;
    });
    return filesIn(text);
  }
}

/** A mark that can't be read says nothing: then the file is compared again, which changes nothing. */
function filesIn(text: string): Map<string, FirstStart> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new Map();
  }
  if (typeof value !== 'object' || value === null) return new Map();
  // Written by earlier versions: one file.
  if ('file' in value && typeof value.file === 'string') return new Map([[resolve(value.file), 'done']]);
  if (!('files' in value) || typeof value.files !== 'object' || value.files === null) return new Map();
  const entries = Object.entries(value.files as Readonly<Record<string, unknown>>);
  return new Map(entries.filter((entry): entry is [string, FirstStart] => STATES.has(entry[1])));
}
