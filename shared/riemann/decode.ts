/** Bytes to messages. Knows the fields of Riemann's protocol and passes over all others. */
import { Cursor } from './cursor.ts';
import { ATTRIBUTE, EVENT, MSG, QUERY, type RiemannEvent, type RiemannMessage } from './message.ts';

/**
 * One `Msg`, without the four bytes of its length.
 * @throws WireError where the bytes are none
 */
export function decodeMessage(bytes: Buffer, from = 0, to = bytes.length): RiemannMessage {
  const cursor = new Cursor(bytes, from, to);
  const events: RiemannEvent[] = [];
  const message: { -readonly [K in keyof RiemannMessage]: RiemannMessage[K] } = { events };
  while (!cursor.done) {
    const tag = cursor.tag();
    if (tag === MSG.event) events.push(within(cursor, decodeEvent));
    else if (tag === MSG.ok) message.ok = cursor.varint() !== 0;
    else if (tag === MSG.error) message.error = cursor.text();
    else if (tag === MSG.query) message.query = within(cursor, decodeQuery) ?? message.query ?? '';
    else cursor.skip(tag);
  }
  return message;
}

/** An `Event` that reaches from the cursor to its end. A metric is taken from `metric_sint64`, else `metric_d`, else `metric_f`. */
export function decodeEvent(cursor: Cursor): RiemannEvent {
  const event: { -readonly [K in keyof RiemannEvent]: RiemannEvent[K] } = {};
  let tags: string[] | undefined;
  let attributes: Record<string, string> | undefined;
  let micros: number | undefined;
  let sint64: number | undefined;
  let double: number | undefined;
  let float: number | undefined;
  while (!cursor.done) {
    const tag = cursor.tag();
    switch (tag) {
      case EVENT.time:
        event.time = cursor.int64();
        break;
      case EVENT.state:
        event.state = cursor.text();
        break;
      case EVENT.service:
        event.service = cursor.text();
        break;
      case EVENT.host:
        event.host = cursor.text();
        break;
      case EVENT.description:
        event.description = cursor.text();
        break;
      case EVENT.tag:
        tags ??= [];
        tags.push(cursor.text());
        break;
      case EVENT.ttl:
        event.ttl = cursor.float();
        break;
      case EVENT.attribute:
        attributes ??= {};
        within(cursor, decodeAttribute, attributes);
        break;
      case EVENT.timeMicros:
        micros = cursor.int64();
        break;
      case EVENT.metricSint64:
        sint64 = cursor.sint64();
        break;
      case EVENT.metricDouble:
        double = cursor.double();
        break;
      case EVENT.metricFloat:
        float = cursor.float();
        break;
      default:
        cursor.skip(tag);
    }
  }
  const metric = sint64 ?? double ?? float;
  if (metric !== undefined) event.metric = metric;
  if (micros !== undefined) event.time = micros / 1e6;
  if (tags) event.tags = tags;
  if (attributes) event.attributes = attributes;
  return event;
}

function decodeQuery(cursor: Cursor): string | undefined {
  let text: string | undefined;
  while (!cursor.done) {
    const tag = cursor.tag();
    if (tag === QUERY.string) text = cursor.text();
    else cursor.skip(tag);
  }
  return text;
}

function decodeAttribute(cursor: Cursor, attributes: Record<string, string>): void {
  let key: string | undefined;
  let value = '';
  while (!cursor.done) {
    const tag = cursor.tag();
    if (tag === ATTRIBUTE.key) key = cursor.text();
    else if (tag === ATTRIBUTE.value) value = cursor.text();
    else cursor.skip(tag);
  }
  // Defined, not assigned: `__proto__` is a name like any other.
  if (key !== undefined)
    Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Reads a message that lies within another. */
function within<T, A extends unknown[]>(cursor: Cursor, read: (cursor: Cursor, ...rest: A) => T, ...rest: A): T {
  const outer = cursor.end;
  cursor.end = cursor.until();
  const value = read(cursor, ...rest);
  cursor.end = outer;
  return value;
}
