/**
 * The counter of the newest change that was acknowledged, in a small file beside the embedded store. LevelDB drops what
 * it cannot read from the end of its log without an error; whether that had been acknowledged only this file knows.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checksumOf } from './checksum.ts';

/** Two places, written in turn and in different sectors: a write cut off by a power cut leaves the other. */
const PLACE_BYTES = 4_096;
const ENTRY = /^(\d{1,20}) ([0-9a-f]{16})\n/;

export class AcknowledgedFile {
  readonly #handle: FileHandle;
  #order: bigint;
  #next: 0 | 1;

  private constructor(handle: FileHandle, order: bigint, next: 0 | 1) {
    this.#handle = handle;
    this.#order = order;
    this.#next = next;
  }

  /**
   * @returns undefined where there is no file, or none of its two entries can be read
   * @throws what the file system throws
   */
  static async open(path: string): Promise<AcknowledgedFile | undefined> {
    const handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!handle) return undefined;
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2 * PLACE_BYTES), 0, 2 * PLACE_BYTES, 0);
      const [first, second] = [0, PLACE_BYTES].map((from) => orderIn(buffer.subarray(from, bytesRead)));
      const order = first === undefined || (second !== undefined && second > first) ? second : first;
      if (order !== undefined) return new AcknowledgedFile(handle, order, order === first ? 1 : 0);
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return undefined;
  }

  /** Replaces what is there. @throws what the file system throws */
  static async create(path: string, order: bigint): Promise<AcknowledgedFile> {
    const handle = await open(path, 'w+', 0o600);
    try {
      await handle.write(Buffer.alloc(2 * PLACE_BYTES), 0, 2 * PLACE_BYTES, 0);
      const file = new AcknowledgedFile(handle, order, 0);
      await file.write(order);
      await file.write(order);
      const folder = await open(dirname(path), 'r');
      await folder.sync().finally(() => folder.close());
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get order(): bigint {
    return this.#order;
  }

  /** On the disk when it resolves. */
  async write(order: bigint): Promise<void> {
    const text = Buffer.from(`${order} ${checksumOf(`acknowledged ${order}`)}\n`);
    await this.#handle.write(text, 0, text.length, this.#next * PLACE_BYTES);
    await this.#handle.datasync();
    this.#next = this.#next === 0 ? 1 : 0;
    this.#order = order;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function orderIn(bytes: Buffer): bigint | undefined {
  const [, order = '', checksum] = ENTRY.exec(bytes.toString('latin1', 0, 64)) ?? [];
  return checksum === undefined || checksum !== checksumOf(`acknowledged ${order}`) ? undefined : BigInt(order);
}
