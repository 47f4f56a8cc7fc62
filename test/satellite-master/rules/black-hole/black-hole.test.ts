import { describe, expect, onTestFinished, test } from 'vitest';
import { BlackHole, type ReportedTask } from '../../../../satellite-master/rules/black-hole/black-hole.ts';
import type { DesiredFlag } from '../../../../satellite-master/whitelist/automation/desired-flags.ts';
import { plannedOff } from '../../../../satellite-master/whitelist/automation/planned-writes.ts';
import type { Event } from '../../../../shared/event.ts';
import { silentLog } from '../../../../shared/log.ts';
import type { ManualClock } from '../../../../shared/manual-clock.ts';
import { aClock, Harness, host } from '../../../support/harness.ts';
import { SharedStore } from '../../../support/shared-store.ts';
import { THRESHOLDS } from '../../../support/task-scenes.ts';

const HOLE = host('hole.example');
const WELL = [host('a.example'), host('b.example'), host('c.example')];
const ALL = [HOLE, ...WELL];

interface Scene {
  readonly clock: ManualClock;
  readonly hole: BlackHole;
  readonly desired: Map<string, DesiredFlag | undefined>;
  readonly events: Event[];
}

function scene(
  action: 'alert' | 'off',
  { clock = aClock(), known = true, isBlind = (): boolean => false } = {},
): Scene {
  const desired = new Map<string, DesiredFlag | undefined>();
  const events: Event[] = [];
  const hole = new BlackHole({
    settings: { ...THRESHOLDS, action },
    clock,
    log: silentLog,
    desired: { setFlag: (_rule, name, desiredFlag) => void desired.set(name, desiredFlag) },
    isInInventory: () => known,
    isBlind,
    emit: (told) => void events.push(...told),
  });
  return { clock, hole, desired, events };
}

let serial = 0;

/** A task that begins now and ends at once. */
function runs(hole: BlackHole, name: string, state: string, told: Partial<ReportedTask> = {}): void {
  const id = `web.${serial++}`;
  const task = { id, name: 'web', frameworkId: 'f', frameworkName: 'marathon', host: host(name) };
  const begun = { ...task, timeS: undefined, startedS: undefined, reason: undefined, ...told, state: 'TASK_STAGING' };
  hole.ingestTask(begun, undefined);
  hole.ingestTask({ ...begun, state }, begun);
}

function failHere(hole: BlackHole): void {
  for (let at = 0; at < 20; at++) runs(hole, HOLE, 'TASK_FAILED');
  for (const name of WELL) for (let at = 0; at < 4; at++) runs(hole, name, 'TASK_FINISHED');
}

function pass({ clock, hole }: Scene, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 5) {
    clock.advance(5_000);
    hole.tick();
  }
}

function said(events: readonly Event[], service: string): (string | undefined)[] {
  return events.filter((event) => event.service === service).map(({ state }) => state);
}

