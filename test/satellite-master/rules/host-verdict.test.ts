/** What a host's tests say together, as the pure function that decides it (docs/judgement.md, rules 1, 2, 4-6). */
import { describe, expect, test } from 'vitest';
import {
  type HostInput,
  isTest,
  judgeHost,
  outcomeOf,
  type TestOutcome,
  type TestResult,
} from '../../../satellite-master/rules/host-health/host-verdict.ts';
import type { RecordEvent } from '../../../satellite-master/whitelist/record/record.ts';
import { host } from '../../support/harness.ts';

const NOW_S = 1_790_000_000;
const NOW_MS = 1_000_000;
const a1 = host('a1.example');

interface Ages {
  readonly agoS?: number;
  readonly sinceS?: number;
  readonly speaksS?: number;
  readonly time?: number;
}

/** A test as heard some seconds ago. */
function heard(state: string, ages: Ages = {}): TestResult {
  const { agoS = 1 } = ages;
  const { sinceS = agoS, time = NOW_S - agoS } = ages;
  const { speaksS = sinceS } = ages;
  return {
    event: { host: a1, service: 'x', state, time, ttl: 60, description: `says ${state}` },
    outcome: outcomeOf(state),
    arrivedMs: NOW_MS - agoS * 1000,
    arrivedS: NOW_S - agoS,
    sinceMs: NOW_MS - sinceS * 1000,
    reportingSinceMs: NOW_MS - speaksS * 1000,
  };
}

function input(
  tests: Readonly<Record<string, TestResult>>,
  managed: Readonly<Record<string, RecordEvent>> = {},
  more: Partial<HostInput> = {},
): HostInput {
  return {
    heard: new Map(Object.entries(tests).map(([name, one]) => [`mesos/slave/${name}`, one])),
    managed: Object.fromEntries(Object.entries(managed).map(([name, one]) => [`mesos/slave/${name}`, one])),
    dropped: new Set(),
    startedMs: 0,
    listeningSinceMs: 0,
    nowMs: NOW_MS,
    nowS: NOW_S,
    dropAfterMs: 60_000,
    ...more,
  };
}

describe('rule 1: what a test says', () => {
  test.each<[string, TestOutcome]>([
    ['ok', 'fit'],
    ['warning', 'fit'],
    ['warn', 'fit'],
    ['critical', 'unfit'],
    ['unknown', 'unknown'],
    ['expired', 'silent'],
    ['OK', 'fit'],
    ['Warning', 'fit'],
    ['Critical', 'unfit'],
    ['UNKNOWN', 'unknown'],
    ['', 'unfit'],
    ['lost', 'unfit'],
  ])('%j is %s', (state, outcome) => expect(outcomeOf(state)).toBe(outcome));

  test.each<[string, Record<string, TestResult>, string, string]>([
    ['all fit', { a: heard('ok'), b: heard('warning') }, 'fit', 'all 2 tests fit'],
    ['one unfit', { a: heard('ok'), b: heard('critical') }, 'unfit', 'mesos/slave/b critical: says critical'],
    ['another outcome is shown as reported', { a: heard('Lost') }, 'unfit', 'mesos/slave/a Lost: says Lost'],
    [
      'unfit beside unknown',
      { a: heard('unknown'), b: heard('critical') },
      'unfit',
      'mesos/slave/b critical: says critical',
    ],
    ['unknown beside fit', { a: heard('unknown'), b: heard('ok') }, 'unknown', 'mesos/slave/a unknown: says unknown'],
  ])('%s', (_, tests, kind, reason) => {
    expect(judgeHost(input(tests))).toMatchObject({ kind, rule: 1, reason, heard: true, drop: [] });
  });

  test('of many unfit ones five are named and all are counted', () => {
    const tests = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`t${at}`, heard('critical')]));
    const verdict = judgeHost(input(tests));
    expect(verdict.services).toHaveLength(9);
    expect(verdict.reason).toContain('and 4 more');
  });
});

