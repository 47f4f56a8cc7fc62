/** Reading protobuf's wire format: a place in bytes that moves on. Nothing is copied until somebody asks for text. */

/** Thrown when bytes are no protobuf message: whoever sent them can't be followed any further. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

const MAX_GROUPS = 32;

export class Cursor {
  readonly bytes: Buffer;
  at: number;
  end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** A field's number and wire type, as one number below 2^32. @throws WireError */
  tag(): number {
    const tag = this.varint();
    if (tag > 0xffff_ffff || tag < 8) throw new WireError(`no field has the tag ${tag}`);
    return tag;
  }

  /** Unsigned, exact below 2^53. @throws WireError */
  varint(): number {
    const { bytes, end } = this;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.at >= end) throw new WireError('the bytes end within a number');
      const byte = bytes[this.at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new WireError('a number of more than ten bytes');
  }

  /** As of `int64`: two's complement. @throws WireError */
  int64(): number {
    const value = this.varint();
    return value < 2 ** 53 ? value : Number(BigInt.asIntN(64, this.#exactly()));
  }

  /** As of `sint64`: zigzag. @throws WireError */
  sint64(): number {
    const value = this.varint();
    if (value < 2 ** 53) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    const exact = BigInt.asUintN(64, this.#exactly());
    return Number((exact >> 1n) ^ -(exact & 1n));
  }

  double(): number {
    this.#need(8);
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }

  float(): number {
    this.#need(4);
    this.at += 4;
    return this.bytes.readFloatLE(this.at - 4);
  }

  /** Length-delimited: where it ends. The cursor stands at its beginning. @throws WireError */
  until(): number {
    const length = this.varint();
    this.#need(length);
    return this.at + length;
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  text(): string {
    const end = this.until();
    const from = this.at;
    this.at = end;
    return this.bytes.toString('utf8', from, end);
  }

  /** Over a field that is of no interest. @throws WireError for a wire type that does not exist */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.#need(8);
        this.at += 8;
        return;
      case 2:
        this.at = this.until();
        return;
      case 3:
        this.#skipGroup(tag, depth);
        return;
      case 5:
        this.#need(4);
        this.at += 4;
        return;
      default:
        throw new WireError(`no wire type ${tag & 7}`);
    }
  }

  #skipGroup(open: number, depth: number): void {
    if (depth >= MAX_GROUPS) throw new WireError(`groups more than ${MAX_GROUPS} deep`);
    for (let tag = this.tag(); tag !== open + 1; tag = this.tag()) this.skip(tag, depth + 1);
  }

  #need(length: number): void {
    if (length > this.end - this.at)
      throw new WireError(`${length} bytes are announced, ${this.end - this.at} are there`);
  }

  /** The number just read, for those that a double does not hold. */
  #exactly(): bigint {
    let from = this.at - 1;
    while (from > 0 && (this.bytes[from - 1] as number) >= 0x80 && this.at - from < 10) from--;
    let value = 0n;
    for (let at = this.at - 1; at >= from; at--) value = (value << 7n) | BigInt((this.bytes[at] as number) & 0x7f);
    return value;
  }
}
