/** RecordIO, in which Mesos frames its streams: the length in decimal digits, a newline, so many bytes, and again. */

export interface RecordIoHandlers {
  /** @param length of the record that begins, bytes */
  begin(length: number): void;
  /** A part of it, as it arrived. */
  data(part: Buffer): void;
  end(): void;
}

/** 999,999,999 bytes are more than any answer; what is longer is no length. */
const MAX_DIGITS = 9;
const NEWLINE = 0x0a;
const ZERO = 0x30;

export class RecordIoDecoder {
  readonly #handlers: RecordIoHandlers;
  #length = 0;
  #digits = 0;
  /** Bytes of the record that are still to come; undefined: between two records. */
  #missing: number | undefined;

  constructor(handlers: RecordIoHandlers) {
    this.#handlers = handlers;
  }

  /** @throws Error where a length is expected and none comes; nothing can be read after it */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing === undefined) this.#readLength(chunk[at++] ?? 0);
      else {
        const part = chunk.subarray(at, at + this.#missing);
        at += part.length;
        this.#missing -= part.length;
        this.#handlers.data(part);
      }
      if (this.#missing === 0) {
        this.#missing = undefined;
        this.#handlers.end();
      }
    }
  }

  #readLength(byte: number): void {
    if (byte === NEWLINE && this.#digits > 0) {
      this.#missing = this.#length;
      this.#handlers.begin(this.#length);
      this.#length = 0;
      this.#digits = 0;
      return;
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9 || this.#digits >= MAX_DIGITS)
      throw new Error(`no RecordIO: byte ${byte} where the length of a record is expected`);
    this.#length = this.#length * 10 + digit;
    this.#digits++;
  }
}