describe('rule 2: index and record together', () => {
  const critical = (over: Partial<RecordEvent> = {}): RecordEvent => ({
    state: 'critical',
    time: NOW_S - 30,
    ttl: 60,
    description: 'disk full',
    ...over,
  });

  test('a managed event counts while no event of its service was heard', () => {
    const verdict = judgeHost(input({ b: heard('ok') }, { a: critical() }));
    expect(verdict).toMatchObject({
      kind: 'unfit',
      reason: 'mesos/slave/a critical: disk full',
      services: ['mesos/slave/a'],
    });
  });

  test.each<[string, TestResult, Partial<RecordEvent>, string]>([
    ['a newer event of its service ends that', heard('ok'), {}, 'fit'],
    ['one of the same time does too', heard('ok', { time: NOW_S - 30 }), {}, 'fit'],
    ['an older one does not', heard('ok', { time: NOW_S - 31 }), {}, 'unfit'],
    [
      'an older one that arrived after a whole ttl does',
      heard('ok', { time: NOW_S - 9_999, agoS: 0 }),
      { time: NOW_S - 61 },
      'fit',
    ],
    ['a managed event without a time is older than any', heard('ok', { time: 0 }), { time: undefined }, 'fit'],
    ['a newer unknown takes its place', heard('unknown'), {}, 'unknown'],
  ])('%s', (_, one, over, kind) => {
    expect(judgeHost(input({ a: one }, { a: critical(over) })).kind).toBe(kind);
  });

  test.each(['ok', 'warn'])('a managed event that says %s makes no host fit', (state) => {
    expect(judgeHost(input({}, { a: critical({ state }) })).kind).toBe('unheard');
  });

  test('nor does it hide what was heard', () => {
    const one = heard('critical', { time: NOW_S - 50 });
    expect(judgeHost(input({ a: one }, { a: critical({ state: 'ok' }) })).kind).toBe('unfit');
  });

  test('managed events of other services are none of its business', () => {
    const outside = {
      ...input({ a: heard('ok') }),
      managed: { 'satellite/readmission': critical(), other: critical() },
    };
    expect(judgeHost(outside).kind).toBe('fit');
  });
});

describe('rule 5: silence', () => {
  test('all silent: the host is silent', () => {
    const verdict = judgeHost(input({ a: heard('expired'), b: heard('expired') }));
    expect(verdict).toMatchObject({ kind: 'silent', rule: 5, reason: 'silent: 2 of 2 tests past their ttl', drop: [] });
  });

  test('one silent beside others counts as unknown until `first` of that has passed', () => {
    const verdict = judgeHost(input({ a: heard('expired', { sinceS: 59 }), b: heard('ok', { speaksS: 900 }) }));
    expect(verdict).toMatchObject({ kind: 'unknown', rule: 5, drop: [], againAtMs: NOW_MS + 1_000 });
  });

  test('then it is to be dropped', () => {
    const verdict = judgeHost(input({ a: heard('expired', { sinceS: 60 }), b: heard('ok', { speaksS: 900 }) }));
    expect(verdict.drop).toEqual(['mesos/slave/a']);
  });

  test('`first` counts from when others began to speak', () => {
    const verdict = judgeHost(input({ a: heard('expired', { sinceS: 900 }), b: heard('ok', { speaksS: 10 }) }));
    expect(verdict).toMatchObject({ kind: 'unknown', drop: [], againAtMs: NOW_MS + 50_000 });
  });

  test('unfit outweighs silence; the silent one is dropped all the same', () => {
    const tests = { a: heard('expired', { sinceS: 60 }), b: heard('critical', { sinceS: 5, speaksS: 900 }) };
    expect(judgeHost(input(tests))).toMatchObject({ kind: 'unfit', drop: ['mesos/slave/a'] });
  });

  test('unknown is no silence', () => {
    expect(judgeHost(input({ a: heard('unknown'), b: heard('expired') })).kind).toBe('unknown');
  });
});

