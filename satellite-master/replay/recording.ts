/** Reads a recording from its files in the order of time: lines in batches, what is torn or of no use skipped and counted. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../shared/errors.ts';
import { filesIn } from './recording-files.ts';
import { LineReader, type RecordedLine } from './recording-lines.ts';

/** Thrown where a folder is no recording; its message says what it is instead. */
export class NoRecordingError extends Error {
  override readonly name = 'NoRecordingError';
}

const LINE_END = 10;

export class Recording {
  readonly #dir: string;
  /** What could not be used, for who reads the outcome. */
  readonly remarks: string[] = [];
  files = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** @throws NoRecordingError, or what the file system throws */
  async *batches(): AsyncIterable<readonly RecordedLine[]> {
    const files = await filesIn(this.#dir);
    if (files.length === 0) throw new NoRecordingError('no recording: no file in it is named events-TIME.ndjson');
    const reader = new LineReader();
    for (const { path, packed } of files) {
      this.files++;
      yield* this.#linesOf(path, packed, reader);
    }
  }

  async *#linesOf(path: string, packed: boolean, reader: LineReader): AsyncIterable<readonly RecordedLine[]> {
    const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
    const source: Readable = packed ? file.pipe(createGunzip({ chunkSize: 1024 * 1024 })) : file;
    file.on('error', (error) => source.destroy(error));
    let rest: Buffer = Buffer.alloc(0);
    let unfit = 0;
    const read = (text: string) => {
      const lines: RecordedLine[] = [];
      for (const line of text.split('\n')) {
        if (line === '') continue;
        const found = reader.read(line);
        if (found) lines.push(found);
        else unfit++;
      }
      return lines;
    };
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        const end = bytes.lastIndexOf(LINE_END) + 1;
        rest = bytes.subarray(end);
        if (end > 0) yield read(bytes.toString('utf8', 0, end));
      }
    } catch (error) {
      if (!packed || !isTornPacking(error)) throw error;
      this.remarks.push(`${path}: the rest is skipped: ${messageOf(error)}`);
    }
    // What a crash, or the writer at this moment, has not finished.
    if (rest.length > 0) this.remarks.push(`${path}: its last line is torn: skipped`);
    if (unfit > 0) this.remarks.push(`${path}: ${unfit} line${unfit > 1 ? 's are' : ' is'} of no recording: skipped`);
  }
}

function isTornPacking(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^Z_(BUF|DATA)_ERROR$/.test(String(error.code));
}
