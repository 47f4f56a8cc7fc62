import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonTextError, MAX_JSON_DEPTH, parseJsonText } from '../../shared/json-text.ts';

function faultOf(text: string): JsonTextError | undefined {
  try {
    parseJsonText(text);
    return undefined;
  } catch (error) {
    if (error instanceof JsonTextError) return error;
    throw error;
  }
}

test.each<[string, number, string]>([
  ['', 0, 'line 1, column 1: found the end'],
  ['{"ttl":', 7, 'line 1, column 8: found the end'],
  ['{"ttl": "7day" "state": "ok"}', 15, 'line 1, column 16: found "\\""'],
  ['{"state":"ok"}garbage', 14, 'line 1, column 15: found "g"'],
  ["{'state':'ok'}", 1, 'line 1, column 2: found "\'"'],
  ['{\n  "a": 1,\n}', 12, 'line 3, column 1: found "}"'],
  ['[1,]', 3, 'line 1, column 4: found "]"'],
  ['[1, // one\n2]', 4, 'line 1, column 5: found "/"'],
  ['nul', 0, 'line 1, column 1: found "n"'],
])('%j is not JSON from offset %i on', (text, offset, message) => {
  expect(faultOf(text)).toMatchObject({ offset, message });
});

test('a byte order mark is passed over, and of a key that is there twice the last value counts', () => {
  expect(parseJsonText('\ufeff{"a": 1, "a": 2}')).toEqual({ a: 2 });
});

test('text nested too deep is refused by its place, however deep; brackets in strings are no levels', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  expect(parseJsonText(nested(MAX_JSON_DEPTH))).toBeInstanceOf(Array);
  for (const depth of [MAX_JSON_DEPTH + 1, 6_000, 200_000])
    expect(faultOf(nested(depth))?.message).toMatch(`nested more than ${MAX_JSON_DEPTH} levels deep`);
  expect(faultOf('{"a":'.repeat(6_000))?.offset).toBe(MAX_JSON_DEPTH * 5);
  const quoted = `["${'['.repeat(6_000)}\\"[\\\\", 1]`;
  expect(parseJsonText(quoted)).toHaveLength(2);
});

test('what JSON.parse takes is taken, and what it refuses has a fault within the text', () => {
  const pieces = fc.constantFrom(...'{}[],: \nx0"'.split(''), '"a"', '"\\u00e9"', '1', '-0.5e3', 'true', 'null');
  const texts = fc.oneof(
    fc.json(),
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 1 })).map(([json, at, char]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + char + json.slice(place + 1);
    }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      let value: { readonly json: unknown } | undefined;
      try {
        value = { json: JSON.parse(text) };
      } catch {
        value = undefined;
      }
      if (value) expect(parseJsonText(text)).toEqual(value.json);
      else expect(faultOf(text)?.offset).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 3000, seed: 16 },
  );
});
