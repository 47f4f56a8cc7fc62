/** The default rule as it follows events and time (docs/judgement.md, rules 3-7, 14, 21). */
import { beforeEach, describe, expect, test } from 'vitest';
import { HostJudge } from '../../../satellite-master/rules/host-health/host-judge.ts';
import { DesiredFlags } from '../../../satellite-master/whitelist/automation/desired-flags.ts';
import type { RecordEvents } from '../../../satellite-master/whitelist/record/record.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, host } from '../../support/harness.ts';

const a1 = host('a1.example');
const a2 = host('a2.example');
let clock: ManualClock;
let desired: DesiredFlags;
let judge: HostJudge;
let managed: RecordEvents;
let told: number;

beforeEach(() => {
  clock = aClock();
  managed = {};
  told = 0;
  desired = new DesiredFlags();
  desired.onChange(() => told++);
  judge = new HostJudge({ clock, desired, dropAfterMs: 60_000, managedEventsOf: () => managed });
});

function say(state: string, { service = 'disk', ttl = 60, name = a1, description = '' } = {}): void {
  const time = clock.wallMs() / 1000;
  judge.ingest({ host: name, service: `mesos/slave/${service}`, state, time, ttl, description });
}

describe('rule 3: judged when an event arrives', () => {
  test('a change is wished at once', () => {
    say('ok');
    expect(desired.flag(a1)).toMatchObject({ flag: 'on', fitSinceMs: 0 });
    say('critical');
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', illness: { kind: 'critical', criticals: 1 } });
  });

  test('a fit host that says the same again costs no judgement', () => {
    say('ok');
    const before = told;
    for (let at = 0; at < 100; at++) say('warning');
    expect(told).toBe(before);
  });

  test('figures and events without a host are none of its business', () => {
    const time = clock.wallMs() / 1000;
    judge.ingest({ host: a1, service: 'mesos/slave/total-tasks', time, ttl: 60 });
    judge.ingest({ service: 'mesos/slave/disk', state: 'critical', time, ttl: 60 });
    judge.ingest({ host: a1, service: 'backup', state: 'critical', time, ttl: 60 });
    expect([...desired.hosts()]).toEqual([]);
  });

  test('that something never heard of has expired says nothing', () => {
    say('expired');
    expect(judge.verdictOf(a1)).toBeUndefined();
  });
});

describe('rule 9: for how long it is ill', () => {
  test('counts from when it became so, whatever is said of it later', () => {
    say('critical');
    clock.advance(5_000);
    say('critical', { service: 'memory' });
    expect(desired.flag(a1)?.illness).toEqual({ kind: 'critical', criticals: 2, sinceMs: 0 });
  });
});

describe('rule 12: since when it is fit', () => {
  test.each(['critical', 'unknown', 'expired'])('begins anew after %s', (outcome) => {
    say('ok');
    clock.advance(5_000);
    say(outcome);
    clock.advance(5_000);
    say('ok');
    expect(desired.flag(a1)?.fitSinceMs).toBe(10_000);
  });

  test('is when the last of its tests became fit', () => {
    say('critical', { service: 'memory' });
    say('ok');
    clock.advance(5_000);
    say('ok', { service: 'memory' });
    expect(desired.flag(a1)?.fitSinceMs).toBe(5_000);
  });
});

describe('rule 7: after a stall', () => {
  test('what stands in the record has its ttl anew', () => {
    managed = { 'mesos/slave/disk': { state: 'critical', time: clock.wallMs() / 1000, ttl: 60 } };
    judge.recordChanged(a1);
    clock.stall(100_000);
    judge.tick();
    expect(judge.verdictOf(a1)?.verdict.kind).toBe('unfit');
    for (let passed = 0; passed < 60_000; passed += 4_000) {
      clock.advance(4_000);
      judge.tick();
    }
    expect(judge.verdictOf(a1)?.verdict.kind).toBe('silent');
  });
});

describe('rule 14: what it wants to stand in the record', () => {
  const wanted = () => desired.events(a1).get('mesos/slave/disk');

  test('an unfit test, as the original stores it', () => {
    say('lost', { description: 'x'.repeat(5_000) });
    expect(wanted()).toEqual({
      host: a1,
      service: 'mesos/slave/disk',
      state: 'critical',
      'reported-state': 'lost',
      time: clock.wallMs() / 1000,
      ttl: 60,
      description: 'x'.repeat(1_024),
    });
  });

  test('nothing of a test that is well, once the record has nothing of it', () => {
    say('critical');
    managed = { 'mesos/slave/disk': { state: 'critical', time: clock.wallMs() / 1000, ttl: 60 } };
    say('ok');
    expect(wanted()).toBeNull();
    managed = {};
    judge.recordChanged(a1);
    expect(wanted()).toBeUndefined();
  });

  test('a write that arrives late is undone', () => {
    const time = clock.wallMs() / 1000;
    say('critical');
    say('ok');
    expect(wanted()).toBeUndefined();
    managed = { 'mesos/slave/disk': { state: 'critical', time, ttl: 60 } };
    judge.recordChanged(a1);
    expect(wanted()).toBeNull();
  });
});

describe('bounds', () => {
  test('of a host at most 256 tests are kept: those silent for longest make room', () => {
    for (let at = 0; at < 256; at++) say('ok', { service: `s${at}` });
    say('critical', { service: 'one more' });
    expect(judge.verdictOf(a1)?.verdict.kind).toBe('fit');
    say('expired', { service: 's7' });
    clock.advance(1);
    say('expired', { service: 's8' });
    say('critical', { service: 'one more' });
    expect(judge.verdictOf(a1)?.verdict.kind).toBe('unfit');
    say('ok', { service: 's8' });
    say('ok', { service: 'one more' });
    expect(judge.verdictOf(a1)?.verdict).toMatchObject({ kind: 'fit', reason: 'all 256 tests fit' });
  });

  test('at most 100,000 hosts are followed; those known are followed on', () => {
    for (let at = 0; at < 100_000; at++) say('ok', { name: host(`h${at}.example`) });
    say('ok', { name: a2 });
    expect(judge.verdictOf(a2)).toBeUndefined();
    say('critical', { name: host('h5.example') });
    expect(judge.verdictOf(host('h5.example'))?.verdict.kind).toBe('unfit');
    judge.dropHost(host('h5.example'));
    say('ok', { name: a2 });
    expect(judge.verdictOf(a2)?.verdict.kind).toBe('fit');
  });
});

test('rule 21: of a host that is dropped neither desired flag nor verdict is left', () => {
  say('critical');
  judge.dropHost(a1);
  expect(desired.flag(a1)).toBeUndefined();
  expect(desired.events(a1).size).toBe(0);
  expect(judge.verdictOf(a1)).toBeUndefined();
  clock.advance(4_000);
  judge.tick();
  expect([...desired.hosts()]).toEqual([]);
});
