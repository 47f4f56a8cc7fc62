/** Cases of kind "query", "codec", "index" and "reaper". */
import { QueryError } from '../../satellite-master/events/query/ast.ts';
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
  const others = Object.entries(raw).filter(([key, value]) => !OWN.includes(key) && value !== null);
  const own = Object.fromEntries(Object.entries(raw).filter(([key]) => OWN.includes(key)));
  const event = { ...own, ...(others.length > 0 ? { attributes: Object.fromEntries(others) } : {}) } as RiemannEvent;
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
const TRAILING = 'docs/rules.md, "Differences from Riemann": "Words after the end of a query are an error."';
const GLUED = 'docs/rules.md, "Differences from Riemann": "A query needs no blanks around operators."';
const LINEAR = 'docs/rules.md, "Differences from Riemann": "Regular expressions in queries are those of RE2."';
const NUMBERS =
  'docs/rules.md, "Differences from Riemann": "There is one kind of number, a double: 1 and 1.0 are the same."';

/** Where the file has no match it has an error, be it of the parser or at an event. */
export const runQueryCase: Runner = (file, { query, matched, ast: _ast, name: _name, notes: _notes, ...errors }) => {
  const events = (file['events'] as Record<string, unknown>[]).map(asEvent);
  const error = Object.values(errors).map(String).join(' ');
  const text = String(query);
  let found: number[];
  try {
    found = placesIn(events, text);
  } catch (fault) {
    if (matched === undefined) return SAME;
    const line = whyRefused(events, text, fault, matched);
    return line ? onPurpose(line) : different(`${String(fault)}, not ${shownValue(matched)}`);
  }
  if (matched === undefined)
    return error.includes('NullPointerException') ? onPurpose(ABSENT) : different(`${shownValue(found)}, not ${error}`);
  if (same(found, matched)) return SAME;
  // Integers that a double does not hold exactly.
  if (/\d{16}/.test(text)) return onPurpose(NUMBERS);
  return hasGluedOperator(text) ? onPurpose(GLUED) : different(`${shownValue(found)}, not ${shownValue(matched)}`);
};

function placesIn(events: readonly RiemannEvent[], query: string): number[] {
  const matches = matching(query);
  return events.flatMap((event, at) => (matches(event) ? [at] : []));
}

/** The original reads a query as far as it is one, and drops the rest. */
function whyRefused(
  events: readonly RiemannEvent[],
  query: string,
  fault: unknown,
  matched: unknown,
): string | undefined {
  if (!(fault instanceof QueryError)) return undefined;
  if (fault.message.includes('regular expression')) return LINEAR;
  if (hasGluedOperator(query)) return GLUED;
  if (!fault.message.includes('or the end')) return undefined;
  return same(placesIn(events, query.slice(0, fault.column - 1)), matched) ? TRAILING : undefined;
}

/** In the original a name goes on over signs: `metric>2` is the field of that name. */
function hasGluedOperator(query: string): boolean {
  const bare = query.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  return /[\p{L}_][\p{L}\p{N}_.:-]*[=<>!]/u.test(bare);
}

export const runCodecCase: Runner = (_, vector) => {
  const raw = vector['event'] as Record<string, unknown>;
  const event = asEvent(raw);
  const wanted = { ok: true, events: [asEvent(vector['decoded'] as Record<string, unknown>)] };
  const theirs = String(vector['msg_hex']);
  const hex = encodeMessage({ ok: true, events: [event] }).toString('hex');
  const read = decodeMessage(Buffer.from(theirs, 'hex'));
  if (!same(read, wanted)) return different(`read ${shownValue(read)}, not ${shownValue(wanted)}`);
  if (hex === theirs) return SAME;
  // It means the same number, in another form.
  const isNumberAlone = same(decodeMessage(Buffer.from(hex, 'hex')), wanted) && hasOtherNumber(raw, event);
  return isNumberAlone ? onPurpose(NUMBERS) : different(`wrote ${hex}, not ${theirs}`);
};

/** A whole number with a point, or one beyond what a double holds exactly. */
function hasOtherNumber(raw: object, { metric, time }: RiemannEvent): boolean {
  const isUnsafe = (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return doubleFields.get(raw)?.has('metric') === true || isUnsafe(metric) || isUnsafe(time);
}
