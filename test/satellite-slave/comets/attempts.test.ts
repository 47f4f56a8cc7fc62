import { describe, expect, test } from 'vitest';
import { Attempts } from '../../../satellite-slave/comets/attempts.ts';
import { Schedule } from '../../../satellite-slave/comets/schedule.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

const statesOf = (attempts: Attempts, states: readonly string[], service = 'disk') =>
  states.map((state) => attempts.apply({ service, state, description: 'full' }).state);

describe('a comet with three attempts', () => {
  test('is critical at the third failure in a row, and says which attempt it is before', () => {
    const attempts = new Attempts(3);
    const findings = [1, 2, 3, 4].map(() =>
      attempts.apply({ service: 'disk', state: 'critical', description: 'full' }),
    );
    expect(findings.map(({ state, description }) => [state, description])).toEqual([
      ['warning', 'attempt 1 of 3: full'],
      ['warning', 'attempt 2 of 3: full'],
      ['critical', 'full'],
      ['critical', 'full'],
    ]);
  });

  test.each<[string, string[]]>([
    ['an ok begins the row again', ['critical', 'critical', 'ok', 'critical', 'critical', 'critical']],
    ['so does a warning', ['critical', 'warning', 'critical', 'critical', 'critical']],
    ['unknown neither counts nor ends the row', ['critical', 'unknown', 'critical', 'critical']],
    ['any other state counts, in any case', ['CRITICAL', 'Critical', 'down']],
  ])('%s', (_name, states) => {
    const reported = statesOf(new Attempts(3), states);
    expect(reported.at(-1)).toBe(states.at(-1));
    expect(reported.slice(0, -1)).toEqual(
      states.slice(0, -1).map((state) => (/critical/i.test(state) || state === 'down' ? 'warning' : state)),
    );
  });

  test('counts each service alone, and retries while any has failed and is not critical', () => {
    const attempts = new Attempts(2);
    expect(attempts.isRetrying).toBe(false);
    statesOf(attempts, ['critical'], 'a');
    expect(attempts.isRetrying).toBe(true);
    statesOf(attempts, ['critical'], 'a');
    expect(attempts.isRetrying).toBe(false);
    statesOf(attempts, ['critical'], 'b');
    expect(attempts.isRetrying).toBe(true);
    statesOf(attempts, ['ok'], 'b');
    expect(attempts.isRetrying).toBe(false);
  });
});

test('one attempt changes nothing', () => {
  const finding = { service: 'disk', state: 'critical' };
  expect(new Attempts(1).apply(finding)).toBe(finding);
});

describe('a schedule', () => {
  test('runs a retry earlier than the period, and goes on in the period from there', () => {
    const clock = new ManualClock();
    const times: number[] = [];
    const schedule = new Schedule(clock, () => 0);
    const beat = {
      periodMs: 60_000,
      run: () => {
        times.push(clock.monoMs());
        if (times.length === 1) schedule.runWithin(beat, 10_000);
      },
    };
    schedule.start([beat]);
    clock.advance(140_000);
    expect(times).toEqual([0, 10_000, 70_000, 130_000]);
  });

  test('runs what is due in the same second at the same moment', () => {
    const clock = new ManualClock();
    const times: number[] = [];
    let seed = 0;
    const schedule = new Schedule(clock, () => (seed = (seed + 0.618) % 1));
    const beats = Array.from({ length: 20 }, () => ({ periodMs: 5_000, run: () => void times.push(clock.monoMs()) }));
    schedule.start(beats);
    clock.advance(5_000);
    expect(times).toHaveLength(20);
    expect(new Set(times).size).toBeLessThanOrEqual(6);
  });
});