describe('a black hole', () => {
  test('alert: it is said as an event while it lasts, and nobody is taken off', () => {
    const here = scene('alert');
    failHere(here.hole);
    pass(here, 5);
    expect(here.events).toHaveLength(1);
    expect(here.events[0]).toMatchObject({
      host: HOLE,
      service: 'mesos/black-hole',
      state: 'critical',
      metric: 20,
      description: expect.stringContaining('marathon/web failed 20 of 20 here, 0 of 12 on 3 other hosts'),
    });
    expect(here.hole.hosts).toBe(1);
    expect(here.desired.size).toBe(0);
    pass(here, 400);
    expect(said(here.events, 'mesos/black-hole').at(-1)).toBe('ok');
    expect(here.hole.hosts).toBe(0);
    const many = here.events.length;
    pass(here, 100);
    expect(here.events).toHaveLength(many);
  });

  test('off: a desired flag with the figures, and once a whole window has passed without failures the readmission clock begins', () => {
    const here = scene('off');
    failHere(here.hole);
    pass(here, 5);
    expect(here.desired.get(HOLE)).toMatchObject({ flag: 'off', illness: { kind: 'critical' } });
    expect(here.desired.get(HOLE)?.reason).toMatch(/20 failed/);
    pass(here, 290);
    expect(here.desired.get(HOLE)).toMatchObject({ flag: 'off' });
    const beforeMs = here.clock.monoMs();
    pass(here, 50);
    expect(here.desired.get(HOLE)).toMatchObject({ flag: 'on' });
    expect(here.desired.get(HOLE)?.fitSinceMs).toBeGreaterThan(beforeMs);
  });

  test('a host that is not in the inventory is never taken off, only told', () => {
    const here = scene('off', { known: false });
    failHere(here.hole);
    pass(here, 5);
    expect(here.desired.size).toBe(0);
    expect(said(here.events, 'mesos/black-hole')).toEqual(['critical']);
  });

  test('a host that is deleted has no desired flag any more', () => {
    const here = scene('off');
    failHere(here.hole);
    pass(here, 5);
    here.hole.dropHost(HOLE);
    expect(here.desired.get(HOLE)).toBeUndefined();
  });

  test('failures of services that run for long elsewhere count', () => {
    const here = scene('off');
    const longAgoS = here.clock.wallMs() / 1000 - 500_000;
    for (const name of WELL)
      for (let at = 0; at < 4; at++) {
        const service = { id: `${name}.${at}`, name: 'web', frameworkId: 'f', frameworkName: 'marathon', host: name };
        const told = { ...service, state: 'TASK_RUNNING', timeS: longAgoS, startedS: longAgoS, reason: undefined };
        here.hole.ingestTask(told, undefined);
      }
    // What runs on the hole since before it was one does not speak for it.
    for (let at = 0; at < 30; at++) {
      const old = { id: `old${at}`, name: `db${'abcdefghij'[at % 10]}`, frameworkId: 'f', frameworkName: 'm' };
      for (const name of [HOLE, ...WELL]) {
        const told = {
          ...old,
          id: `${name} ${at}`,
          host: name,
          state: 'TASK_RUNNING',
          timeS: longAgoS,
          startedS: longAgoS,
        };
        here.hole.ingestTask({ ...told, reason: undefined }, undefined);
      }
    }
    for (let at = 0; at < 9; at++) runs(here.hole, HOLE, 'TASK_FAILED');
    pass(here, 5);
    expect(here.desired.get(HOLE)?.reason).toMatch(/web failed 9 of 9 here, 0 of 12 on 3 other hosts/);
  });

  test('while Mesos tells nothing nobody is cleared', () => {
    let blind = false;
    const here = scene('off', { isBlind: () => blind });
    failHere(here.hole);
    pass(here, 5);
    blind = true;
    pass(here, 900);
    expect(here.desired.get(HOLE)).toMatchObject({ flag: 'off' });
    blind = false;
    pass(here, 5);
    expect(here.desired.get(HOLE)).toMatchObject({ flag: 'on' });
  });

  test('killed, lost and gone tasks are no failures', () => {
    const here = scene('off');
    for (let at = 0; at < 20; at++)
      for (const state of ['TASK_KILLED', 'TASK_LOST', 'TASK_GONE', 'TASK_DROPPED']) runs(here.hole, HOLE, state);
    for (const name of WELL) for (let at = 0; at < 9; at++) runs(here.hole, name, 'TASK_FINISHED');
    pass(here, 5);
    expect(here.events).toEqual([]);
  });

  test('an application that fails everywhere is told as such', () => {
    const here = scene('off');
    for (const name of ALL) for (let at = 0; at < 9; at++) runs(here.hole, name, 'TASK_FAILED');
    pass(here, 5);
    expect(here.hole.applications).toBe(1);
    expect(here.hole.hosts).toBe(0);
    expect(said(here.events, 'mesos/failing-application/marathon/web')).toEqual(['critical']);
    expect(here.hole.textOf(HOLE)).toMatch(/not blamed.*fails elsewhere too/);
    pass(here, 400);
    expect(said(here.events, 'mesos/failing-application/marathon/web').at(-1)).toBe('ok');
  });

  test('what the first answer of Mesos tells of the past is placed in the past, and what is older is no news', () => {
    const here = scene('alert');
    const nowS = here.clock.wallMs() / 1000;
    for (let at = 0; at < 20; at++) {
      const old = { id: `o${at}`, name: 'web', frameworkId: 'f', frameworkName: 'm', host: HOLE, reason: undefined };
      here.hole.ingestTask({ ...old, state: 'TASK_FAILED', timeS: nowS - 4_000, startedS: nowS - 4_001 }, undefined);
      here.hole.ingestTask(
        { ...old, id: `n${at}`, state: 'TASK_FAILED', timeS: nowS - 200, startedS: undefined },
        undefined,
      );
      here.hole.ingestTask(
        { ...old, id: `u${at}`, state: 'TASK_FAILED', timeS: undefined, startedS: undefined },
        undefined,
      );
    }
    pass(here, 5);
    expect(here.hole.textOf(HOLE)).toMatch(/20 failed/);
    pass(here, 120);
    expect(here.hole.textOf(HOLE)).toBeUndefined();
  });

  test('a clock of an agent that is far ahead or behind does not matter for what changes before our eyes', () => {
    const here = scene('alert');
    const nowS = here.clock.wallMs() / 1000;
    for (const timeS of [nowS + 90_000, nowS - 90_000])
      for (let at = 0; at < 5; at++) runs(here.hole, HOLE, 'TASK_FAILED', { timeS });
    pass(here, 5);
    expect(here.hole.textOf(HOLE)).toMatch(/10 failed/);
  });
});

