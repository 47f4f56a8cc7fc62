import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { OnceLog } from '../../shared/log.ts';
import { ManualClock } from '../../shared/manual-clock.ts';

const MINUTE = 60_000;

function onceLog() {
  const clock = new ManualClock();
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  return { clock, lines, once: new OnceLog(log, clock) };
}

describe('a fault that repeats', () => {
  it('is logged when it begins, every 10 minutes while it lasts, and when it is over', () => {
    const { clock, lines, once } = onceLog();
    for (let second = 0; second < 25 * 60; second++) {
      once.warn('send', 'failed to send', { url: 'http://a' });
      clock.advance(1000);
    }
    once.recovered('send', 'sending again', { url: 'http://a' });
    expect(lines).toEqual([
      { level: 40, url: 'http://a', msg: 'failed to send' },
      { level: 40, url: 'http://a', count: 601, durationMs: 10 * MINUTE, msg: 'failed to send' },
      { level: 40, url: 'http://a', count: 1201, durationMs: 20 * MINUTE, msg: 'failed to send' },
      { level: 30, url: 'http://a', count: 1500, durationMs: 25 * MINUTE, msg: 'sending again' },
    ]);
  });

  it('is logged at once when its error changes, but not each time when two errors alternate', () => {
    const { lines, once } = onceLog();
    for (let turn = 0; turn < 100; turn++)
      once.warn('send', 'failed to send', { err: turn % 2 === 0 ? 'refused' : 'timed out' });
    expect(lines.map(({ err, count }) => [err, count])).toEqual([
      ['refused', undefined],
      ['timed out', 2],
    ]);
  });

  it('begins again after it was over', () => {
    const { lines, once } = onceLog();
    once.warn('send', 'failed to send');
    once.recovered('send', 'sending again');
    once.recovered('send', 'sending again');
    once.warn('send', 'failed to send');
    expect(lines.map(({ msg }) => msg)).toEqual(['failed to send', 'sending again', 'failed to send']);
  });

  it('counts from one again after it did not occur for a long time', () => {
    const { clock, lines, once } = onceLog();
    once.warn('full', 'index full');
    clock.advance(24 * 60 * MINUTE);
    once.warn('full', 'index full');
    expect(lines.map(({ count }) => count)).toEqual([undefined, undefined]);
  });
});

describe('faults of one kind', () => {
  it('are at most 10 lines in 10 minutes however many things have them', () => {
    const { clock, lines, once } = onceLog();
    for (let host = 0; host < 7440; host++) once.warn(`write a${host}`, 'failed to write', { host: `a${host}` });
    expect(lines).toHaveLength(10);
    clock.advance(10 * MINUTE);
    once.warn('write a7439', 'failed to write', { host: 'a7439' });
    expect(lines.at(-1)).toMatchObject({ host: 'a7439', count: 2, suppressed: 7430 });
    for (let host = 0; host < 7440; host++) once.recovered(`write a${host}`, 'written again', { host: `a${host}` });
    expect(lines.filter(({ msg }) => msg === 'written again')).toEqual([expect.objectContaining({ host: 'a7439' })]);
  });

  it('are bounded also where the error is never the same', () => {
    const { lines, once } = onceLog();
    for (let time = 0; time < 1000; time++) once.warn('send', 'failed to send', { err: `after ${time} ms` });
    expect(lines).toHaveLength(10);
  });
});
