import { describe, expect, test } from 'vitest';
import type { Comet, CometRun, Finding } from '../../../satellite-slave/comets/comet.ts';
import { CometRunner, type CometSettings } from '../../../satellite-slave/comets/runner.ts';
import { Slots } from '../../../satellite-slave/comets/slots.ts';
import { UnknownStateError } from '../../../satellite-slave/comets/unknown-state-error.ts';
import type { Event } from '../../../shared/event.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { cometContext, whole } from '../support/run-comet.ts';

/** A comet whose runs end when the test says so. */
class HeldComet implements Comet {
  readonly services = ['held'];
  readonly runs: { at: CometRun; end: (findings: Finding[]) => void; fail: (error: Error) => void }[] = [];

  run(at: CometRun): Promise<Finding[]> {
    return new Promise((end, fail) => this.runs.push({ at, end, fail }));
  }
}

function held(options: { slots?: Slots; periodMs?: number } & Partial<CometSettings> = {}) {
  const clock = new ManualClock(1_000_000_000);
  const events: Event[] = [];
  const comet = new HeldComet();
  const settings = { name: 'held', periodMs: options.periodMs ?? 60_000, timeoutMs: 10_000, comet };
  const context = cometContext(events, {
    clock,
    prefix: 'mesos/slave/',
    ...(options.slots ? { slots: options.slots } : {}),
  });
  return { clock, events, comet, runner: new CometRunner(whole(settings), context) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const ok: Finding = { service: 'held', state: 'ok' };

describe('a run', () => {
  test('gives events with prefix, five periods of ttl, and the time at which it ended', async () => {
    const { clock, events, comet, runner } = held();
    const run = runner.run();
    await turn();
    clock.advance(2_500);
    comet.runs[0]?.end([ok]);
    await run;
    expect(events).toEqual([{ service: 'mesos/slave/held', state: 'ok', time: 1_000_002.5, ttl: 300 }]);
  });

  test('a ttl is a second at least', async () => {
    const { events, comet, runner } = held({ periodMs: 100 });
    const run = runner.run();
    await turn();
    comet.runs[0]?.end([ok]);
    await run;
    expect(events[0]?.ttl).toBe(1);
  });

  test.each([
    [new Error('broken'), 'critical', 'broken'],
    [new UnknownStateError('nobody knows'), 'unknown', 'nobody knows'],
  ])('that throws %s is reported under its service', async (error, state, description) => {
    const { events, comet, runner } = held();
    const run = runner.run();
    await turn();
    comet.runs[0]?.fail(error);
    await run;
    expect(events).toMatchObject([{ service: 'mesos/slave/held', state, description, ttl: 300 }]);
  });

  test.each([
    [{ service: 'x', metric: Number.NaN }, 'the metric of x is not a finite number'],
    [{ service: 'a\nb' }, 'a service contains control characters'],
    [{ service: 'x', attributes: { override: 'true' } }, 'x has an attribute with the reserved name "override"'],
    [{ service: '' }, 'a finding has no service'],
  ])('that returns what no master accepts (%j) is unknown and says why', async (finding, description) => {
    const { events, comet, runner } = held();
    const run = runner.run();
    await turn();
    comet.runs[0]?.end([finding]);
    await run;
    expect(events).toMatchObject([{ service: 'mesos/slave/held', state: 'unknown', description }]);
  });
});

describe('a run past its time', () => {
  test('is aborted and reported; what it returns later is ignored', async () => {
    const { clock, events, comet, runner } = held();
    const run = runner.run();
    await turn();
    clock.advance(10_000);
    await run;
    expect(comet.runs[0]?.at.signal.aborted).toBe(true);
    expect(events).toMatchObject([
      { service: 'mesos/slave/held', state: 'critical', ttl: 300, description: 'timed out after 10s' },
    ]);
    comet.runs[0]?.end([ok]);
    await turn();
    expect(events).toHaveLength(1);
  });

  test('that still hangs is reported at every period, and never run twice', async () => {
    const { clock, events, comet, runner } = held();
    void runner.run();
    await turn();
    clock.advance(60_000);
    await runner.run();
    expect(comet.runs).toHaveLength(1);
    expect(events.at(-1)?.description).toBe('timed out after 10s, still hangs after 1m');
    expect(runner.skipped).toBe(1);
    comet.runs[0]?.end([]);
    await turn();
    void runner.run();
    await turn();
    expect(comet.runs).toHaveLength(2);
  });
});

test('a run that is due while the last one goes on is left out and counted', async () => {
  const { events, comet, runner } = held();
  const run = runner.run();
  await turn();
  await runner.run();
  expect(comet.runs).toHaveLength(1);
  expect(runner.skipped).toBe(1);
  comet.runs[0]?.end([ok]);
  await run;
  expect(events).toHaveLength(1);
});

test('more comets than slots wait in line', async () => {
  const slots = new Slots(1);
  const first = held({ slots });
  const second = held({ slots });
  const run = first.runner.run();
  void second.runner.run();
  await turn();
  expect(second.comet.runs).toHaveLength(0);
  first.comet.runs[0]?.end([ok]);
  await run;
  await turn();
  expect(second.comet.runs).toHaveLength(1);
});

test('the end of the slave ends a run without events', async () => {
  const { events, comet, runner } = held();
  void runner.run();
  await turn();
  runner.stop();
  expect(comet.runs[0]?.at.signal.aborted).toBe(true);
  comet.runs[0]?.fail(new Error('killed'));
  await turn();
  expect(events).toEqual([]);
});
