/**
 * Fast path through a message: checks that it consists of well-formed events only, then reads one event after another as
 * offsets and numbers. It allocates neither objects nor strings; anything unusual is left to the decoder.
 */
import { ATTRIBUTE, EVENT, MSG } from '../../shared/riemann/index.ts';

/** A longer varint may not fit a double. */
const MAX_VARINT_BYTES = 7;

/** Reinterprets eight bytes as a number. */
const eight = new Uint8Array(8);
const asDouble = new Float64Array(eight.buffer);
const asFloat = new Float32Array(eight.buffer);

/**
 * Whether the bytes are a `Msg` of events only, with known and complete fields: then the decoder can't fail on any of
 * them after the first ones were applied.
 */
export function isPlainMessage(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    if (bytes[at++] !== MSG.event) return false;
    let length = bytes[at++] as number;
    if (length >= 0x80) {
      length = (length & 0x7f) | ((bytes[at] as number) << 7);
      if ((bytes[at++] as number) >= 0x80) {
        length = (length & 0x3fff) | ((bytes[at] as number) << 14);
        if ((bytes[at++] as number) >= 0x80) return false;
      }
    }
    const end = at + length;
    if (!(end <= to) || !isPlainEvent(bytes, at, end)) return false;
    at = end;
  }
  return true;
}

function isPlainEvent(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end) {
    const tag = bytes[at++] as number;
    switch (tag) {
      case EVENT.time:
      case EVENT.timeMicros:
      case EVENT.metricSint64: {
        const first = at;
        while (at < end && (bytes[at] as number) >= 0x80) at++;
        if (at++ - first >= 10) return false;
        break;
      }
      case EVENT.ttl:
      case EVENT.metricFloat:
        at += 4;
        break;
      case EVENT.metricDouble:
        at += 8;
        break;
      case EVENT.state:
      case EVENT.service:
      case EVENT.host:
      case EVENT.description:
      case EVENT.tag: {
        let length = bytes[at++] as number;
        if (length >= 0x80) length = moreOfLength(bytes, at++, length);
        at += length;
        break;
      }
      case EVENT.attribute: {
        const length = bytes[at++] as number;
        const inner = length < 0x80 ? length : moreOfLength(bytes, at++, length);
        if (!(at + inner <= end) || !isPlainAttribute(bytes, at, at + inner)) return false;
        at += inner;
        break;
      }
      default:
        return false;
    }
  }
  return at === end;
}

function isPlainAttribute(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end) {
    const tag = bytes[at++];
    if (tag !== ATTRIBUTE.key && tag !== ATTRIBUTE.value) return false;
    let length = bytes[at++] as number;
    if (length >= 0x80) length = moreOfLength(bytes, at++, length);
    at += length;
  }
  return at === end;
}

/** A length of two bytes; a longer one is not plain and gives an offset beyond every end. */
function moreOfLength(bytes: Uint8Array, at: number, first: number): number {
  const second = bytes[at] as number;
  return second < 0x80 ? (first & 0x7f) | (second << 7) : Number.POSITIVE_INFINITY;
}

/** Flags: which numbers an event has. */
const HAS_SINT64 = 1;
const HAS_DOUBLE = 2;
const HAS_FLOAT = 4;
const HAS_TTL = 8;

/** One event of a plain message. An offset of -1 means that the field is absent. */
export class EventScan {
  bytes: Uint8Array = eight;
  hostFrom = -1;
  hostTo = -1;
  serviceFrom = -1;
  serviceTo = -1;
  stateFrom = -1;
  stateTo = -1;
  descriptionFrom = -1;
  descriptionTo = -1;
  /** NaN: absent; the same holds for ttl and metric. */
  time = Number.NaN;
  ttl = Number.NaN;
  metric = Number.NaN;
  /** It has tags, attributes or unusual numbers: only the decoder reads all of it. */
  isOdd = false;

  /** @param end where the event's bytes end */
  read(bytes: Uint8Array, from: number, end: number): void {
    this.bytes = bytes;
    this.hostFrom = this.hostTo = this.serviceFrom = this.serviceTo = -1;
    this.stateFrom = this.stateTo = this.descriptionFrom = this.descriptionTo = -1;
    this.isOdd = false;
    let time = Number.NaN;
    let micros = Number.NaN;
    let ttl = Number.NaN;
    let sint64 = 0;
    let double = 0;
    let float = 0;
    let has = 0;
    let at = from;
    while (at < end) {
      const tag = bytes[at++] as number;
      switch (tag) {
        case EVENT.time:
        case EVENT.timeMicros:
        case EVENT.metricSint64: {
          const first = at;
          let value = (bytes[at] as number) & 0x7f;
          for (let scale = 0x80; (bytes[at++] as number) >= 0x80; scale *= 0x80)
            value += ((bytes[at] as number) & 0x7f) * scale;
          if (at - first > MAX_VARINT_BYTES + (tag === EVENT.timeMicros ? 1 : 0)) this.isOdd = true;
          if (tag === EVENT.time) time = value;
          else if (tag === EVENT.timeMicros) micros = value;
          else {
            sint64 = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
            has |= HAS_SINT64;
          }
          break;
        }
        case EVENT.ttl:
          copy(bytes, at, 4);
          ttl = asFloat[0] as number;
          has |= HAS_TTL;
          at += 4;
          break;
        case EVENT.metricFloat:
          copy(bytes, at, 4);
          float = asFloat[0] as number;
          has |= HAS_FLOAT;
          at += 4;
          break;
        case EVENT.metricDouble:
          copy(bytes, at, 8);
          double = asDouble[0] as number;
          has |= HAS_DOUBLE;
          at += 8;
          break;
        default: {
          let length = bytes[at++] as number;
          if (length >= 0x80) length = moreOfLength(bytes, at++, length);
          this.#place(tag, at, at + length);
          at += length;
        }
      }
    }
    this.time = Number.isNaN(micros) ? time : micros / 1e6;
    this.ttl = ttl;
    this.metric = has & HAS_SINT64 ? sint64 : has & HAS_DOUBLE ? double : has & HAS_FLOAT ? float : Number.NaN;
    if (has & (HAS_SINT64 | HAS_DOUBLE | HAS_FLOAT) && !Number.isFinite(this.metric)) this.isOdd = true;
    if (has & HAS_TTL && Number.isNaN(ttl)) this.isOdd = true;
  }

  #place(tag: number, from: number, to: number): void {
    switch (tag) {
      case EVENT.host:
        this.hostFrom = from;
        this.hostTo = to;
        break;
      case EVENT.service:
        this.serviceFrom = from;
        this.serviceTo = to;
        break;
      case EVENT.state:
        this.stateFrom = from;
        this.stateTo = to;
        break;
      case EVENT.description:
        this.descriptionFrom = from;
        this.descriptionTo = to;
        break;
      default:
        this.isOdd = true;
    }
  }
}

/** Avoids a view on every chunk. Supported machines are little-endian, as the wire is. */
function copy(bytes: Uint8Array, at: number, count: number): void {
  for (let n = 0; n < count; n++) eight[n] = bytes[at + n] as number;
}