describe('by the counters of the agents', () => {
  function report(here: Scene, name: string, figures: readonly [number, number, number], attributes = {}): void {
    const [started, failed, finished] = figures;
    for (const [what, metric] of Object.entries({ started, failed, finished })) {
      const service = `mesos/slave/total-tasks-${what}`;
      here.hole.ingestEvent({
        host: host(name),
        service,
        state: 'ok',
        time: 0,
        ttl: 300,
        metric,
        ...(what === 'failed' ? { attributes } : {}),
      });
    }
  }

  function pastMinute(here: Scene, minute: number, errors = 0): void {
    const told = { 'container-launch-errors': String(errors * minute) };
    report(here, HOLE, [1_000 + 10 * minute, 100 + 10 * minute, 900], told);
    for (const name of WELL) report(here, name, [500 + 5 * minute, 100, 400 + 5 * minute]);
    pass(here, 60);
  }

  test('a host that fails where others do not is told, but not taken off: no application is known', () => {
    const here = scene('off');
    for (let minute = 0; minute < 5; minute++) pastMinute(here, minute);
    expect(here.hole.hosts).toBe(1);
    expect(here.desired.size).toBe(0);
    expect(here.hole.textOf(HOLE)).toMatch(/40 failed.*counters of its agent alone/);
  });

  test('with launch errors of the agent beside it, it is', () => {
    const here = scene('off');
    for (let minute = 0; minute < 5; minute++) pastMinute(here, minute, 10);
    expect(here.desired.get(HOLE)).toMatchObject({ flag: 'off' });
    expect(here.desired.get(HOLE)?.reason).toMatch(/containers not launched/);
  });

  test('failures on all hosts blame none', () => {
    const here = scene('off');
    for (let minute = 0; minute < 5; minute++) {
      for (const name of ALL) report(here, name, [10 * minute, 10 * minute, 0]);
      pass(here, 60);
    }
    expect(here.hole.hosts).toBe(0);
  });

  test('a counter that begins anew makes no rate, neither below zero nor a leap', () => {
    const here = scene('off');
    for (const name of WELL) report(here, name, [0, 0, 0]);
    report(here, HOLE, [5_000, 4_000, 1_000]);
    pass(here, 60);
    report(here, HOLE, [30, 20, 10]);
    for (const name of WELL) report(here, name, [20, 0, 20]);
    pass(here, 60);
    expect(here.hole.hosts).toBe(0);
    expect(here.events).toEqual([]);
  });

  test('where the tasks are known one by one the counters have no outcome', () => {
    const here = scene('off');
    for (let minute = 0; minute < 5; minute++) {
      for (const name of ALL) runs(here.hole, name, 'TASK_FINISHED');
      pastMinute(here, minute);
    }
    expect(here.hole.hosts).toBe(0);
  });
});

