/** Messages to bytes, as Riemann itself writes them: fields in the order of their numbers, a metric also as `metric_f`. */
import { ATTRIBUTE, EVENT, MSG, QUERY, type RiemannEvent, type RiemannMessage } from './message.ts';

/** Bytes that grow. */
export class Encoder {
  #bytes: Buffer;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#at;
  }

  /** What was written; the encoder is not to be used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Four bytes of length, big endian, whose value comes with {@link Encoder.endFrame}. */
  beginFrame(): number {
    this.#room(4);
    this.#at += 4;
    return this.#at;
  }

  endFrame(from: number): void {
    this.#bytes.writeUInt32BE(this.#at - from, from - 4);
  }

  varint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  text(tag: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.varint(tag);
    this.varint(length);
    this.#room(length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  float(tag: number, value: number): void {
    this.varint(tag);
    this.#room(4);
    this.#at = this.#bytes.writeFloatLE(value, this.#at);
  }

  double(tag: number, value: number): void {
    this.varint(tag);
    this.#room(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  int64(tag: number, value: number): void {
    this.varint(tag);
    if (value >= 0 && value < 2 ** 53) this.varint(value);
    else this.#big(BigInt.asUintN(64, BigInt(value)));
  }

  /** Zigzag. */
  sint64(tag: number, value: number): void {
    this.varint(tag);
    if (Math.abs(value) < 2 ** 52) this.varint(value < 0 ? -2 * value - 1 : 2 * value);
    else this.#big(BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)));
  }

  /** A message within this one. */
  within(tag: number, write: () => void): void {
    this.varint(tag);
    this.#room(1);
    const at = this.#at++;
    write();
    const length = this.#at - at - 1;
    const more = length < 0x80 ? 0 : length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 3;
    this.#room(more);
    this.#bytes.copyWithin(at + 1 + more, at + 1, this.#at);
    this.#at = at;
    this.varint(length);
    this.#at += length;
  }

  #big(value: bigint): void {
    this.#room(10);
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** One `Msg`, without the four bytes of its length. */
export function encodeMessage(message: RiemannMessage): Buffer {
  const encoder = new Encoder();
  writeMessage(encoder, message);
  return encoder.finish();
}

/** One `Msg` with its length before it, as TCP wants it. @param withMicros see {@link writeEvent} */
export function encodeFrame(message: RiemannMessage, withMicros = false): Buffer {
  const encoder = new Encoder();
  const from = encoder.beginFrame();
  writeMessage(encoder, message, withMicros);
  encoder.endFrame(from);
  return encoder.finish();
}

function writeMessage(encoder: Encoder, { ok, error, query, events }: RiemannMessage, withMicros = false): void {
  if (ok !== undefined) {
    encoder.varint(MSG.ok);
    encoder.varint(ok ? 1 : 0);
  }
  if (error !== undefined) encoder.text(MSG.error, error);
  if (query !== undefined) encoder.within(MSG.query, () => encoder.text(QUERY.string, query));
  for (const event of events) writeEvent(encoder, event, withMicros);
}

const MAX_INT64 = 2 ** 63;

/** Field 6 of a `Msg`. `withMicros`: a time with a fraction is also written as `time_micros`, which older servers ignore. */
export function writeEvent(encoder: Encoder, event: RiemannEvent, withMicros = false): void {
  encoder.within(MSG.event, () => {
    const { time, state, service, host, description, tags, ttl, attributes, metric } = event;
    if (time !== undefined) encoder.int64(EVENT.time, Math.trunc(time));
    if (state !== undefined) encoder.text(EVENT.state, state);
    if (service !== undefined) encoder.text(EVENT.service, service);
    if (host !== undefined) encoder.text(EVENT.host, host);
    if (description !== undefined) encoder.text(EVENT.description, description);
    if (tags) for (const tag of tags) encoder.text(EVENT.tag, tag);
    if (ttl !== undefined) encoder.float(EVENT.ttl, ttl);
    if (attributes)
      for (const [key, value] of Object.entries(attributes))
        encoder.within(EVENT.attribute, () => {
          encoder.text(ATTRIBUTE.key, key);
          encoder.text(ATTRIBUTE.value, value);
        });
    if (withMicros && time !== undefined && !Number.isInteger(time))
      encoder.int64(EVENT.timeMicros, Math.round(time * 1e6));
    if (metric !== undefined) writeMetric(encoder, metric);
  });
}

function writeMetric(encoder: Encoder, metric: number): void {
  const isInt64 = Number.isInteger(metric) && metric >= -MAX_INT64 && metric < MAX_INT64;
  if (isInt64) encoder.sint64(EVENT.metricSint64, metric);
  else encoder.double(EVENT.metricDouble, metric);
  const single = Math.fround(metric);
  if (Number.isFinite(single) || !Number.isFinite(metric)) encoder.float(EVENT.metricFloat, single);
}
