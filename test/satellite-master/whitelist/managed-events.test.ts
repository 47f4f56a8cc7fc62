/** The managed side of a record after a decision (docs/judgement.md, rules 12-14; docs/rest.md, "Records"). */
import { describe, expect, test } from 'vitest';
import {
  MAX_RECORD_BYTES,
  putOn,
  takenOff,
  withManagedEvents,
} from '../../../satellite-master/whitelist/record/managed-events.ts';
import {
  emptyRecord,
  type HostRecord,
  READMISSION_ID,
  type RecordEvent,
} from '../../../satellite-master/whitelist/record/record.ts';

const NOW = 1_000_000;
const DAY = 86_400;

const on = (readmission?: RecordEvent): HostRecord => ({
  ...emptyRecord,
  'managed-flag': 'on',
  'managed-events': readmission ? { [READMISSION_ID]: readmission } : {},
});

const told = (record: HostRecord) => record['managed-events'][READMISSION_ID];

describe('rule 12: relapses', () => {
  test.each<[string, RecordEvent | undefined, string]>([
    ['never off before', undefined, '0'],
    ['readmitted just now', { state: 'ok', time: NOW, relapses: '0' }, '1'],
    ['readmitted just within a day', { state: 'ok', time: NOW - DAY + 1, relapses: '2' }, '3'],
    ['readmitted a day ago', { state: 'ok', time: NOW - DAY, relapses: '2' }, '0'],
    ['readmitted by a master whose clock is ahead', { state: 'ok', time: NOW + 5, relapses: '2' }, '3'],
    ['with a count that is none', { state: 'ok', time: NOW, relapses: 'many' }, '1'],
    ['with a count below nothing', { state: 'ok', time: NOW, relapses: '-5' }, '1'],
    ['without a count', { state: 'ok', time: NOW }, '1'],
  ])('%s', (_, readmission, relapses) => {
    expect(told(takenOff(on(readmission), NOW))).toMatchObject({ relapses });
  });

  test('the count stays with a host that is put on, and so does since when it was off', () => {
    const off = takenOff(on({ state: 'ok', time: NOW, relapses: '1' }), NOW);
    const back = putOn(off, NOW + 240);
    expect(back['managed-flag']).toBe('on');
    expect(told(back)).toEqual({ state: 'ok', time: NOW + 240, ttl: DAY, relapses: '2', 'off-since': String(NOW) });
    expect(told(takenOff(back, NOW + 300))).toMatchObject({ relapses: '3', 'off-since': String(NOW + 300) });
  });

  test('a host that was on no list has no history when it goes on', () => {
    expect(putOn(emptyRecord, NOW)).toEqual({ ...emptyRecord, 'managed-flag': 'on' });
  });

  test('the manual side and unknown keys stay', () => {
    const record: HostRecord = { ...on(), 'manual-flag': 'on', 'manual-events': { a: { state: 'ok' } }, mine: 1 };
    expect(takenOff(record, NOW)).toMatchObject({
      'manual-flag': 'on',
      'manual-events': { a: { state: 'ok' } },
      mine: 1,
    });
  });
});

describe('rule 14: managed events', () => {
  const event = (over: Partial<RecordEvent> = {}): RecordEvent => ({
    state: 'critical',
    time: 1,
    description: 'full',
    ...over,
  });
  const record: HostRecord = { ...emptyRecord, 'managed-events': { a: event(), foreign: event() } };
  const apply = (id: string, desiredFlag: RecordEvent | null) =>
    withManagedEvents(record, new Map([[id, desiredFlag]]))['managed-events'];

  test('what is wished stands there, what is to go is gone, all else stays', () => {
    expect(apply('b', event())).toEqual({ a: event(), foreign: event(), b: event() });
    expect(apply('a', null)).toEqual({ foreign: event() });
    expect(apply('c', null)).toEqual(record['managed-events']);
  });

  test.each<[string, Partial<RecordEvent>, boolean]>([
    ['a later time alone', { time: 9 }, false],
    ['another metric alone', { time: 9, metric: 3 }, false],
    ['another description', { time: 9, description: 'fuller' }, true],
    ['no description any more', { time: 9, description: undefined }, true],
    ['another word for it', { time: 9, 'reported-state': 'lost' }, true],
  ])('%s is written: %#', (_, over, written) => {
    expect(apply('a', event(over))['a']).toEqual(written ? event(over) : event());
  });
});

describe('256 KiB a record: automation keeps the worst events', () => {
  const large = (state: string, time: number): RecordEvent => ({ state, time, description: 'x'.repeat(40_000) });
  const desired = new Map([
    ['warn', large('warn', 1)],
    ['expired', large('expired', 1)],
    ...Array.from({ length: 8 }, (_, at) => [`critical ${at}`, large('critical', at)] as const),
  ]);
  const full = withManagedEvents(
    { ...emptyRecord, 'managed-events': { [READMISSION_ID]: { state: 'ok', note: 'x'.repeat(20_000) } } },
    desired,
  );

  test('the least bad go first, then the newest; what the next leader must know never', () => {
    expect(Buffer.byteLength(JSON.stringify(full))).toBeLessThanOrEqual(MAX_RECORD_BYTES);
    expect(Object.keys(full['managed-events']).sort()).toEqual([
      ...Array.from({ length: 6 }, (_, at) => `critical ${at}`).slice(
        0,
        Object.keys(full['managed-events']).length - 1,
      ),
      READMISSION_ID,
    ]);
  });

  test('the same again gives the same: nothing is written for ever', () => {
    expect(withManagedEvents(full, desired)).toEqual(full);
  });
});
