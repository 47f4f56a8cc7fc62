/** One answer to why a host is on or off, from the values that decided (docs/rest.md, "Reading the whitelist"). */
import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../satellite-master/whitelist/automation/decision.ts';
import { type WhyInput, whyOf } from '../../../satellite-master/whitelist/operators/why.ts';
import { emptyRecord, type HostRecord } from '../../../satellite-master/whitelist/record/record.ts';
import { host } from '../../support/harness.ts';

const NOW_S = 1_790_000_000;
const NOW_MS = 5_000;
const none: Decision = { action: 'none', rule: 1, reason: 'all 2 tests fit', next: undefined };

function why(
  record: Partial<HostRecord> | undefined,
  over: Partial<Omit<WhyInput, 'entry'>> & { broken?: string } = {},
) {
  const { broken, ...rest } = over;
  const full = record && { ...emptyRecord, ...record };
  const entry = {
    host: host('a1.example'),
    record: full,
    broken,
    version: 0,
    createdMs: 0,
    order: 1n,
    on: true,
    foreignUntilMs: undefined,
  };
  return whyOf({ entry, decision: none, held: undefined, countingTests: [], nowMs: NOW_MS, nowS: NOW_S, ...rest });
}

describe('who decides, by which rule', () => {
  const waits: Decision = { action: 'none', rule: 12, reason: 'waits', next: { atMs: NOW_MS + 2_500, change: 'on' } };

  test.each<[string, Partial<HostRecord>, Decision, object]>([
    [
      'automation',
      { 'managed-flag': 'on' },
      none,
      { flag: 'on', decidedBy: 'managed', rule: 1, reason: 'managed flag on; all 2 tests fit' },
    ],
    [
      'automation that waits',
      { 'managed-flag': 'off' },
      waits,
      { flag: 'off', rule: 12, next: { at: NOW_S + 2.5, change: 'on' } },
    ],
    [
      'an operator',
      { 'managed-flag': 'on', 'manual-events': { m: { state: 'critical', description: 'swap' } } },
      waits,
      { flag: 'off', decidedBy: 'manual', rule: 15, reason: 'm critical: swap', next: null },
    ],
    [
      'nobody',
      {},
      none,
      { flag: 'off', decidedBy: 'none', rule: 18, reason: 'no flag on either list; all 2 tests fit' },
    ],
  ])('%s', (_, record, decision, expected) => expect(why(record, { decision })).toMatchObject(expected));

  test('a broken record is named, by rule 22', () => {
    expect(why({ 'managed-flag': 'on' }, { broken: 'it is empty' })).toMatchObject({
      rule: 22,
      flag: 'on',
      reason: 'the record is broken: it is empty; managed flag on; all 2 tests fit',
    });
    expect(why(undefined, { broken: 'it is empty' })).toMatchObject({
      rule: 22,
      ruleId: '22a',
      flag: 'off',
      reason: expect.stringContaining('if the host is in the whitelist file, it stays there'),
      events: [],
    });
  });

  test('the letter of a rule is in ruleId, its number in rule', () => {
    const decision: Decision = { action: 'none', rule: '6a', reason: 'stored before', next: undefined };
    expect(why({ 'managed-flag': 'on' }, { decision })).toMatchObject({ rule: 6, ruleId: '6a' });
  });

  test('the guard speaks only where it holds', () => {
    expect(why({ 'managed-flag': 'on' }).guard).toBeNull();
    expect(why({ 'managed-flag': 'on' }, { held: '3 of 3' }).guard).toEqual({ held: true, reason: '3 of 3' });
  });
});

describe('the events, and which of them count', () => {
  test('of both lists, with author and end', () => {
    const record: Partial<HostRecord> = {
      'managed-flag': 'off',
      'managed-events': { disk: { state: 'critical', time: 1, ttl: 60 }, old: { state: 'critical' } },
      'manual-events': {
        a: { state: 'critical', time: NOW_S, ttl: 60, by: 'kim', description: 'swap' },
        b: { state: 'ok', time: NOW_S },
        gone: { state: 'critical', time: NOW_S - 61, ttl: 60 },
      },
    };
    expect(why(record, { countingTests: ['disk'] }).events).toEqual([
      { list: 'manual', id: 'a', state: 'critical', counts: true, by: 'kim', description: 'swap', expires: NOW_S + 60 },
      { list: 'manual', id: 'b', state: 'ok', counts: false, by: null, description: null, expires: null },
      { list: 'manual', id: 'gone', state: 'critical', counts: false, by: null, description: null, expires: NOW_S - 1 },
      { list: 'managed', id: 'disk', state: 'critical', counts: true, by: null, description: null, expires: null },
      { list: 'managed', id: 'old', state: 'critical', counts: false, by: null, description: null, expires: null },
    ]);
  });
});

describe('what time alone will change', () => {
  const event = (state: string, ttl?: number) => ({ state, time: NOW_S, ...(ttl === undefined ? {} : { ttl }) });

  test.each<[string, Partial<HostRecord>, object | null]>([
    ['nothing', { 'managed-flag': 'on' }, null],
    ['an override that stands', { 'manual-events': { m: event('critical') } }, null],
    [
      'an override that ends',
      { 'managed-flag': 'on', 'manual-events': { m: event('critical', 60) } },
      { at: NOW_S + 60, change: 'on' },
    ],
    [
      'one that ends without a change',
      { 'managed-flag': 'off', 'manual-events': { m: event('critical', 60) } },
      { at: NOW_S + 60, change: 'a manual event runs out' },
    ],
    [
      'the sooner of two',
      { 'manual-events': { m: event('critical', 60), n: event('ok', 90) } },
      { at: NOW_S + 60, change: 'on' },
    ],
  ])('%s', (_, record, next) => expect(why(record).next).toEqual(next));
});
