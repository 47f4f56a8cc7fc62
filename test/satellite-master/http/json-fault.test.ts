import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonFault } from '../../../satellite-master/http/json-fault.ts';

test.each<[string, number]>([
  ['', 0],
  ['{"ttl":', 7],
  ['{"ttl": "7day" "state": "ok"}', 15],
  ['{"state":"ok"}garbage', 14],
  ["{'state':'ok'}", 1],
  ['[1,]', 3],
  ['{"a":1,}', 7],
  ['nul', 0],
  ['[01]', 2],
  ['"a\nb"', 0],
])('%j is no JSON from offset %i on', (text, offset) => {
  expect(jsonFault(text)).toBe(offset);
});

test('what JSON.parse takes has no fault, and what it refuses has one', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u00e9"',
    '1',
    '-0.5e3',
    'true',
    'null',
    ' ',
    '\n',
    'x',
    '0',
    '"',
  );
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
      let parses = true;
      try {
        JSON.parse(text);
      } catch {
        parses = false;
      }
      expect(jsonFault(text) === undefined).toBe(parses);
    }),
    { numRuns: 3000 },
  );
});
