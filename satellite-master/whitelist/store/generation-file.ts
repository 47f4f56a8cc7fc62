/**
 * The files in which the embedded store lies, `records-000001.log` and so on: a new one begins with the whole
 * content and replaces the one before it.
 */
import { copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { applyEntry, emptyContent, HEADER, type LogContent, lineOf } from './record-log.ts';

const NAME = /^records-(\d{6,15})\.log$/;
const RECORDS_A_LINE = 200;

export function nameOf(generation: number): string {
  return `records-${String(generation).padStart(6, '0')}.log`;
}

/** Of the names in the folder, the one of the newest generation. */
export function newestOf(names: readonly string[]): { readonly name: string; readonly generation: number } | undefined {
  const found = names.flatMap((name) => {
    const generation = NAME.exec(name)?.[1];
    return generation === undefined ? [] : [{ name, generation: Number(generation) }];
  });
  return found.sort((a, b) => b.generation - a.generation)[0];
}

export function isGeneration(name: string): boolean {
  return NAME.test(name);
}

/**
 * On the disk when it resolves, under its name only when it is whole.
 * @returns its size
 * @throws what the file system throws; then it is not there
 */
export async function writeGeneration(folder: string, generation: number, content: LogContent): Promise<number> {
  const path = join(folder, nameOf(generation));
  const temporary = `${path}.tmp`;
  let bytes = 0;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      for await (const text of linesOf(content)) bytes += (await handle.write(text)).bytesWritten;
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
    return bytes;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function* linesOf({ records, automation, damage, order }: LogContent): AsyncIterable<string> {
  yield HEADER;
  const written = emptyContent();
  const first = { order, steps: [], automation, ...(damage ? { damage } : {}) };
  applyEntry(written, first);
  yield lineOf(first, written);
  let steps = [];
  for (const record of records.values()) {
    steps.push({ host: record.host, record });
    if (steps.length < RECORDS_A_LINE) continue;
    const entry = { order, steps };
    applyEntry(written, entry);
    yield lineOf(entry, written);
    steps = [];
    await setImmediate();
  }
  if (steps.length === 0) return;
  const entry = { order, steps };
  applyEntry(written, entry);
  yield lineOf(entry, written);
}

/** Keeps a damaged file as it is, beside the store. @returns the folder */
export async function keepDamaged(path: string | undefined, kept: string): Promise<string> {
  await mkdir(kept, { recursive: true, mode: 0o700 });
  if (path !== undefined) {
    const copy = join(kept, basename(path));
    await link(path, copy).catch(() => copyFile(path, copy));
  }
  await syncFolder(dirname(kept));
  return kept;
}

export function damagedFolder(dataDir: string, foundMs: number): string {
  return join(dataDir, `store.damaged-${new Date(foundMs).toISOString().replaceAll(':', '')}`);
}

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}
