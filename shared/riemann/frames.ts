/** Frames out of a stream of bytes: four bytes of length, big endian, then so many bytes, however the network cuts them. */

/** Thrown when a message is announced that is longer than allowed. */
export class FrameTooLarge extends Error {
  override readonly name = 'FrameTooLarge';
}

const HEADER = 4;
const NOTHING = Buffer.alloc(0);
const FIRST_CARRY = 256;

/**
 * Returns one frame after another, without copying those that are whole in a chunk from the network: `push` a chunk, then
 * call `next` while it returns true; the frame is in `bytes` between `from` and `to`.
 */
export class FrameReader {
  readonly #maxBytes: number;
  #chunk: Buffer = NOTHING;
  #at = 0;
  /** The beginning of a frame whose rest has not come yet; grows with what really came, not with what was announced. */
  #carry: Buffer = NOTHING;
  #carried = 0;
  bytes: Buffer = NOTHING;
  from = 0;
  to = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes kept of a frame that is not whole. */
  get waiting(): number {
    return this.#carried;
  }

  /** The memory that is kept for it. */
  get held(): number {
    return this.#carry.length;
  }

  /** To be called only after `next` has returned false. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /**
   * @returns whether there is another whole frame; what it was is good until the next call
   * @throws FrameTooLarge
   */
  next(): boolean {
    if (this.#carried > 0) return this.#join();
    const left = this.#chunk.length - this.#at;
    const length = left >= HEADER ? this.#lengthAt(this.#chunk, this.#at) : 0;
    if (left < HEADER || left - HEADER < length) {
      this.#keep(left);
      return false;
    }
    this.bytes = this.#chunk;
    this.from = this.#at + HEADER;
    this.to = this.from + length;
    this.#at = this.to;
    return true;
  }

  /** Joins what was kept with what has come. */
  #join(): boolean {
    if (this.#carried < HEADER) this.#keep(Math.min(HEADER - this.#carried, this.#chunk.length - this.#at));
    if (this.#carried < HEADER) return false;
    const whole = HEADER + this.#lengthAt(this.#carry, 0);
    this.#keep(Math.min(whole - this.#carried, this.#chunk.length - this.#at));
    if (this.#carried < whole) return false;
    this.bytes = this.#carry;
    this.from = HEADER;
    this.to = whole;
    this.#carry = NOTHING;
    this.#carried = 0;
    return true;
  }

  #keep(count: number): void {
    if (count > 0) {
      const needed = this.#carried + count;
      if (needed > this.#carry.length) {
        const larger = Buffer.allocUnsafeSlow(
          Math.max(needed, FIRST_CARRY, Math.min(this.#carry.length * 2, this.#maxBytes + HEADER)),
        );
        this.#carry.copy(larger, 0, 0, this.#carried);
        this.#carry = larger;
      }
      this.#chunk.copy(this.#carry, this.#carried, this.#at, this.#at + count);
      this.#carried = needed;
      this.#at += count;
    }
    // Nothing of a chunk stays behind that has been read.
    if (this.#at >= this.#chunk.length) {
      this.#chunk = NOTHING;
      this.#at = 0;
    }
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at);
    if (length > this.#maxBytes)
      throw new FrameTooLarge(`a message of ${length} bytes is announced, at most ${this.#maxBytes} are allowed`);
    return length;
  }
}
