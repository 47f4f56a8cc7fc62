import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { follow, noRates, perMinute, type Rates, type Reading } from '../../../satellite-master/stats/rates.ts';

const LOST = 'master/tasks_lost';

function reading(atS: number, lost: number | undefined, over: Partial<Reading> = {}): Reading {
  const counters = lost === undefined ? {} : { [LOST]: lost };
  return { master: 'm1', atMs: atS * 1000, elected: true, uptimeS: 1_000 + atS, counters, ...over };
}

const followed = (...readings: readonly Reading[]): Rates => readings.reduce(follow, noRates);

describe('rates per minute', () => {
  test.each([
    ['nothing read', [], undefined],
    ['one reading has nothing to compare', [reading(0, 7)], undefined],
    ['some seconds say nothing of a minute', [reading(0, 0), reading(9, 3)], undefined],
    ['what was counted before Satellite came is not counted', [reading(0, 700), reading(60, 706)], 6],
    ['half a minute', [reading(0, 0), reading(30, 3)], 6],
    ['only the last minute counts', [reading(0, 0), reading(60, 600), reading(120, 606)], 6],
    ['over a gap it is spread over the gap', [reading(0, 0), reading(600, 60)], 6],
    ['a counter that the version lacks', [reading(0, undefined), reading(60, undefined)], undefined],
    ['a counter that one answer lacks', [reading(0, 0), reading(30, undefined), reading(60, 6)], 6],
  ] as const)('%s', (_, readings, expected) => {
    expect(perMinute(followed(...readings), LOST)).toBe(expected);
  });

  test('many readings a minute come to the same', () => {
    let rates = noRates;
    for (let second = 0; second <= 300; second++) rates = follow(rates, reading(second, second));
    expect(perMinute(rates, LOST)).toBeCloseTo(60, 6);
    expect(rates.past.length).toBeLessThan(20);
  });
});

describe('a step that spans a restart or another leader counts for nothing', () => {
  test.each([
    ['the counter sank', reading(60, 2, { uptimeS: undefined })],
    ['uptime sank, the counter is beyond the old one', reading(60, 5_000, { uptimeS: 10 })],
    ['uptime grew, but less than the time between', reading(3_000, 5_000, { uptimeS: 2_000 })],
    ['uptime leapt: another master behind the same address', reading(60, 5_000, { uptimeS: 9_000 })],
    ['it was not elected before', reading(60, 5_000)],
    ['another leads', reading(60, 5_000, { master: 'm2' })],
  ])('%s', (name, next) => {
    const first = reading(0, 100, { elected: !name.startsWith('it was not elected') });
    const rates = followed(first, next);
    expect(rates.totals[LOST]).toBe(0);
    const { atMs, uptimeS } = next;
    const later = { ...next, atMs: atMs + 15_000, uptimeS: uptimeS && uptimeS + 15 };
    expect(perMinute(follow(rates, later), LOST)).toBe(0);
  });

  test('a slow answer is no restart', () => {
    expect(followed(reading(0, 1), reading(3.5, 5, { uptimeS: 1_000 })).totals[LOST]).toBe(4);
  });

  test('what a follower says is not counted, and what was counted stays', () => {
    const follower = reading(61, 0, { elected: false, uptimeS: 5 });
    for (const master of ['m1', 'm2']) {
      const rates = followed(reading(0, 0), reading(60, 6), { ...follower, master });
      expect(rates.totals[LOST]).toBe(6);
      expect(perMinute(rates, LOST)).toBe(6);
    }
  });

  test('the word of a follower between two of the leader breaks nothing', () => {
    const follower = reading(30, 0, { elected: false, master: 'm2' });
    expect(followed(reading(0, 0), follower, reading(60, 6)).totals[LOST]).toBe(6);
  });
});

/** What happens to a cluster between two answers: time passes, tasks are lost, masters restart and take over. */
const step = fc.record({
  seconds: fc.integer({ min: 1, max: 600 }),
  lost: fc.integer({ min: 0, max: 1_000_000 }),
  fate: fc.constantFrom('on', 'on', 'on', 'restart', 'failover'),
});

test('whatever restarts: totals never sink, never leap beyond what happened, and miss nothing without a restart', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let nowS = 100;
      let bornS = 0;
      let counted = 0;
      let happened = 0;
      let missed = 0;
      let rates = follow(noRates, reading(nowS, 0, { uptimeS: nowS - bornS }));
      for (const { seconds, lost, fate } of steps) {
        const before = rates.totals[LOST] ?? 0;
        nowS += seconds;
        happened += lost;
        if (fate === 'on') counted += lost;
        else {
          // The new life began somewhere between the two answers and counts from nothing.
          bornS = nowS - seconds / 2;
          counted = lost;
          missed += lost;
        }
        rates = follow(rates, reading(nowS, counted, { uptimeS: nowS - bornS }));
        const total = rates.totals[LOST] ?? 0;
        expect(total).toBeGreaterThanOrEqual(before);
        expect(total - before).toBeLessThanOrEqual(lost);
        expect(perMinute(rates, LOST) ?? 0).toBeGreaterThanOrEqual(0);
      }
      expect(rates.totals[LOST] ?? 0).toBeGreaterThanOrEqual(happened - missed);
    }),
  );
});
