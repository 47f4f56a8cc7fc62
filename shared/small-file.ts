import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { TimeoutError } from './deadline.ts';

export interface SmallFileOptions {
  /** `regular` (default): a FIFO or a device is refused. */
  readonly kind?: 'regular' | 'any';
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
}

const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** Files whose file system has not answered. */
const pending = new Map<symbol, string>();

/** Paths of reads that have not returned. Each of them holds a thread, and with it the end of the process. */
export function pendingReads(): readonly string[] {
  return [...pending.values()];
}

/**
 * Reads a file of at most `maxBytes` (default 1 MiB). A file system that hangs blocks neither the event loop nor the
 * caller for longer than `timeoutMs` (default 10 s).
 * @throws what the file system throws, TimeoutError, or an Error for what is no regular file or too large
 */
export async function readSmallFile(path: string, options: SmallFileOptions = {}): Promise<string> {
  const { maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS, kind = 'regular' } = options;
  const key = Symbol(path);
  pending.set(key, path);
  const content = (kind === 'any' ? readFile(path, 'utf8') : readRegular(path, maxBytes)).finally(() =>
    pending.delete(key),
  );
  content.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TimeoutError(`no answer from the file system of ${path}`, timeoutMs)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([content, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `O_NONBLOCK`: opening a FIFO that nobody writes to returns at once. */
async function readRegular(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await regular(file, path);
    if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function regular(file: Awaited<ReturnType<typeof open>>, path: string) {
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
  return stats;
}
