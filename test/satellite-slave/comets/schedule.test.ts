import { expect, test } from 'vitest';
import { Schedule } from '../../../satellite-slave/comets/schedule.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

function scheduled(random: () => number, periodMs = 60_000) {
  const clock = new ManualClock();
  const times: number[] = [];
  const schedule = new Schedule(clock, random);
  schedule.start([{ periodMs, run: () => void times.push(clock.monoMs()) }]);
  return { clock, times, schedule };
}

test('the first run lies within the period, the others follow on the same beat', () => {
  const { clock, times } = scheduled(() => 0.25);
  clock.advance(200_000);
  expect(times).toEqual([15_000, 75_000, 135_000, 195_000]);
});

test('40,000 slaves do not beat in time', () => {
  const firsts = Array.from({ length: 400 }, (_, slave) => {
    // The golden ratio spreads evenly, as random numbers do.
    const { clock, times } = scheduled(() => (slave * 0.618_033_988_75) % 1);
    clock.advance(60_000);
    return times[0] ?? Number.NaN;
  });
  const inTenths = new Set(firsts.map((time) => Math.floor(time / 6_000)));
  expect([...inTenths].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('what was slept through is not made up for, and the beat is kept', () => {
  const { clock, times } = scheduled(() => 0.5, 10_000);
  clock.advance(6_000);
  clock.stall(35_000);
  clock.advance(15_000);
  expect(times).toEqual([5_000, 41_000, 45_000, 55_000]);
});

test('the wall clock has no say', () => {
  const { clock, times } = scheduled(() => 0, 10_000);
  clock.setWall(-1_000_000);
  clock.advance(10_000);
  clock.setWall(9_000_000_000);
  clock.advance(10_000);
  expect(times).toEqual([0, 10_000, 20_000]);
});

test('a schedule that was stopped is silent', () => {
  const { clock, times, schedule } = scheduled(() => 0, 1_000);
  clock.advance(1_500);
  schedule.stop();
  clock.advance(10_000);
  expect(times).toEqual([0, 1_000]);
});