test('a black hole goes off the list and comes back by readmission; the next time it waits twice as long', async () => {
  const clock = aClock();
  const sharedStore = await SharedStore.open(clock);
  onTestFinished(() => sharedStore.close());
  const harness = await Harness.open({ clock, sharedStore });
  const hole = new BlackHole({
    settings: { ...THRESHOLDS, action: 'off' },
    clock,
    log: silentLog,
    desired: harness.desired,
    isInInventory: (name) => harness.replica.get(name) !== undefined,
    emit: () => undefined,
  });
  const beat = () => {
    for (const name of ALL) harness.report(name, { disk: 'ok' });
    hole.tick();
  };
  const offFor = async () => {
    failHere(hole);
    await harness.pass(13_000, beat);
    expect(harness.managed(HOLE)).toBe('off');
    expect(harness.turned.at(-1)).toMatch(/Turning hole.example on -> off/);
    const fromMs = clock.monoMs();
    while (harness.managed(HOLE) === 'off' && clock.monoMs() - fromMs < 900_000) await harness.pass(12_000, beat);
    return (clock.monoMs() - fromMs) / 1_000;
  };
  await harness.pass(1_000, beat);
  expect(harness.on()).toEqual([...ALL].sort());
  const first = await offFor();
  expect(first).toBeGreaterThan(300 + 60 - 30);
  expect(first).toBeLessThan(300 + 60 + 60);
  const second = await offFor();
  expect(second).toBeGreaterThan(first + 30);
  expect(harness.on()).toEqual([...ALL].sort());
});

test('the fields of a verdict are the counts that its text names', () => {
  const here = scene('off');
  failHere(here.hole);
  // Fails everywhere: does not count against the host, and not in the text.
  for (const name of ALL) for (let at = 0; at < 6; at++) runs(here.hole, name, 'TASK_FAILED', { name: 'bad' });
  pass(here, 10);
  const blamed = here.events.find(({ state, host: name }) => state === 'critical' && name === HOLE);
  expect(blamed?.description).toContain(`${blamed?.metric} failed`);
  expect(blamed?.metric).toBe(20);
});

test('the reason of the desired flag follows the counts', () => {
  const here = scene('off');
  failHere(here.hole);
  pass(here, 10);
  const before = here.desired.get(HOLE)?.reason;
  for (let at = 0; at < 7; at++) runs(here.hole, HOLE, 'TASK_FAILED');
  pass(here, 10);
  expect(here.desired.get(HOLE)?.reason).not.toBe(before);
  expect(here.desired.get(HOLE)?.reason).toBe(here.hole.textOf(HOLE));
});

test('a black hole that goes off is written with the cause black-hole', () => {
  const here = scene('off');
  failHere(here.hole);
  pass(here, 10);
  const { reason = '', illness } = here.desired.get(HOLE) ?? {};
  const decision = { action: 'off', rule: 25, reason, next: undefined, ...(illness ? { illness } : {}) } as const;
  const write = plannedOff({ host: HOLE, entry: undefined, events: new Map(), self: 'm', nowS: 1 }, decision);
  expect(write.author.cause).toBe('black-hole');
});
