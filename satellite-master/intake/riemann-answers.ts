/** Answers to a `Msg`. */
import type { Clock } from '../../shared/clock.ts';
import { Encoder, encodeFrame, MSG, writeEvent } from '../../shared/riemann/index.ts';
import type { EventIndex } from '../events/index.ts';
import { search } from '../events/index.ts';
import { parseQuery, QueryError } from '../events/query/index.ts';

const OK = encodeFrame({ ok: true, events: [] });
const MANY_OK = Buffer.concat(Array.from({ length: 1024 }, () => OK));

/** One `ok` for each of `count` messages. */
export function acknowledgements(count: number): Buffer {
  const bytes = count * OK.length;
  return bytes <= MANY_OK.length ? MANY_OK.subarray(0, bytes) : Buffer.alloc(bytes, OK);
}

/** `ok` false, with the reason. */
export function refusal(reason: string): Buffer {
  return encodeFrame({ ok: false, error: reason, events: [] });
}

/** All matching events in one message; a refusal for a query that can't be parsed or whose answer would be too large. */
export async function answerQuery(text: string, index: EventIndex, clock: Clock, maxBytes: number): Promise<Buffer> {
  const encoder = new Encoder(1024);
  const from = encoder.beginFrame();
  encoder.varint(MSG.ok);
  encoder.varint(1);
  try {
    await search(index, parseQuery(text), clock, (event) => {
      writeEvent(encoder, event, true);
      return encoder.length <= maxBytes;
    });
  } catch (error) {
    if (error instanceof QueryError) return refusal(`parse error: ${error.message}`);
    throw error;
  }
  if (encoder.length > maxBytes) return refusal(`the answer is larger than ${maxBytes} bytes: ask for less`);
  encoder.endFrame(from);
  return encoder.finish();
}
