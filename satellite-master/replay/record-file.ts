/** The file of a recording that is being written, and the turn to the next: by size, by age, within the bounds. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { OnceLog } from '../../shared/log.ts';
import { filesIn, nameOf, pack, prepareFolder, prune } from './recording-files.ts';

export interface RecordFileOptions {
  readonly dir: string;
  readonly keepMs: number;
  readonly maxBytes: number;
  readonly gzip: boolean;
  /** A file is closed when it has so many bytes, or is so old. */
  readonly fileBytes: number;
  readonly fileMs: number;
  readonly clock: Clock;
  readonly log: OnceLog;
}

/** Without O_APPEND a file that somebody shortened would be written with a hole. */
const FLAGS = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND;
/** The bounds are checked this often, whatever is written. */
const PRUNE_INTERVAL_MS = 60_000;

export class RecordFile {
  readonly #options: RecordFileOptions;
  #handle: FileHandle | undefined;
  #path = '';
  #bytes = 0;
  /** Of the records, which come on top of `fileBytes`. */
  #headBytes = 0;
  #startedMs = 0;
  #prunedMs = Number.NEGATIVE_INFINITY;
  /** Packing and pruning go on beside the writing, one after another. */
  #tidying: Promise<void> = Promise.resolve();

  constructor(options: RecordFileOptions) {
    this.#options = options;
  }

  /**
   * Sees to it that there is a file to write to.
   * @returns whether it is a new one
   * @throws what the file system throws
   */
  async ready(wallMs: number): Promise<boolean> {
    const { dir, fileBytes, fileMs, clock } = this.#options;
    const isFull = this.#bytes - this.#headBytes >= fileBytes || clock.monoMs() - this.#startedMs >= fileMs;
    if (this.#handle && !isFull) {
      if (clock.monoMs() - this.#prunedMs >= PRUNE_INTERVAL_MS) this.#tidy(false);
      return false;
    }
    await this.close();
    await prepareFolder(dir);
    const newest = (await filesIn(dir)).at(-1);
    // Later than every other, also when the clock was set back.
    const begunMs = Math.max(Math.round(wallMs), (newest?.begunMs ?? 0) + 1);
    this.#path = join(dir, nameOf(begunMs));
    this.#handle = await open(this.#path, FLAGS, 0o600);
    this.#bytes = 0;
    this.#headBytes = 0;
    this.#startedMs = clock.monoMs();
    this.#tidy(true);
    return true;
  }

  /** @throws what the file system throws; then part of the text may be there */
  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#handle?.appendFile(bytes);
    this.#bytes += bytes.length;
  }

  /** So much of what is written next is no reason to begin another file. */
  addHead(bytes: number): void {
    this.#headBytes += bytes;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
    await this.#tidying;
  }

  /** After a fault: the next batch goes into a new file, behind no torn line. */
  async abandon(): Promise<void> {
    await this.close().catch(() => undefined);
  }

  #tidy(packs: boolean): void {
    const { dir, gzip, keepMs, maxBytes, fileBytes, clock, log } = this.#options;
    this.#prunedMs = clock.monoMs();
    const current = this.#path;
    const nowMs = clock.wallMs();
    this.#tidying = this.#tidying
      .then(async () => {
        if (gzip && packs)
          for (const { path, packed } of await filesIn(dir)) if (!packed && path !== current) await pack(path);
        // Room for the file that is being written.
        await prune(dir, { keepMs, maxBytes: maxBytes - fileBytes }, nowMs);
        log.recovered('tidy', 'old recordings removed again', { dir });
      })
      .catch((error: unknown) =>
        log.warn('tidy', 'failed to compress or remove old recordings', { dir, err: messageOf(error) }),
      );
  }
}
