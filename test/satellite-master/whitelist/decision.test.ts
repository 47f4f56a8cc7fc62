/** What automation would do with one host (docs/judgement.md, rules 6, 7, 12, 22, 23). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Decision,
  type DecisionInput,
  decide,
  readmissionWaitMs,
} from '../../../satellite-master/whitelist/automation/decision.ts';
import type { DesiredFlag } from '../../../satellite-master/whitelist/automation/desired-flags.ts';
import { readmissionOf } from '../../../satellite-master/whitelist/record/readmission.ts';
import {
  emptyRecord,
  type Flag,
  type HostRecord,
  READMISSION_ID,
} from '../../../satellite-master/whitelist/record/record.ts';

const NOW_MS = 10_000_000;
const readmitAfter = { firstMs: 60_000, maxMs: 3_600_000 };

const fitFor = (forMs: number): DesiredFlag => ({ flag: 'on', rule: 1, reason: 'all fit', fitSinceMs: NOW_MS - forMs });
const ill: DesiredFlag = {
  flag: 'off',
  rule: 1,
  reason: 'disk critical',
  illness: { kind: 'critical', criticals: 1, sinceMs: 0 },
};
const silent: DesiredFlag = {
  flag: 'off',
  rule: 5,
  reason: 'silent',
  illness: { kind: 'silent', criticals: 0, sinceMs: 0 },
};
const unsure: DesiredFlag = { flag: 'keep', rule: 1, reason: 'disk unknown' };

const flagged = (flag: Flag | null, relapses?: string): HostRecord => ({
  ...emptyRecord,
  'managed-flag': flag,
  'managed-events': relapses === undefined ? {} : { [READMISSION_ID]: { state: 'ok', time: 1, relapses } },
});

function decided(over: Partial<DecisionInput>) {
  return decide({
    record: flagged('on'),
    broken: false,
    desiredFlag: undefined,
    readmitAfter,
    foreignUntilMs: undefined,
    inMassSilence: false,
    nowMs: NOW_MS,
    nowS: 1_790_000_000,
    ...over,
  });
}

describe('the decision', () => {
  test.each<[string, Partial<DecisionInput>, string, Decision['rule']]>([
    ['rule 6: nothing heard', {}, 'none', 6],
    ['rule 1: unknown keeps the flag', { desiredFlag: unsure }, 'none', 1],
    ['rule 1: unknown keeps an off', { desiredFlag: unsure, record: flagged('off') }, 'none', 1],
    ['unknown keeps no flag', { desiredFlag: unsure, record: flagged(null) }, 'none', 1],
    ['fit and on', { desiredFlag: fitFor(5) }, 'none', 1],
    ['ill and on', { desiredFlag: ill }, 'off', 1],
    ['ill and off', { desiredFlag: ill, record: flagged('off') }, 'none', 1],
    ['silent and on', { desiredFlag: silent }, 'off', 5],
    ['rule 7: silent in a wave', { desiredFlag: silent, inMassSilence: true }, 'none', 7],
    ['rule 7: ill in a wave', { desiredFlag: ill, inMassSilence: true }, 'off', 1],
    ['rule 12: fit for the first time', { desiredFlag: fitFor(0), record: flagged(null) }, 'on', 12],
    ['rule 12: new and fit', { desiredFlag: fitFor(0), record: undefined }, 'on', 12],
    ['rule 12: off and fit for too short', { desiredFlag: fitFor(59_999), record: flagged('off') }, 'none', 12],
    ['rule 12: off and fit for long enough', { desiredFlag: fitFor(60_000), record: flagged('off') }, 'on', 12],
    ['rule 12: once relapsed', { desiredFlag: fitFor(119_999), record: flagged('off', '1') }, 'none', 12],
    ['rule 12: once relapsed, long enough', { desiredFlag: fitFor(120_000), record: flagged('off', '1') }, 'on', 12],
    ['rule 22: broken', { desiredFlag: ill, broken: true }, 'none', 22],
    ['rule 22a: broken and never known good', { desiredFlag: ill, broken: true, record: undefined }, 'none', '22a'],
    ['rule 23: a foreign flag', { desiredFlag: ill, foreignUntilMs: NOW_MS + 1 }, 'none', 23],
    ['rule 23: a foreign flag that has stood', { desiredFlag: ill, foreignUntilMs: NOW_MS }, 'off', 1],
    ['a foreign flag that is as wished', { desiredFlag: fitFor(5), foreignUntilMs: NOW_MS + 1 }, 'none', 1],
  ])('%s', (_, over, action, rule) => {
    expect(decided(over)).toMatchObject({ action, rule });
  });

  test('every one has a reason', () => {
    const desired = fc.constantFrom(undefined, ill, silent, unsure, fitFor(0), fitFor(1e9));
    const records = fc.constantFrom(undefined, ...(['on', 'off', null] as const).map((flag) => flagged(flag)));
    fc.assert(
      fc.property(desired, records, fc.boolean(), fc.boolean(), (desiredFlag, record, broken, inMassSilence) => {
        expect(decided({ desiredFlag, record, broken, inMassSilence }).reason).not.toBe('');
      }),
    );
  });

  test('what waits says until when, and what for', () => {
    expect(decided({ desiredFlag: fitFor(20_000), record: flagged('off', '2') })).toMatchObject({
      reason: 'all fit; readmission needs 4m of fitness without a break after 2 relapses',
      next: { atMs: NOW_MS + 220_000, change: 'on' },
    });
    expect(decided({ desiredFlag: ill, foreignUntilMs: NOW_MS + 500 }).next).toEqual({
      atMs: NOW_MS + 500,
      change: 'off',
    });
  });

  test('what is wanted and doubted is held, with the reason', () => {
    expect(decided({ desiredFlag: silent, inMassSilence: true }).held).toContain('mass-silence');
    expect(decided({ desiredFlag: ill }).held).toBeUndefined();
  });
});

describe('rule 12: the wait', () => {
  test.each([
    [0, 60_000],
    [1, 120_000],
    [3, 480_000],
    [5, 1_920_000],
    [6, 3_600_000],
    [1e9, 3_600_000],
  ])('after %i relapses is %i ms', (relapses, waitMs) =>
    expect(readmissionWaitMs(relapses, readmitAfter)).toBe(waitMs),
  );

  test('is never longer than the longest, also where that is less than the first', () => {
    expect(readmissionWaitMs(0, { firstMs: 60_000, maxMs: 10_000 })).toBe(10_000);
  });
});

describe('rule 13: what the record tells', () => {
  const told = (event: Record<string, unknown>) =>
    readmissionOf({ ...emptyRecord, 'managed-events': { [READMISSION_ID]: { state: 'ok', ...event } } });

  test.each([
    [
      { time: 5, relapses: '2', 'off-since': '1.5' },
      { relapses: 2, offSinceS: 1.5, timeS: 5 },
    ],
    [
      { time: null, relapses: 'x', 'off-since': '' },
      { relapses: 0, offSinceS: undefined, timeS: undefined },
    ],
    [{ relapses: '2.9' }, { relapses: 2, offSinceS: undefined, timeS: undefined }],
    [{ relapses: 3 }, { relapses: 0, offSinceS: undefined, timeS: undefined }],
  ])('%j', (event, expected) => expect(told(event)).toEqual(expected));

  test('nothing of a host without such an event', () => {
    expect(readmissionOf(undefined)).toEqual({ relapses: 0, offSinceS: undefined, timeS: undefined });
  });
});
