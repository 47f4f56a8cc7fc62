import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FigureHistory, LEVELS, MAX_FIGURES } from '../../../satellite-master/stats/figure-history.ts';
import { FigureRecorder } from '../../../satellite-master/stats/figure-recorder.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { START_MS } from '../../support/harness.ts';

const START_S = START_MS / 1000;

/** One value every 10 s: the number of its step. */
function filled(forS: number): { readonly history: FigureHistory; readonly nowS: number } {
  const history = new FigureHistory();
  for (let second = 0; second < forS; second += 10) history.record(START_S + second, { hosts: second / 10 });
  return { history, nowS: START_S + forS - 10 };
}

describe('a series comes in the finest steps that reach back far enough', () => {
  const { history, nowS } = filled(8 * 86_400);

  test.each([
    ['an hour', 3_600, 10, 360],
    ['more than an hour', 3_700, 60, 62],
    ['a day', 86_400, 60, 1_440],
    ['a week', 7 * 86_400, 600, 1_008],
    ['more than there is', 30 * 86_400, 600, 1_008],
  ] as const)('%s', (_, backS, step, most) => {
    const series = history.series('hosts', nowS - backS, nowS);
    expect(series?.step).toBe(step);
    expect(Math.abs((series?.points.length ?? 0) - most)).toBeLessThanOrEqual(1);
  });

  test('and holds the mean of each step', () => {
    const [time, mean] = history.series('hosts', nowS - 86_400, nowS)?.points[100] ?? [0, 0];
    const first = (time - START_S) / 10;
    expect(mean).toBeCloseTo(first + 2.5, 6);
  });

  test('nothing of the future, and nothing of a figure that is not known', () => {
    expect(history.series('hosts', nowS + 3_600, nowS)?.points).toEqual([]);
    expect(history.series('beans', nowS - 60, nowS)).toBeUndefined();
  });
});

test('a time without figures is a gap, not a line', () => {
  const history = new FigureHistory();
  history.record(START_S, { hosts: 1 });
  history.record(START_S + 600, { hosts: 2, broken: Number.NaN });
  expect(history.series('hosts', START_S, START_S + 600)?.points).toEqual([
    [START_S, 1],
    [START_S + 600, 2],
  ]);
  expect(history.names()).toEqual(['hosts']);
});

test('after a clock that ran ahead is set right, what it noted ahead of time is gone and the rest stays', () => {
  const history = new FigureHistory();
  history.record(START_S, { hosts: 1 });
  history.record(START_S + 1_000, { hosts: 9 });
  history.record(START_S + 20, { hosts: 2 });
  expect(history.series('hosts', START_S, START_S + 20)?.points).toEqual([
    [START_S, 1],
    [START_S + 20, 2],
  ]);
});

test('whatever the clock does: points in order, within the bounds, and the newest is the last noted', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 1, maxLength: 50 }), (leaps) => {
      const history = new FigureHistory();
      let nowS = START_S;
      let value = 0;
      for (const leap of leaps) {
        nowS += leap;
        history.record(nowS, { hosts: ++value });
      }
      for (const { stepS, points } of LEVELS) {
        const times = history.series('hosts', nowS - stepS * points, nowS)?.points.map(([time]) => time) ?? [];
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        expect(times.at(-1)).toBe(Math.floor(nowS / stepS) * stepS);
        expect(times[0]).toBeGreaterThan(nowS - stepS * (points + 1));
      }
    }),
  );
});

test('no more figures than may be', () => {
  const history = new FigureHistory();
  for (let n = 0; n < MAX_FIGURES + 10; n++) history.record(START_S, { [`f${n}`]: n });
  expect(history.names()).toHaveLength(MAX_FIGURES);
});

describe('over a restart', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'satellite-figures-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const recorder = (clock: ManualClock, value: number, dataDir = folder) =>
    new FigureRecorder({ dataDir, figures: () => ({ hosts: value }), clock, log: silentLog });

  test('the series goes on', async () => {
    const clock = new ManualClock(START_MS);
    const first = recorder(clock, 1);
    await first.start();
    clock.advance(20_000);
    await first.stop();
    clock.advance(30_000);
    const second = recorder(clock, 2);
    await second.start();
    expect(second.history.series('hosts', START_S, clock.wallMs() / 1000)?.points).toEqual([
      [START_S, 1],
      [START_S + 10, 1],
      [START_S + 20, 1],
      [START_S + 50, 2],
    ]);
    await second.stop();
  });

  test.each([
    ['cut off', (saved: Buffer) => saved.subarray(0, saved.length - 5)],
    ['empty', () => Buffer.alloc(0)],
    ['of another version', (saved: Buffer) => Buffer.from(saved.toString('latin1').replace('1', '7'), 'latin1')],
    ['no JSON', () => Buffer.from('hosts on fire\n')],
    ['null', () => Buffer.from('null\n')],
  ])('a file that is %s is begun anew', async (_, spoil) => {
    const clock = new ManualClock(START_MS);
    const first = recorder(clock, 1);
    await first.start();
    await first.stop();
    const path = join(folder, 'figures.history');
    writeFileSync(path, spoil(readFileSync(path)));
    clock.advance(10_000);
    const second = recorder(clock, 2);
    await second.start();
    expect(second.history.series('hosts', START_S, START_S + 10)?.points).toEqual([[START_S + 10, 2]]);
    await second.stop();
    expect(readFileSync(path).length).toBeGreaterThan(1_000);
  });

  test('a folder that can not be written stops nothing', async () => {
    writeFileSync(join(folder, 'file'), '');
    const stuck = recorder(new ManualClock(START_MS), 1, join(folder, 'file'));
    await stuck.start();
    await stuck.stop();
    expect(stuck.history.names()).toEqual(['hosts']);
  });
});

test('a new figure takes the place of the one that has been unused for the longest time, never of one in use', () => {
  const history = new FigureHistory();
  const stats = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`stat ${from + n}`, n]));
  history.record(START_S, { up: 1, ...stats(0, 100) });
  history.record(START_S + 10, { up: 1, ...stats(100, 155) });
  expect(history.names()).toHaveLength(MAX_FIGURES);
  history.record(START_S + 20, { up: 1, new: 7, ...stats(100, 155) });
  expect(history.names()).toHaveLength(MAX_FIGURES);
  expect(history.series('new', START_S, START_S + 20)?.points).toEqual([[START_S + 20, 7]]);
  expect(history.series('up', START_S, START_S + 20)?.points).toHaveLength(3);
  expect(history.names()).toContain('stat 254');
  expect(history.names().filter((name) => /^stat \d\d?$/.test(name))).toHaveLength(99);
  history.record(START_S + 30, { up: 1, ...stats(1_000, 300) });
  expect(history.names()).toHaveLength(MAX_FIGURES);
  expect(history.names()).toContain('up');
  history.record(START_S + 40, { up: 1, ...stats(1_000, 300) });
  expect(history.series('stat 1000', START_S, START_S + 40)?.points).toHaveLength(2);
});
