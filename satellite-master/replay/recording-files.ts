/**
 * The files of a recording: their names say when each was begun, so that their order is that of time. Closed ones
 * are packed; the oldest go when they are too old or all are too much.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const NAME = /^events-(\d{4}-\d\d-\d\dT\d\d)(\d\d)(\d\d)\.(\d{3})Z\.ndjson(\.gz)?$/;
/** What a crash left half packed. */
const HALF = /^events-.*\.ndjson\.gz\.tmp$/;

export interface RecordingFile {
  readonly path: string;
  /** ms since 1970. */
  readonly begunMs: number;
  readonly packed: boolean;
}

/** E.g. `events-2026-09-21T061320.000Z.ndjson`: without colons, so that it can be copied anywhere. */
export function nameOf(begunMs: number): string {
  return `events-${new Date(begunMs).toISOString().replaceAll(':', '')}.ndjson`;
}

/**
 * In the order of time. A file that lies there packed and plain was packed just before a crash: it counts once.
 * @throws what the file system throws
 */
export async function filesIn(dir: string): Promise<RecordingFile[]> {
  const files = new Map<number, RecordingFile>();
  for (const name of await readdir(dir)) {
    const match = NAME.exec(name);
    if (!match) continue;
    const [, hour = '', minute = '', second = '', ms = '', gz] = match;
    const begunMs = Date.parse(`${hour}:${minute}:${second}.${ms}Z`);
    const packed = gz !== undefined;
    if (packed || !files.has(begunMs)) files.set(begunMs, { path: join(dir, name), begunMs, packed });
  }
  return [...files.values()].sort((a, b) => a.begunMs - b.begunMs);
}

/** Makes the folder, and clears away what a crash left. @throws what the file system throws */
export async function prepareFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const names = await readdir(dir);
  for (const name of names) {
    const alsoPacked = NAME.test(name) && !name.endsWith('.gz') && names.includes(`${name}.gz`);
    if (HALF.test(name) || alsoPacked) await rm(join(dir, name), { force: true });
  }
}

/** Packs a closed file; at any moment either the plain one or the whole packed one is there. */
export async function pack(path: string): Promise<void> {
  const half = `${path}.gz.tmp`;
  try {
    await pipeline(createReadStream(path), createGzip({ level: 3 }), createWriteStream(half, { mode: 0o600 }));
    await chmod(half, 0o600);
    await rename(half, `${path}.gz`);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
  await rm(path);
}

export interface RecordingBounds {
  readonly keepMs: number;
  readonly maxBytes: number;
}

/**
 * Removes the oldest files: those whose last event is older than `keepMs`, and as many as it takes to stay below
 * `maxBytes`. The newest always stays: it is being written.
 */
export async function prune(dir: string, { keepMs, maxBytes }: RecordingBounds, nowMs: number): Promise<void> {
  const files = await filesIn(dir);
  const sizes = await Promise.all(
    files.map(({ path }) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  let bytes = sizes.reduce((a, b) => a + b, 0);
  for (const [at, { path }] of files.entries()) {
    const next = files[at + 1];
    // What a file holds came before the next one was begun.
    if (!next || (next.begunMs >= nowMs - keepMs && bytes <= maxBytes)) return;
    await rm(path, { force: true });
    bytes -= sizes[at] ?? 0;
  }
}
