/** A frame's length, which stands before it. */
const LENGTH_BYTES = 4;
/** Far above any answer (40,000 children are 2 MB): what is longer is no frame but a stream out of step. */
const MAX_FRAME = 64 * 1024 * 1024;

/** Cuts a stream into the protocol's frames. One for each connection: half a frame of a dead one is never continued. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = LENGTH_BYTES;

  /**
   * @returns the frames that are complete now, each with its length before it
   * @throws Error when the length makes no sense
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    const bytes = Buffer.concat(this.#chunks, this.#length);
    const frames: Buffer[] = [];
    let from = 0;
    this.#needed = LENGTH_BYTES;
    while (bytes.length - from >= LENGTH_BYTES) {
      const length = bytes.readInt32BE(from);
      if (length < 0 || length > MAX_FRAME) throw new Error(`a frame of ${length} bytes`);
      const end = from + LENGTH_BYTES + length;
      if (end > bytes.length) {
        this.#needed = LENGTH_BYTES + length;
        break;
      }
      frames.push(bytes.subarray(from, end));
      from = end;
    }
    this.#chunks = from < bytes.length ? [bytes.subarray(from)] : [];
    this.#length = bytes.length - from;
    return frames;
  }
}
