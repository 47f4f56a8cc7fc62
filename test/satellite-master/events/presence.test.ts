/** Which hosts are heard, and since when the others are silent (docs/judgement.md, rules 7 and 11). */
import { beforeEach, describe, expect, test } from 'vitest';
import { EventHub } from '../../../satellite-master/events/event-hub.ts';
import { Presence } from '../../../satellite-master/events/presence.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, host } from '../../support/harness.ts';

const a1 = host('a1.example');
const a2 = host('a2.example');
let clock: ManualClock;
let hub: EventHub;
let presence: Presence;

beforeEach(() => {
  clock = aClock();
  hub = new EventHub({ clock, log: silentLog });
  presence = new Presence({ hub, clock });
});

function report(state: string, { service = 'mesos/slave/disk', ttl = 60, name = a1 } = {}): void {
  hub.publish([{ host: name, service, state, time: clock.wallMs() / 1000, ttl }], 'report');
}

function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000));
    hub.tick();
  }
}

const quiet = () => [...presence.quiet()].map(({ host: name, silent }) => `${name} ${silent ? 'silent' : 'overdue'}`);

describe('a host that reports', () => {
  test('is heard and not quiet', () => {
    report('ok');
    clock.advance(30_000);
    expect([...presence.heard()]).toEqual([a1]);
    expect(presence.silentForMs(a1)).toBeUndefined();
    expect(quiet()).toEqual([]);
  });

  test('is overdue when nothing has arrived for more than half of its shortest ttl', () => {
    report('ok', { ttl: 60 });
    report('ok', { service: 'mesos/slave/slow', ttl: 3_000 });
    clock.advance(30_001);
    expect(quiet()).toEqual([`${a1} overdue`]);
    report('ok', { service: 'mesos/slave/slow', ttl: 3_000 });
    expect(quiet()).toEqual([]);
  });

  test('is still heard while one test is live and another has expired', () => {
    report('ok', { ttl: 10 });
    report('critical', { service: 'mesos/slave/load', ttl: 600 });
    pass(20_000);
    expect(presence.isHeard(a1)).toBe(true);
  });
});

describe('a host whose tests have all expired', () => {
  test('is silent since then, and was last heard when its last event arrived', () => {
    report('ok');
    pass(70_000);
    expect(presence.isHeard(a1)).toBe(false);
    expect([...presence.quiet()]).toEqual([{ host: a1, lastHeardMs: 0, silent: true }]);
    expect(presence.silentForMs(a1)).toBeGreaterThan(8_000);
  });

  test('an event that is reported as expired counts the same', () => {
    report('ok');
    report('expired');
    expect(quiet()).toEqual([`${a1} silent`]);
  });

  test('is heard again with its next report', () => {
    report('ok');
    report('expired');
    report('critical');
    expect([...presence.heard()]).toEqual([a1]);
  });
});

describe('a host that was never heard', () => {
  test('is not quiet, and silent since this master listens', () => {
    clock.advance(5_000);
    expect(quiet()).toEqual([]);
    expect(presence.silentForMs(a2)).toBe(5_000);
    expect(presence.isHeard(a2)).toBe(false);
  });

  test.each([
    ['services outside of the test prefix', { service: 'backup' }],
    ['figures without a state', undefined],
  ])('%s do not make it heard', (_, said) => {
    if (said) report('ok', said);
    else hub.publish([{ host: a1, service: 'mesos/slave/tasks', time: clock.wallMs() / 1000, ttl: 60 }], 'report');
    expect([...presence.heard()]).toEqual([]);
  });

  test('nor does an event that a rule has indexed', () => {
    const event = { host: a1, service: 'mesos/slave/made', state: 'ok', time: clock.wallMs() / 1000, ttl: 60 };
    hub.publish([event], 'rules');
    expect([...presence.heard()]).toEqual([]);
  });
});

test('a host that is dropped is not quiet any more', () => {
  report('ok');
  pass(70_000);
  presence.dropHost(a1);
  expect(quiet()).toEqual([]);
});
