/** The rules in force: a new version takes over only if it is sound, and what it desired then (docs/judgement.md, rules 12, 25). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordChannels } from '../../../satellite-master/alerts/index.ts';
import { EventHub } from '../../../satellite-master/events/event-hub.ts';
import { Presence } from '../../../satellite-master/events/presence.ts';
import { RuleFaults } from '../../../satellite-master/rules/engine/rule-faults.ts';
import {
  RulesEngine,
  type RulesEngineOptions,
  rulesSource,
} from '../../../satellite-master/rules/engine/rules-engine.ts';
import { RENEW_WITHIN_MS } from '../../../satellite-master/rules/flags/module-flags.ts';
import { DesiredFlags } from '../../../satellite-master/whitelist/automation/desired-flags.ts';
import type { RecordEvents } from '../../../satellite-master/whitelist/record/record.ts';
import type { Event } from '../../../shared/event.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { host } from '../../support/harness.ts';
import { until } from '../../support/until.ts';
import { type LogLines, logLines } from './support/log-lines.ts';
import { ModuleFolder } from './support/module-folder.ts';

const a1 = host('a1.example');
const a2 = host('a2.example');

let folder: ModuleFolder;
let clock: ManualClock;
let hub: EventHub;
let presence: Presence;
let desired: DesiredFlags;
let managed: RecordEvents;
let said: LogLines;
let faults: string[];
let indexed: Event[];
let opened: number;
let live: RulesEngine;

beforeEach(() => {
  folder = new ModuleFolder();
  clock = new ManualClock(1_790_000_000_000);
  desired = new DesiredFlags();
  managed = {};
  said = logLines();
  hub = new EventHub({ clock, log: said.log });
  presence = new Presence({ hub, clock });
  faults = [];
  indexed = [];
  opened = 0;
});
afterEach(() => {
  live.stop();
  folder.remove();
});

function rules(body: string): void {
  folder.write('rules.mjs', `export default (satellite) => {\n  ${body}\n};`);
}

function start(body: string): void {
  rules(body);
  live = new RulesEngine(optionsOf(`${folder.path}/rules.mjs`));
}

function optionsOf(path: string): RulesEngineOptions {
  const ruleFaults = new RuleFaults({ clock, log: said.log, counted: (stream) => faults.push(stream) });
  return {
    source: rulesSource(path),
    hub,
    flags: desired,
    effects: {
      index: (event) => indexed.push(event),
      log: () => undefined,
      forward: () => undefined,
      stat: () => undefined,
      tap: () => undefined,
    },
    openChannels: () => {
      opened++;
      const { functions } = recordChannels({ clock, self: 'test', record: () => undefined });
      return { functions, release: () => opened-- };
    },
    managedEventsOf: () => managed,
    readmitAfterMs: 60_000,
    fault: (stream, error, place) => ruleFaults.take(stream, error, place),
    clock,
    log: said.log,
  };
}

function reload(body: string): void {
  rules(body);
  live.reload('test');
}

function hear(service: string, state: string, { name = a1, ttl = 60 } = {}): void {
  hub.publish([{ host: name, service, state, time: clock.wallMs() / 1000, ttl }], 'report');
}

/** Lets time pass as a master does. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000));
    hub.tick();
    live.tick();
  }
}

const GPU = `const { rule, where, service, state, offHost, onHost, otherwise } = satellite;
  return rule('gpu', () => where(service('gpu'), where(state('critical'), offHost(), otherwise(onHost()))));`;
const TESTS = 'return [satellite.where(satellite.service(/^mesos/), satellite.judgeTests())];';
const BOTH = `const { where, service, judgeTests } = satellite;
  const gpu = () => { ${GPU} };
  return [gpu(), where(service(/^mesos/), judgeTests())];`;

describe('a new version that is sound', () => {
  test('a rule that is gone has no desired from the first moment, and the others stand', () => {
    start(BOTH);
    hear('gpu', 'critical');
    hear('mesos/slave/disk', 'ok');
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', reason: 'gpu critical', illness: { kind: 'critical' } });
    reload(TESTS);
    expect(desired.flag(a1)).toMatchObject({ flag: 'on', reason: 'all 1 tests fit' });
    expect(live.state).toBe('ok');
  });

  test('hears what is live, so that a rule says the same at once', () => {
    start(BOTH);
    hear('gpu', 'critical', { ttl: RENEW_WITHIN_MS });
    reload(`${BOTH}// changed`);
    pass(RENEW_WITHIN_MS + 1_000);
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', reason: 'gpu critical' });
  });

  test('what the same rule said before and can not say again yet stands for a while, then goes', () => {
    const slow = `const { rule, where, service, stable, state, offHost } = satellite;
      return rule('slow', () => where(service('gpu'), stable(60, 'state', where(state('critical'), offHost()))));`;
    start(slow);
    hear('gpu', 'critical', { ttl: 3_600 });
    pass(61_000);
    expect(desired.flag(a1)?.flag).toBe('off');
    hub.index.delete(a1, 'gpu');
    reload(`${slow}// changed`);
    expect(desired.flag(a1)?.flag).toBe('off');
    pass(RENEW_WITHIN_MS - 2_000);
    expect(desired.flag(a1)?.flag).toBe('off');
    pass(3_000);
    expect(desired.flag(a1)).toBeUndefined();
  });

  test('no clock of a host on its way back begins anew', () => {
    start(TESTS);
    hear('mesos/slave/disk', 'critical', { ttl: 600 });
    pass(10_000);
    hear('mesos/slave/disk', 'ok', { ttl: 600 });
    const before = desired.flag(a1)?.fitSinceMs;
    expect(before).toBe(10_000);
    pass(40_000);
    reload(`${TESTS}// changed`);
    expect(desired.flag(a1)).toMatchObject({ flag: 'on', fitSinceMs: before });
    hear('mesos/slave/disk', 'ok', { ttl: 600 });
    expect(desired.flag(a1)?.fitSinceMs).toBe(before);
  });

  test('a silent host stays silent, since when it was, and off', () => {
    start(TESTS);
    hear('mesos/slave/disk', 'ok');
    pass(100_000);
    const before = desired.flag(a1)?.illness?.sinceMs;
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', illness: { kind: 'silent' } });
    reload(`${TESTS}// changed`);
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', illness: { kind: 'silent', sinceMs: before } });
  });

  test('timers of the old one are over, and it holds no channels', () => {
    start('const { coalesce, index, smapcat } = satellite; return coalesce(5, smapcat((events) => events, index()));');
    hear('x', 'ok', { ttl: 600 });
    pass(6_000);
    const before = indexed.length;
    expect(before).toBeGreaterThan(0);
    reload('return [];');
    pass(60_000);
    expect(indexed).toHaveLength(before);
    expect(opened).toBe(1);
  });

  test('what it says of the past is not said twice to the index', () => {
    start('return [];');
    hear('x', 'ok');
    reload('return satellite.with({ service: "made" }, satellite.index());');
    expect(indexed).toEqual([]);
    hear('x', 'ok');
    expect(indexed).toMatchObject([{ service: 'made', host: a1 }]);
  });

  test('events that a gone rule had put into records go from them; those of tests do not', () => {
    start(`const { rule, service, where, persistEvent, judgeTests } = satellite;
      return [rule('keep', () => where(service('gpu'), persistEvent())), where(service(/^mesos/), judgeTests())];`);
    hear('gpu', 'critical');
    hear('mesos/slave/disk', 'critical');
    expect([...desired.events(a1).keys()]).toEqual(['gpu', 'mesos/slave/disk']);
    reload(TESTS);
    expect(desired.events(a1).get('gpu')).toBeNull();
    expect(desired.events(a1).get('mesos/slave/disk')).toMatchObject({ state: 'critical' });
    live.recordChanged(a1);
    expect(desired.events(a1).has('gpu')).toBe(false);
  });
});

describe('a reload with many live events', () => {
  /** A clock on which every look at it takes a millisecond, so that work has to be cut into slices. */
  class WorkingClock extends ManualClock {
    working = false;

    override monoMs(): number {
      if (this.working) this.advance(1);
      return super.monoMs();
    }
  }

  test('is done in slices: new events reach both versions meanwhile, and the old one judges until it is over', async () => {
    const working = new WorkingClock(1_790_000_000_000);
    clock = working;
    hub = new EventHub({ clock, log: said.log });
    start(TESTS);
    const names = Array.from({ length: 500 }, (_, at) => host(`h${at}.example`));
    for (const name of names) hear('mesos/slave/disk', 'ok', { name, ttl: 100_000 });
    working.working = true;
    reload(`${TESTS}// changed`);
    working.working = false;
    expect(said.infos).not.toContain('rules module reloaded');
    hear('mesos/slave/disk', 'critical', { ttl: 100_000 });
    expect(desired.flag(a1)?.flag).toBe('off');
    working.working = true;
    await until(() => said.infos.includes('rules module reloaded'), { what: 'the reload' });
    working.working = false;
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', reason: 'mesos/slave/disk critical' });
    for (const name of names) expect(desired.flag(name)?.flag).toBe('on');
    hear('mesos/slave/disk', 'ok', { ttl: 100_000 });
    expect(desired.flag(a1)?.flag).toBe('on');
  });

  test('a second reload waits for the first', async () => {
    const working = new WorkingClock(1_790_000_000_000);
    clock = working;
    hub = new EventHub({ clock, log: said.log });
    start(TESTS);
    for (let at = 0; at < 300; at++) hear('mesos/slave/disk', 'ok', { name: host(`h${at}.example`), ttl: 100_000 });
    working.working = true;
    reload(`${TESTS}// first`);
    reload(GPU);
    await until(() => said.infos.includes('rules module reloaded'), { what: 'the first reload' });
    working.working = false;
    live.tick();
    await until(() => said.infos.filter((line) => line === 'rules module reloaded').length === 2, {
      what: 'the second',
    });
    hear('gpu', 'critical');
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', reason: 'gpu critical' });
  });
});

