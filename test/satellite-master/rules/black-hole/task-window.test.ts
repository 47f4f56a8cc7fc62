import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TaskOutcome } from '../../../../satellite-master/rules/black-hole/task-outcome.ts';
import { type TaskStep, TaskWindow } from '../../../../satellite-master/rules/black-hole/task-window.ts';
import { finish } from '../../../../shared/cooperative.ts';
import { countsAt, task } from '../../../support/task-scenes.ts';

function step(name: string, outcome: TaskOutcome, atS: number, begunS = atS): TaskStep {
  return { task: name, host: 'a', application: 'web', instance: '', outcome, atS, begunS };
}

function windowOf(...steps: readonly TaskStep[]): TaskWindow {
  const window = new TaskWindow(300);
  for (const one of steps) window.take(one);
  return window;
}

const counts = (window: TaskWindow) => countsAt(window, 'a', 'web');

describe('the window', () => {
  test('counts a task once, however often it is told', () => {
    const window = windowOf(
      step('t', 'begun', 0),
      step('t', 'begun', 1, 0),
      step('t', 'running', 2, 0),
      step('t', 'running', 3, 0),
      step('t', 'failed', 9, 0),
    );
    expect(counts(window)).toEqual({ started: 1, failed: 1, finished: 0, settled: 0 });
  });

  test('a task that is first heard of when it ended has begun and ended', () => {
    expect(counts(windowOf(step('t', 'failed', 9, 2)))).toMatchObject({ started: 1, failed: 1 });
    expect(counts(windowOf(step('u', 'finished', 900, 2)))).toMatchObject({ started: 0, finished: 1 });
  });

  test('what somebody else ended counts as begun only', () => {
    expect(counts(windowOf(step('t', 'begun', 0), step('t', 'ended', 5)))).toMatchObject({
      started: 1,
      failed: 0,
      finished: 0,
    });
  });

  test('a task that runs for a minute has begun well, until it fails after all', () => {
    const window = windowOf(step('t', 'begun', 0), step('t', 'running', 10, 0));
    window.advance(69);
    expect(counts(window).settled).toBe(0);
    window.advance(70);
    expect(counts(window).settled).toBe(1);
    window.take(step('t', 'failed', 100, 0));
    expect(counts(window)).toEqual({ started: 1, failed: 1, finished: 0, settled: 0 });
  });

  test('one that began long before the window and still runs is known to run well', () => {
    const window = windowOf(step('old', 'running', 100, 99), step('now', 'begun', 50_000));
    window.advance(50_001);
    expect(counts(window)).toEqual({ started: 1, failed: 0, finished: 0, settled: 1 });
    window.take(step('old', 'ended', 50_002, 99));
    expect(counts(window).settled).toBe(0);
  });

  test('one that is only staged never settles', () => {
    const window = windowOf(step('t', 'begun', 0));
    window.advance(200);
    expect(counts(window).settled).toBe(0);
  });

  test.each([
    [300, 1],
    [314, 1],
    [316, 0],
  ])('%i s after a failure at 0 it counts: %i', (nowS, failed) => {
    const window = windowOf(step('t', 'failed', 0));
    window.advance(nowS);
    expect(counts(window).failed).toBe(failed);
    expect(window.isQuiet).toBe(failed === 0);
    expect(window.hosts.size).toBe(failed);
  });

  test('what is older than the window when it is told is not counted', () => {
    const window = windowOf(step('now', 'begun', 10_000), step('old', 'failed', 100), step('old2', 'begun', 100));
    expect(counts(window)).toMatchObject({ started: 1, failed: 0 });
  });

  test('time that goes back is not followed', () => {
    const window = windowOf(step('t', 'failed', 1_000));
    window.advance(0);
    expect(counts(window).failed).toBe(1);
  });

  test('a jump over many windows forgets all but what still runs', () => {
    const window = windowOf(step('t', 'begun', 0), step('t', 'running', 1, 0), step('u', 'failed', 5));
    window.advance(1e9);
    expect(window.isQuiet).toBe(true);
    expect(counts(window)).toEqual({ started: 0, failed: 0, finished: 0, settled: 1 });
    finish(window.keepOnly((name) => name === 't'));
    expect(counts(window).settled).toBe(1);
    finish(window.keepOnly(() => false));
    expect(window.applications.size).toBe(0);
  });

  test('nothing is left of anything that has ended after a window without news', () => {
    const outcome = fc.constantFrom<TaskOutcome>('begun', 'running', 'finished', 'failed', 'ended', 'unsure');
    const news = fc.record({
      task: fc.constantFrom('t1', 't2', 't3', 't4'),
      host: fc.constantFrom('a', 'b'),
      application: fc.constantFrom('web', 'job'),
      instance: fc.constantFrom('', 'job-1', 'job-2'),
      outcome,
      atS: fc.nat({ max: 900 }),
      age: fc.nat({ max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(news, { maxLength: 60 }), (all) => {
        const window = new TaskWindow(300);
        for (const { age, ...one } of all) {
          window.take({ ...one, begunS: one.atS - age });
          window.advance(one.atS);
          for (const { cells } of window.hosts.values())
            for (const { counts: now, instances } of cells.values()) {
              for (const count of Object.values(now)) expect(count).toBeGreaterThanOrEqual(0);
              expect(instances.size).toBeGreaterThan(0);
            }
        }
        window.advance(5_000);
        finish(window.keepOnly(() => false));
        expect(window.isQuiet).toBe(true);
        expect(window.hosts.size + window.applications.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('of 100,000 tasks in 1,000 s only those of the window stay', () => {
    const window = new TaskWindow(300);
    for (let at = 0; at < 100_000; at++)
      for (const one of task(`h${at % 1_000}`, `app${at % 50}`, 'failed', at / 100)) window.take(one);
    window.advance(1_002);
    const total = [...window.hosts.values()].flatMap(({ cells }) => [...cells.values()]);
    const failed = total.reduce((sum, cell) => sum + cell.counts.failed, 0);
    expect(failed).toBeGreaterThan(29_000);
    expect(failed).toBeLessThan(32_000);
  });
});
