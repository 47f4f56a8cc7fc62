/** The two thresholds beside what the original computed, and its settings. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAbove } from '../../../../satellite-master/rules/black-hole/verdict.ts';
import { readMasterSettings } from '../../../../satellite-master/settings.ts';
import { THRESHOLDS } from '../../../support/task-scenes.ts';

interface Vector {
  readonly name: string;
  readonly args: readonly [readonly ({ readonly metric: number } | null)[]];
  readonly result: { readonly state: string };
}

const { cases } = JSON.parse(readFileSync('test/fixtures/riemann-vectors/fold-blackhole-thresholds.json', 'utf8')) as {
  readonly cases: readonly Vector[];
};

// Where the original had not heard a counter it said ok; here there is none of it then, and nothing is judged.
const whole = cases.filter(({ args: [slots] }) => slots.every((slot) => slot !== null));

describe("the original's thresholds", () => {
  test.each(whole.map((vector) => [vector.name, vector] as const))('%s', (_, { args: [slots], result }) => {
    const [failed = 0, started = 0, finished = 0] = slots.map((slot) => slot?.metric ?? 0);
    expect(isAbove({ failed, started, finished, settled: 0 }, THRESHOLDS, 1)).toBe(result.state === 'critical');
  });

  test.each([
    [0, 0, 0, false],
    [1, 0, 0, true],
    [3, 4, 0, false],
    [4, 5, 1, true],
    [4, 4, 2, false],
  ])('%i failed, %i started, %i finished: above %s', (failed, started, finished, above) => {
    expect(isAbove({ failed, started, finished, settled: 9 }, THRESHOLDS, 1)).toBe(above);
  });
});

describe('settings', () => {
  function read(settings: object) {
    const file = join(mkdtempSync(join(tmpdir(), 'satellite-black-hole-')), 'master.json');
    writeFileSync(file, JSON.stringify({ 'mesos-master-url': null, ...settings }));
    return readMasterSettings(file);
  }

  test('defaults are those of the original, and nobody is taken off', () => {
    const { blackHole, warnings } = read({});
    expect(blackHole).toEqual({ ...THRESHOLDS, action: 'alert' });
    expect(warnings).toEqual([]);
  });

  test('10 seconds, as the original shipped, are widened, and said', () => {
    const { blackHole, warnings } = read({ 'blackhole-check-seconds': 10 });
    expect(blackHole.windowS).toBe(120);
    expect(warnings).toEqual(['"blackhole-check-seconds" is 10s, shorter than two reports of a slave: widened to 2m']);
  });

  test.each([
    [{ 'blackhole-check-seconds': '10m' }, { windowS: 600 }],
    [{ 'blackhole-check-seconds': 120 }, { windowS: 120 }],
    [{ 'blackhole-action': 'off' }, { action: 'off' }],
    [{ 'blackhole-least-failures': 20 }, { leastFailures: 20 }],
    [
      { 'blackhole-fails-to-starts-threshold': 0.5, 'blackhole-fails-to-finishes-threshold': 1 },
      { failsToStarts: 0.5, failsToFinishes: 1 },
    ],
  ])('%j', (settings, expected) => {
    expect(read(settings).blackHole).toMatchObject(expected);
  });

  test.each([
    [{ 'blackhole-action': 'drain' }, /blackhole-action/],
    [{ 'blackhole-least-failures': 0 }, /blackhole-least-failures/],
    [{ 'blackhole-check-seconds': 'soon' }, /blackhole-check-seconds.*duration/],
  ])('%j is refused', (settings, message) => {
    expect(() => read(settings)).toThrow(message);
  });
});
