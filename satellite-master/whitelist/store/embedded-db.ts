/**
 * The embedded store on the disk: one append-only file of checksummed lines (record-log.ts), and the counter of the
 * newest acknowledged change in a second one. Only embedded-store.ts uses it.
 */
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AcknowledgedFile } from './acknowledged-file.ts';
import { openChecked } from './embedded-check.ts';
import { isGeneration, nameOf, writeGeneration } from './generation-file.ts';
import { applyEntry, type LogContent, type LogEntry, lineOf } from './record-log.ts';
import type { StoreDamage } from './store.ts';

/** The file is compacted when it has grown to this many times its size after the last compaction. */
const GROWTH = 3;
const MIN_COMPACTED_BYTES = 4 * 1024 * 1024;

interface OpenFile {
  readonly folder: string;
  readonly acknowledged: AcknowledgedFile;
  readonly content: LogContent;
  readonly found: StoreDamage | undefined;
  readonly handle: FileHandle;
  readonly generation: number;
  readonly bytes: number;
}

export class EmbeddedDb {
  readonly content: LogContent;
  /** Damage that was found by this opening; what was found earlier is in the content only. */
  readonly found: StoreDamage | undefined;
  readonly #folder: string;
  readonly #acknowledged: AcknowledgedFile;
  #handle: FileHandle;
  #generation: number;
  #bytes: number;
  #compactAtBytes: number;

  private constructor({ folder, acknowledged, content, found, handle, generation, bytes }: OpenFile) {
    this.content = content;
    this.found = found;
    this.#folder = folder;
    this.#acknowledged = acknowledged;
    this.#handle = handle;
    this.#generation = generation;
    this.#bytes = bytes;
    this.#compactAtBytes = Math.max(MIN_COMPACTED_BYTES, bytes * GROWTH);
  }

  /**
   * Opens and checks what is there; what can be read of a damaged file goes on in a new one. The folder has to be locked.
   * @throws what the file system throws
   */
  static async open(dataDir: string, nowMs: number): Promise<EmbeddedDb> {
    const folder = join(dataDir, 'store');
    const { acknowledged, content, found, generation, bytes } = await openChecked(dataDir, nowMs);
    try {
      const handle = await open(join(folder, nameOf(generation)), 'r+');
      // Behind it lies at most a line that was cut off while it was written.
      await handle.truncate(bytes);
      if (acknowledged.order < content.order) await acknowledged.write(content.order);
      return new EmbeddedDb({ folder, acknowledged, content, found, handle, generation, bytes });
    } catch (error) {
      await acknowledged.close();
      throw error;
    }
  }

  /**
   * All of it or nothing; on the disk and counted as acknowledged when it resolves.
   * @throws what the file system throws: then only opening it again shows what arrived
   */
  async write(entry: LogEntry): Promise<void> {
    applyEntry(this.content, entry);
    const line = Buffer.from(lineOf(entry, this.content));
    try {
      await writeWhole(this.#handle, line, this.#bytes);
      await this.#handle.datasync();
    } catch (error) {
      // A part of a line would be taken for damage if more were written behind it.
      await this.#handle.truncate(this.#bytes);
      throw error;
    }
    this.#bytes += line.length;
    await this.#acknowledged.write(entry.order);
  }

  get isCompactionDue(): boolean {
    return this.#bytes >= this.#compactAtBytes;
  }

  /** Writes a new file with the present content, and removes the old. @throws what the file system throws; then the old goes on */
  async compact(): Promise<void> {
    // Where it fails it is tried again only when the file has grown by as much once more.
    this.#compactAtBytes = this.#bytes * GROWTH;
    const generation = this.#generation + 1;
    const bytes = await writeGeneration(this.#folder, generation, this.content);
    const handle = await open(join(this.#folder, nameOf(generation)), 'r+');
    await this.#handle.close();
    this.#handle = handle;
    this.#generation = generation;
    this.#bytes = bytes;
    this.#compactAtBytes = Math.max(MIN_COMPACTED_BYTES, bytes * GROWTH);
    await removeOlder(this.#folder, generation);
  }

  async close(): Promise<void> {
    await this.#handle.close().finally(() => this.#acknowledged.close());
  }
}

async function writeWhole(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

async function removeOlder(folder: string, generation: number): Promise<void> {
  for (const name of await readdir(folder))
    if (isGeneration(name) && name !== nameOf(generation)) await rm(join(folder, name));
}
