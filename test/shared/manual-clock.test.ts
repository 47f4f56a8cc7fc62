import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../shared/manual-clock.ts';

describe('the clock that is turned by hand', () => {
  test('runs what falls due in the order of time, and at one time in the order of asking', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ delayMs: fc.nat(50), cancelled: fc.boolean() }), { maxLength: 300 }),
        (asked) => {
          const clock = new ManualClock();
          const ran: string[] = [];
          const timers = asked.map(({ delayMs }, at) =>
            clock.after(delayMs, () => ran.push(`${at} at ${clock.monoMs()}`)),
          );
          for (const [at, { cancelled }] of asked.entries()) if (cancelled) timers[at]?.cancel();
          clock.advance(20);
          clock.advance(30);
          const wanted = asked
            .map(({ delayMs, cancelled }, at) => ({ delayMs, cancelled, at }))
            .filter(({ cancelled }) => !cancelled)
            .sort((a, b) => a.delayMs - b.delayMs || a.at - b.at)
            .map(({ delayMs, at }) => `${at} at ${delayMs}`);
          expect(ran).toEqual(wanted);
        },
      ),
    );
  });

  test('a period goes on until it is cancelled, also from within', () => {
    const clock = new ManualClock(1_000);
    const ran: number[] = [];
    const timer = clock.every(10, () => {
      ran.push(clock.wallMs());
      if (ran.length === 3) timer.cancel();
    });
    clock.advance(100);
    expect(ran).toEqual([1_010, 1_020, 1_030]);
    expect(clock.monoMs()).toBe(100);
  });

  test('a timer set while another runs is due in the same turn', () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    clock.after(5, () => {
      ran.push('first');
      clock.after(5, () => ran.push('second'));
    });
    clock.advance(10);
    expect(ran).toEqual(['first', 'second']);
  });
});