describe('a new version that is broken', () => {
  test('is told once with file and line, and the old rules go on', () => {
    start(GPU);
    reload('return [\n  satellite.throttle("x", 5),\n];');
    live.reload('again');
    expect(said.warnings).toHaveLength(1);
    expect(said.warnings[0]).toBe('failed to reload the rules module; keeping the previous version');
    expect(live.state).toMatch(/^stale: .*rules\.mjs:3: throttle/);
    expect([live.isStale, opened]).toEqual([true, 1]);
    hear('gpu', 'critical');
    expect(desired.flag(a1)?.flag).toBe('off');
    reload(GPU);
    expect([live.state, live.isStale]).toEqual(['ok', false]);
  });

  test('at the start there are no rules to go on with', () => {
    start('return [];');
    folder.write('bad.mjs', 'export default 1;');
    expect(() => rulesSource(`${folder.path}/bad.mjs`)).toThrow(/default export is no function/);
    live = new RulesEngine(optionsOf(`${folder.path}/rules.mjs`));
  });
});

describe('a child that throws', () => {
  test('stops no sibling, is counted each time, and logged once a minute with the name of the stream', () => {
    start(`const { where, service, offHost } = satellite;
      return [
        where(service('gpu'), () => { throw new Error('boom'); }, offHost()),
      ];`);
    hear('gpu', 'critical');
    hear('gpu', 'critical', { name: a2 });
    expect([desired.flag(a1)?.flag, desired.flag(a2)?.flag]).toEqual(['off', 'off']);
    expect(faults).toEqual(['where', 'where']);
    expect(said.warnings).toHaveLength(1);
    expect(said.warnings[0]).toBe('a child of a stream failed');
    expect(said.fields.at(-1)).toMatchObject({
      stream: 'where',
      err: 'boom',
      place: expect.stringMatching(/rules\.mjs:4$/) as string,
    });
    pass(61_000);
    hear('gpu', 'critical');
    expect(said.warnings).toHaveLength(2);
  });

  test('in a timer hurts nobody either', () => {
    start('satellite.clock.after(1000, () => { throw new Error("late"); }); return [];');
    pass(2_000);
    expect(faults).toEqual(['timer']);
  });

  test('a rule that names a host that can be none has no effect on others', () => {
    start('const { smap, offHost } = satellite; return smap((event) => ({ ...event, host: "-x" }), offHost());');
    hear('gpu', 'critical');
    expect([...desired.hosts()]).toEqual([]);
    expect(faults).toEqual(['smap']);
  });
});

