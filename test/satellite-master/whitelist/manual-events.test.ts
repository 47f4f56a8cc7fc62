/** What a request by hand makes of a record (docs/judgement.md, rules 15-17; docs/rest.md, "Records"). */
import { describe, expect, test } from 'vitest';
import {
  type ManualInput,
  withFlagByHand,
  withManualEvent,
  withManualReplaced,
  withoutExpired,
  withoutManual,
  withoutManualEvent,
} from '../../../satellite-master/whitelist/record/manual-events.ts';
import {
  emptyRecord,
  type HostRecord,
  isExpired,
  type RecordEvent,
} from '../../../satellite-master/whitelist/record/record.ts';

const NOW = 1_000;
const on: ManualInput = { state: 'ok', by: 'me' };
const off: ManualInput = { state: 'critical', by: 'me' };

const withEvents = (events: Record<string, RecordEvent>): HostRecord => ({ ...emptyRecord, 'manual-events': events });

describe('rule 16: PUT on and off', () => {
  test('off writes the event `manual` with what was said', () => {
    const record = withFlagByHand(undefined, { ...off, ttlS: 60, description: 'disk swap' }, NOW);
    expect(record).toEqual({
      ...emptyRecord,
      'manual-flag': 'off',
      'manual-events': { manual: { state: 'critical', time: NOW, ttl: 60, description: 'disk swap', by: 'me' } },
    });
  });

  test('on that would be outweighed is refused, naming what outweighs it', () => {
    const record = withEvents({
      'disk swap': { state: 'critical', time: 1 },
      other: { state: 'critical', time: 2, ttl: 5 },
    });
    expect(() => withFlagByHand(record, on, NOW)).toThrow(
      expect.objectContaining({ code: 'outweighed', members: { events: ['disk swap'] } }),
    );
  });

  test('on with override is not, and outweighs what is not newer', () => {
    const record = withEvents({ 'disk swap': { state: 'critical', time: NOW } });
    expect(withFlagByHand(record, { ...on, override: true }, NOW)['manual-flag']).toBe('on');
  });

  test('on replaces an off under its own id', () => {
    const record = withFlagByHand(undefined, off, NOW);
    expect(withFlagByHand(record, on, NOW + 1)['manual-flag']).toBe('on');
  });

  test('off after an overriding on of the same moment counts: it came later', () => {
    const overridden = withManualEvent(undefined, 'x', { ...on, override: true }, NOW);
    expect(withFlagByHand(overridden, off, NOW)['manual-flag']).toBe('off');
  });

  test.each([
    ['a clock a little ahead elsewhere', NOW + 299, 'on'],
    ['one that is far ahead', NOW + 301, 'outweighed'],
  ])('an override after a critical of %s', (_, time, expected) => {
    const record = withEvents({ x: { state: 'critical', time } });
    const flagOrCode = () => {
      try {
        return withFlagByHand(record, { ...on, override: true }, NOW)['manual-flag'];
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect(flagOrCode()).toBe(expected);
  });
});

describe('rule 17: all of the manual list', () => {
  const record = withEvents({ a: { state: 'critical', time: 1 }, b: { state: 'ok', time: 2 } });

  test('PUT replaces all events by one with id `manual`', () => {
    const next = withManualReplaced(record, on, NOW);
    expect(Object.keys(next['manual-events'])).toEqual(['manual']);
    expect(next['manual-flag']).toBe('on');
  });

  test('DELETE withdraws all, and a flag without an event too', () => {
    expect(withoutManual(record)).toEqual(emptyRecord);
    expect(withoutManual({ ...emptyRecord, 'manual-flag': 'off' })).toEqual(emptyRecord);
  });

  test('one event withdrawn leaves the others to decide', () => {
    expect(withoutManualEvent(record, 'a', NOW)['manual-flag']).toBe('on');
    expect(withoutManualEvent(withoutManualEvent(record, 'a', NOW), 'b', NOW)).toEqual(emptyRecord);
  });

  test.each(['c', 'toString', '__proto__'])('an event %s that is not there is refused', (id) => {
    expect(() => withoutManualEvent(record, id, NOW)).toThrow(expect.objectContaining({ code: 'unknown-event' }));
  });

  test('an event with id __proto__ is written and withdrawn as any other', () => {
    const next = withManualEvent(undefined, '__proto__', off, NOW);
    expect(JSON.stringify(next)).toContain('"__proto__":{"state":"critical"');
    expect(next['manual-flag']).toBe('off');
    expect(withoutManualEvent(next, '__proto__', NOW)).toEqual(emptyRecord);
  });
});

describe('the managed side and unknown keys', () => {
  test('stay as they are', () => {
    const record: HostRecord = {
      ...emptyRecord,
      'managed-flag': 'off',
      'managed-events': { a: { state: 'critical' } },
      x: 1,
    };
    const next = withFlagByHand(record, on, NOW);
    expect(next).toMatchObject({ 'managed-flag': 'off', 'managed-events': { a: { state: 'critical' } }, x: 1 });
  });
});

describe('bounds', () => {
  const many = (count: number) =>
    withEvents(
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`e${at}`, { state: 'ok', time: 1, ttl: at }])),
    );

  test('200 manual events; another one is refused, the same id is not', () => {
    expect(() => withManualEvent(many(200), 'one more', on, NOW)).toThrow(
      expect.objectContaining({ code: 'record-too-large' }),
    );
    expect(withManualEvent(many(200), 'e7', on, NOW)['manual-events']['e7']).toMatchObject({ by: 'me' });
    expect(Object.keys(withManualEvent(many(199), 'one more', on, NOW)['manual-events'])).toHaveLength(200);
  });

  test('256 KiB a record', () => {
    const record = withEvents({ large: { state: 'ok', time: 1, note: 'x'.repeat(256 * 1024 - 200) } });
    expect(() => withManualEvent(record, 'more', { ...on, description: 'y'.repeat(200) }, NOW)).toThrow(
      expect.objectContaining({ code: 'record-too-large' }),
    );
  });

  test('a record that another program made larger can be made smaller', () => {
    expect(Object.keys(withoutManualEvent(many(300), 'e7', NOW)['manual-events'])).toHaveLength(299);
    const left = withoutExpired(many(2_000), (event) => isExpired(event, NOW), NOW);
    expect(Object.keys(left['manual-events'])).toHaveLength(1_001);
    expect(() => withManualEvent(many(300), 'one more', on, NOW)).toThrow(
      expect.objectContaining({ code: 'record-too-large' }),
    );
    const heavy = withEvents({ a: { state: 'ok', note: 'x'.repeat(300_000) }, b: { state: 'ok', note: 'x' } });
    expect(Object.keys(withoutManualEvent(heavy, 'b', NOW)['manual-events'])).toEqual(['a']);
  });
});

describe('rule 27: what has run out', () => {
  test('is removed, and the flag follows from what is left', () => {
    const record = {
      ...withEvents({ a: { state: 'critical', time: 1, ttl: 5 }, b: { state: 'ok', time: 1 } }),
      'manual-flag': 'off' as const,
    };
    const next = withoutExpired(record, (event) => isExpired(event, NOW), NOW);
    expect(next).toMatchObject({ 'manual-flag': 'on', 'manual-events': { b: { state: 'ok' } } });
    expect(next['manual-events']).not.toHaveProperty('a');
  });
});
