/** Cases of kind "query", "codec", "index" and "reaper". */
import { compileQuery } from '../../satellite-master/events/query/compile.ts';
import { decodeMessage } from '../../shared/riemann/decode.ts';
import { encodeMessage } from '../../shared/riemann/encode.ts';
import type { RiemannEvent } from '../../shared/riemann/message.ts';
import { doubleFields } from './clojure-core.ts';
import { same, shownValue } from './compare.ts';
import { different, onPurpose, type Runner, SAME } from './vector-file.ts';

const OWN = ['host', 'service', 'state', 'time', 'metric', 'ttl', 'description', 'tags', 'attributes'];

/** Other keys of an event are attributes in ours. */
export function asEvent(raw: Readonly<Record<string, unknown>>): RiemannEvent {
  const others = Object.entries(raw).filter(([key]) => !OWN.includes(key));
  if (others.length === 0) return raw as RiemannEvent;
  const own = Object.fromEntries(Object.entries(raw).filter(([key]) => OWN.includes(key)));
  const event = { ...own, attributes: Object.fromEntries(others) } as RiemannEvent;
  const doubles = doubleFields.get(raw);
  if (doubles) doubleFields.set(event, doubles);
  return event;
}

function isDouble(event: object, field: string): boolean {
  const value = (event as Readonly<Record<string, unknown>>)[field];
  return doubleFields.get(event)?.has(field) ?? (typeof value === 'number' && !Number.isInteger(value));
}

export const matching = (query: string) => compileQuery(query, { isDouble });

const ABSENT = 'docs/rules.md, "Differences from Riemann": "A comparison with an absent metric is false."';

/** Where the file tells of no match it tells of an error, be it of the parser or at an event. */
export const runQueryCase: Runner = (file, { query, matched, ast: _ast, name: _name, notes: _notes, ...errors }) => {
  const events = (file['events'] as Record<string, unknown>[]).map(asEvent);
  const told = Object.values(errors).map(String).join(' ');
  let found: number[];
  try {
    const matches = matching(String(query));
    found = events.flatMap((event, at) => (matches(event) ? [at] : []));
  } catch (fault) {
    return matched === undefined ? SAME : different(`${String(fault)}, not ${shownValue(matched)}`);
  }
  if (matched === undefined)
    return told.includes('NullPointerException') ? onPurpose(ABSENT) : different(`${shownValue(found)}, not ${told}`);
  return same(found, matched) ? SAME : different(`${shownValue(found)}, not ${shownValue(matched)}`);
};

export const runCodecCase: Runner = (_, vector) => {
  const event = asEvent(vector['event'] as Record<string, unknown>);
  const decoded = asEvent(vector['decoded'] as Record<string, unknown>);
  const hex = encodeMessage({ ok: true, events: [event] }).toString('hex');
  if (hex !== vector['msg_hex']) return different(`wrote ${hex}, not ${String(vector['msg_hex'])}`);
  const read = decodeMessage(Buffer.from(hex, 'hex'));
  const wanted = { ok: true, events: [decoded] };
  return same(read, wanted) ? SAME : different(`read ${shownValue(read)}, not ${shownValue(wanted)}`);
};