describe('rules 6 and 14: what stands in the record only', () => {
  const standing = (agoS: number, ttl = 60): Record<string, RecordEvent> => ({
    a: { state: 'critical', time: NOW_S - agoS, ttl },
  });

  test('nothing heard and nothing standing: unheard', () => {
    expect(judgeHost(input({}))).toMatchObject({ kind: 'unheard', rule: 6, heard: false, againAtMs: undefined });
  });

  test('a managed event within its ttl is believed, and turns silent when that ends', () => {
    expect(judgeHost(input({}, standing(30)))).toMatchObject({
      kind: 'unfit',
      heard: false,
      againAtMs: NOW_MS + 30_000,
    });
    expect(judgeHost(input({}, standing(60)))).toMatchObject({ kind: 'silent', rule: 5 });
  });

  test('its ttl begins no earlier than this master listens without a stall', () => {
    const verdict = judgeHost(input({}, standing(100), { listeningSinceMs: NOW_MS - 20_000 }));
    expect(verdict).toMatchObject({ kind: 'unfit', againAtMs: NOW_MS + 40_000 });
  });

  describe('rule 6a: what was too old when this master started', () => {
    const started = { startedMs: NOW_MS - 20_000, listeningSinceMs: NOW_MS - 20_000 };
    const old: readonly (readonly [string, RecordEvent])[] = [
      ['expired, without a ttl', { state: 'expired', time: NOW_S - 100, ttl: null }],
      ['expired', { state: 'expired', time: NOW_S - 1, ttl: 60 }],
      ['critical, without a ttl', { state: 'critical', time: NOW_S - 1 }],
      ['critical, past its time and ttl', { state: 'critical', time: NOW_S - 86_400, ttl: 60 }],
      ['without a time', { state: 'critical', ttl: 60 }],
    ];

    test.each(old)('%s: unknown for a host that nobody has heard', (_, event) => {
      expect(judgeHost(input({}, { a: event }, started))).toMatchObject({ kind: 'unknown', rule: '6a', heard: false });
    });

    test.each(old)('%s: unknown beside tests that are fit, then dropped', (_, event) => {
      const fit = { b: heard('ok', { speaksS: 15 }) };
      expect(judgeHost(input(fit, { a: event }, started))).toMatchObject({ kind: 'unknown', drop: [] });
      const later = { startedMs: NOW_MS - 90_000, listeningSinceMs: NOW_MS - 90_000 };
      const longer = { b: heard('ok', { speaksS: 61 }) };
      const tooOld = { ...event, time: NOW_S - 86_400 };
      expect(judgeHost(input(longer, { a: tooOld }, later))).toMatchObject({ drop: ['mesos/slave/a'] });
    });

    test.each(old)('%s: takes nothing from a test that is critical now', (_, event) => {
      expect(judgeHost(input({ b: heard('critical') }, { a: event }, started))).toMatchObject({ kind: 'unfit' });
    });

    test.each(old)('%s: does not hide that the host fell silent', (_, event) => {
      const silent = { b: heard('expired') };
      expect(judgeHost(input(silent, { a: event }, started))).toMatchObject({ kind: 'silent', rule: 5 });
    });

    test('critical within its ttl at the start still counts', () => {
      expect(judgeHost(input({}, standing(10), started))).toMatchObject({ kind: 'unfit' });
    });

    test('file-exists is known by the name that the original gave it', () => {
      const event: RecordEvent = { state: 'critical', time: NOW_S - 10, ttl: 60 };
      const managed = { '/mnt/dataexists': event };
      expect(judgeHost(input({ '/mnt/data exists': heard('ok') }, managed))).toMatchObject({ kind: 'fit' });
    });
  });

  test('a time in the future is taken as now', () => {
    expect(judgeHost(input({}, standing(-500)))).toMatchObject({ kind: 'unfit', againAtMs: NOW_MS + 60_000 });
  });

  test('past its ttl beside tests that speak it is silence of one, and dropped after `first`', () => {
    const fit = { b: heard('ok', { speaksS: 900 }) };
    expect(judgeHost(input(fit, standing(61)))).toMatchObject({ kind: 'unknown', drop: [] });
    expect(judgeHost(input(fit, standing(120)))).toMatchObject({ drop: ['mesos/slave/a'] });
  });

  test('stored as expired it is silent from its own time on', () => {
    const verdict = judgeHost(
      input({ b: heard('ok', { speaksS: 900 }) }, { a: { state: 'expired', time: NOW_S - 60, ttl: 9_999 } }),
    );
    expect(verdict.drop).toEqual(['mesos/slave/a']);
  });

  test('once dropped it no longer counts', () => {
    const dropped = new Set(['mesos/slave/a']);
    expect(judgeHost(input({ b: heard('ok') }, standing(30), { dropped })).kind).toBe('fit');
  });
});

test.each([
  ['mesos/slave/disk', 'ok', true],
  ['mesos/slave/disk', undefined, false],
  ['mesos/master/disk', 'ok', false],
  ['disk', 'ok', false],
])('%s in state %s is a test: %s', (service, state, expected) => {
  expect(isTest({ host: a1, service, time: 0, ttl: 60, ...(state === undefined ? {} : { state }) })).toBe(expected);
});
