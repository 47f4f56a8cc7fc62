import { describe, expect, it } from 'vitest';
import { createStreams } from '../../../satellite-master/streams/index.ts';
import type { StreamEvent } from '../../../satellite-master/streams/stream.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

function bench() {
  const faults: string[] = [];
  const fault = (stream: string, error: unknown) => {
    faults.push(`${stream}: ${String(error)}`);
  };
  return { faults, ...createStreams({ clock: new ManualClock(), fault }) };
}

const times = (events: readonly StreamEvent[]) => events.map(({ time }) => time);
const at = (time: number): StreamEvent => ({ host: 'h', service: 's', time });

describe('windows of events', () => {
  it('holds the newest 10,000 of a time window, however many come', () => {
    const { movingTimeWindow } = bench();
    let last: readonly StreamEvent[] = [];
    const stream = movingTimeWindow(1e9, (events) => {
      last = events;
    });
    for (let time = 1; time <= 10_050; time++) stream(at(time));
    expect(last).toHaveLength(10_000);
    expect(last[0]?.time).toBe(51);
    expect(last.at(-1)?.time).toBe(10_050);
  });

  it('keeps the order of arrival, and drops what grew old wherever it stands', () => {
    const { movingTimeWindow } = bench();
    const seen: (number | undefined)[][] = [];
    const stream = movingTimeWindow(5, (events) => seen.push(times(events)));
    for (const time of [10, 7, 9, 13, 14, 20]) stream(at(time));
    expect(seen).toEqual([[10], [10, 7], [10, 7, 9], [10, 9, 13], [10, 13, 14], [20]]);
  });

  it('gives each child a list that later events leave alone', () => {
    const { movingEventWindow } = bench();
    const seen: (readonly number[])[] = [];
    const stream = movingEventWindow<number>(2, (items) => seen.push(items));
    for (const item of [1, 2, 3]) stream(item);
    expect(seen).toEqual([[1], [1, 2], [2, 3]]);
  });

  it('tells of 1,000 empty windows at the most when time jumps', () => {
    const { fixedTimeWindow } = bench();
    let [full, empty] = [0, 0];
    const stream = fixedTimeWindow(1, (events) => (events.length > 0 ? full++ : empty++));
    stream(at(0));
    stream(at(1_700_000_000));
    expect([full, empty]).toEqual([1, 1_000]);
  });

  it('begins windows of a fixed offset at multiples of their length, also before 1970', () => {
    const { fixedOffsetTimeWindow } = bench();
    const seen: (number | undefined)[][] = [];
    const stream = fixedOffsetTimeWindow(60, (events) => seen.push(times(events)));
    for (const time of [-61, -60, 5, 59, 60]) stream(at(time));
    expect(seen).toEqual([[-61], [-60], [5, 59]]);
  });

  it('refuses what can be no length, with its own name', () => {
    const { movingEventWindow, window, fixedEventWindow, movingTimeWindow, fixedTimeWindow } = bench();
    expect(() => movingEventWindow(0)).toThrow(/^movingEventWindow: the count/);
    expect(() => window(1.5)).toThrow(/^window: the count/);
    expect(() => fixedEventWindow(-1)).toThrow(/^fixedEventWindow: the count/);
    expect(() => movingTimeWindow(0)).toThrow(/^movingTimeWindow: seconds/);
    expect(() => fixedTimeWindow(Number.NaN)).toThrow(/^fixedTimeWindow: seconds/);
  });

  it('isolates an event without time from those beside it', () => {
    const { sdo, movingTimeWindow, faults } = bench();
    let siblings = 0;
    sdo<StreamEvent>(movingTimeWindow(5), () => siblings++)({ host: 'h' });
    expect(faults).toEqual(['sdo: TypeError: movingTimeWindow: an event without time']);
    expect(siblings).toBe(1);
  });
});