describe('a host that leaves the inventory', () => {
  test('takes all desired for it along; only what arrives later makes new ones', () => {
    start(BOTH);
    hear('gpu', 'critical');
    hear('mesos/slave/disk', 'critical');
    live.dropHost(a1);
    expect([...desired.hosts()]).toEqual([]);
    hear('gpu', 'critical');
    expect(desired.flag(a1)?.flag).toBe('off');
  });
});

describe('a module without judgeTests', () => {
  test('still tells who is silent: the doubt about oneself does not depend on rules', () => {
    start('return [];');
    hear('mesos/slave/disk', 'ok');
    expect([...presence.heard()]).toEqual([a1]);
    pass(100_000);
    expect([...presence.quiet()]).toMatchObject([{ host: a1, silent: true }]);
    expect([...desired.hosts()]).toEqual([]);
  });

  test('nor with one that judges only some hosts, and some tests', () => {
    start(`const { where, host, service, judgeTests } = satellite;
      return where(host('a1.example'), where(service('mesos/slave/disk'), judgeTests()));`);
    hear('mesos/slave/disk', 'ok');
    hear('mesos/slave/load', 'critical', { ttl: 600 });
    hear('mesos/slave/disk', 'ok', { name: a2 });
    expect([...desired.hosts()]).toEqual([a1]);
    expect([...presence.heard()].sort()).toEqual([a1, a2]);
    pass(100_000);
    // What is judged of the first is silent, but the host is not.
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', illness: { kind: 'silent' } });
    const silent = () => [...presence.quiet()].filter((quiet) => quiet.silent).map(({ host: name }) => name);
    expect(silent()).toEqual([a2]);
    reload(TESTS);
    expect(silent()).toEqual([a2]);
    // What is judged now has a critical among it.
    expect(desired.flag(a1)).toMatchObject({ flag: 'off', illness: { kind: 'critical' } });
    presence.dropHost(a2);
    expect(silent()).toEqual([]);
  });
});

test('a changed file is loaded once it is written to its end', async () => {
  start('return [];');
  live.start();
  const turned = async (condition: () => boolean) =>
    until(
      () => {
        clock.advance(500);
        return condition();
      },
      { what: 'the watch to see it' },
    );
  rules(GPU);
  await turned(() => said.infos.some((line) => line.includes('rules module reloaded')));
  rules('return [ //');
  await turned(() => live.isStale);
  rules(GPU);
  await turned(() => !live.isStale);
  hear('gpu', 'critical');
  expect(desired.flag(a1)?.flag).toBe('off');
});
