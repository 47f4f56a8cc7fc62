/** The host record and what it says (docs/judgement.md, rules 15, 18; docs/rest.md, "Records"). */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyRecord,
  expiryOf,
  type HostRecord,
  isExpired,
  isOn,
  manualVerdict,
  mergedVerdict,
  nextManualExpiry,
  parseRecord,
  type RecordEvent,
  sameMeaning,
  serializeRecord,
  shownRecord,
} from '../../../satellite-master/whitelist/record/record.ts';

const NOW = 1_000;

interface Vectors {
  readonly cases: readonly {
    readonly name: string;
    readonly args: readonly [Record<string, unknown>];
    readonly result: unknown;
  }[];
}

function vectors(name: string): Vectors['cases'] {
  const text = readFileSync(new URL(`../../fixtures/riemann-vectors/${name}.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as Vectors).cases;
}

const manual = (events: Record<string, RecordEvent>, more: Partial<HostRecord> = {}): HostRecord => ({
  ...emptyRecord,
  'manual-events': events,
  ...more,
});

describe('rule 15 beside the original: the flag of the manual list', () => {
  /** Where ours differs from "the newest event wins", and why. */
  const ON_PURPOSE: Readonly<Record<string, ['on' | 'off' | null, string]>> = {
    none: ['off', 'rule 15: a stored flag without events stands'],
    'newest wins': ['off', 'rule 15: an ok under one id does not outweigh a critical under another'],
    'newest expired -> nil': ['on', 'rule 15: what has no word does not silence what has one'],
  };

  test.each(vectors('recompute-manual-flag'))('$name', ({ name, args, result }) => {
    const { record } = parseRecord(JSON.stringify(args[0]));
    if (!record) throw new Error('the original wrote it');
    const [expected] = ON_PURPOSE[name] ?? [result];
    expect(manualVerdict(record, 0).flag).toBe(expected);
  });
});

describe('rule 15: the manual list', () => {
  const ok: RecordEvent = { state: 'ok', time: 900 };
  const critical: RecordEvent = { state: 'critical', time: 900 };

  test.each<[string, Record<string, RecordEvent>, 'on' | 'off' | null, string[]]>([
    ['no event', {}, null, []],
    ['an ok', { a: ok }, 'on', ['a']],
    ['a critical', { a: critical }, 'off', ['a']],
    ['a critical beside a newer ok', { a: critical, b: { ...ok, time: 950 } }, 'off', ['a']],
    ['two criticals', { a: critical, b: critical, c: ok }, 'off', ['a', 'b']],
    ['a critical without a time', { a: { state: 'critical' } }, 'off', ['a']],
    ['a critical with a time of null beside an ok', { a: { state: 'critical', time: null }, b: ok }, 'off', ['a']],
    ['an overriding ok and an older critical', { a: critical, b: { ...ok, time: 901, override: 'true' } }, 'on', ['b']],
    ['an overriding ok and a critical of its time', { a: critical, b: { ...ok, override: 'true' } }, 'on', ['b']],
    [
      'an overriding ok and a newer critical',
      { a: { ...critical, time: 901 }, b: { ...ok, override: 'true' } },
      'off',
      ['a'],
    ],
    [
      'an overriding ok and a critical without a time',
      { a: { state: 'critical' }, b: { ...ok, override: 'true' } },
      'on',
      ['b'],
    ],
    [
      'an overriding ok that has run out',
      { a: critical, b: { ...ok, time: 950, ttl: 49, override: 'true' } },
      'off',
      ['a'],
    ],
    ['an override that is not "true"', { a: critical, b: { ...ok, time: 950, override: 'yes' } }, 'off', ['a']],
    ['a critical that has run out beside an ok', { a: { ...critical, ttl: 99 }, b: ok }, 'on', ['b']],
    ['a critical in its very last moment', { a: { ...critical, ttl: 100 }, b: ok }, 'off', ['a']],
    ['only what has run out', { a: { ...critical, ttl: 1 } }, null, []],
    [
      'words without a meaning of their own',
      { a: { state: 'warn', time: 1 }, b: { state: 'expired', time: 2 } },
      null,
      [],
    ],
  ])('%s', (_, events, flag, ids) => {
    // The stored flag says the contrary: with events it follows from them.
    const record = manual(events, { 'manual-flag': flag === 'on' ? 'off' : flag === 'off' ? 'on' : null });
    expect(manualVerdict(record, NOW)).toMatchObject({ flag, ids });
    expect(shownRecord(record, NOW)['manual-flag']).toBe(flag);
  });

  test.each(['on', 'off', null] as const)('without events a stored flag of %s stands', (flag) => {
    expect(manualVerdict(manual({}, { 'manual-flag': flag }), NOW).flag).toBe(flag);
  });

  test('with events that have run out a stored flag does not come back', () => {
    expect(manualVerdict(manual({ a: { ...critical, ttl: 1 } }, { 'manual-flag': 'off' }), NOW).flag).toBeNull();
  });
});

describe('expiry', () => {
  test.each<[RecordEvent, number | undefined]>([
    [{ state: 'ok', time: 10, ttl: 5 }, 15],
    [{ state: 'ok', time: 10 }, undefined],
    [{ state: 'ok', time: 10, ttl: null }, undefined],
    [{ state: 'ok', ttl: 5 }, undefined],
  ])('of %j is %s', (event, end) => {
    expect(expiryOf(event)).toBe(end);
    if (end === undefined) expect(isExpired(event, 1e12)).toBe(false);
    else expect([isExpired(event, end), isExpired(event, end + 0.001)]).toEqual([false, true]);
  });

  test('the next one is the soonest that is still to come', () => {
    const event = (ttl: number) => ({ state: 'ok', time: 0, ttl });
    const record = manual({ a: event(NOW - 1), b: event(NOW + 9), c: event(NOW + 5), d: { state: 'ok', time: 0 } });
    expect(nextManualExpiry(record, NOW)).toBe(NOW + 5);
    expect(nextManualExpiry(record, NOW + 5)).toBe(NOW + 5);
    expect(nextManualExpiry(record, NOW + 10)).toBeUndefined();
  });
});

describe('the merged list beside the original', () => {
  test.each(vectors('whitelist-data-on'))('manual and managed flag $name', ({ args, result }) => {
    const { record, broken } = parseRecord(JSON.stringify(args[0]));
    // A flag that is neither on nor off: the original takes the host for off, here the record is broken (rule 22).
    if (broken !== undefined) expect(result).toBe(false);
    else expect(isOn(record, NOW)).toBe(result);
  });

  test.each<[Partial<HostRecord>, string, string, number]>([
    [{ 'manual-flag': 'off', 'managed-flag': 'on' }, 'off', 'manual', 15],
    [{ 'manual-flag': 'on', 'managed-flag': 'off' }, 'on', 'manual', 15],
    [{ 'managed-flag': 'on' }, 'on', 'managed', 12],
    [{ 'managed-flag': 'off' }, 'off', 'managed', 8],
    [{}, 'off', 'none', 18],
  ])('%j: %s, decided by %s, rule %i', (flags, flag, decidedBy, rule) => {
    expect(mergedVerdict({ ...emptyRecord, ...flags }, NOW)).toMatchObject({ flag, decidedBy, rule });
  });
});

describe('as it lies in the store', () => {
  test.each(vectors('whitelist-bytes'))(
    'the original writes $name: it is read, and written equal as JSON',
    ({ result }) => {
      const { record } = parseRecord(String(result));
      if (!record) throw new Error('the original wrote it');
      expect(JSON.parse(serializeRecord(record))).toEqual(JSON.parse(String(result)));
    },
  );

  test('unknown keys are kept, also within events', () => {
    const text =
      '{"managed-events":{"a":{"state":"ok","x":{"y":[1]}}},"manual-events":{},"managed-flag":"on","manual-flag":null,"mine":7}';
    const { record } = parseRecord(text);
    expect(record && JSON.parse(serializeRecord(record))).toEqual(JSON.parse(text));
  });

  test.each([
    ['', 'it is empty'],
    ['{', 'it is not JSON: {'],
    ['[]', 'it is no JSON object: []'],
    ['null', 'it is no JSON object: null'],
    ['{"managed-events":[]}', 'managed-events is no object'],
    ['{"manual-events":{"a":1}}', 'manual-events: a: no object'],
    ['{"manual-events":{"a":{}}}', 'manual-events: a: no state'],
    ['{"manual-events":{"a":{"state":"ok","ttl":"5"}}}', 'manual-events: a: ttl is no number'],
    ['{"managed-events":{"a":{"state":"ok","time":"now"}}}', 'managed-events: a: time is no number'],
    ['{"managed-flag":"ON"}', 'managed-flag is "ON", not "on", "off" or null'],
    ['{"manual-flag":true}', 'manual-flag is true, not "on", "off" or null'],
    ['\u0007', 'it is not JSON: \\u0007'],
  ])('%j is broken: %s', (text, broken) => expect(parseRecord(text)).toEqual({ broken }));

  test('a word on its author that is none is left out', () => {
    expect(parseRecord('{"changed":"me"}').record).not.toHaveProperty('changed');
  });

  test('an event whose id is __proto__ is an event like any other', () => {
    const { record } = parseRecord('{"manual-events":{"__proto__":{"state":"critical","time":1}}}');
    if (!record) throw new Error('it is no broken record');
    expect(manualVerdict(record, NOW)).toMatchObject({ flag: 'off', ids: ['__proto__'] });
    expect(serializeRecord(record)).toContain('"__proto__":{"state":"critical"');
  });
});

describe('same meaning', () => {
  const json = fc.jsonValue({ maxDepth: 3 });

  test('the order of keys and the author are no difference', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (extra) => {
        const record: HostRecord = { ...extra, ...emptyRecord };
        const turned = Object.fromEntries(Object.entries(record).reverse()) as HostRecord;
        expect(sameMeaning(record, turned)).toBe(true);
        const changed = { version: 1, time: 2, by: 'me', as: null, cause: 'manual', reason: '' };
        expect(sameMeaning(record, { ...turned, changed })).toBe(true);
        expect(sameMeaning(record, { ...turned, 'managed-flag': 'on' })).toBe(false);
      }),
    );
  });
});
