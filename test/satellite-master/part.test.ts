/** How a master starts and ends: parts in order, one deadline, and the name of whoever exceeds it. */
import { describe, expect, test } from 'vitest';
import { Lifecycle, type Part, type StopDeadline } from '../../satellite-master/part.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { logLines } from './rules/support/log-lines.ts';

function lifecycle() {
  const clock = new ManualClock();
  const { log, warnings } = logLines();
  const order: string[] = [];
  const parts = new Lifecycle({ clock, log });
  const add = (name: string, part: Part = {}) =>
    parts.add(name, {
      start: () => {
        order.push(`start ${name}`);
        return part.start?.();
      },
      stop: (deadline: StopDeadline) => {
        order.push(`stop ${name}`);
        return part.stop?.(deadline);
      },
    });
  return { clock, parts, order, add, warnings };
}

const never = () => new Promise<void>(() => undefined);

/** Turns the clock until the work is done. */
async function turning<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!done) clock.advance(10);
  }
  return watched;
}

describe('a lifecycle', () => {
  test('starts its parts in order and stops them in the reverse order', async () => {
    const { clock, parts, order, add } = lifecycle();
    for (const name of ['store', 'rules', 'http']) add(name);
    await parts.start();
    expect(await turning(clock, parts.stop(4_000))).toEqual([]);
    expect(order).toEqual(['start store', 'start rules', 'start http', 'stop http', 'stop rules', 'stop store']);
  });

  test('cuts off a part that hangs, names it, and leaves time to the parts that stop after it', async () => {
    const { clock, parts, add, warnings } = lifecycle();
    const left: number[] = [];
    let aborted = false;
    add('store', { stop: ({ leftMs }) => void left.push(leftMs()) });
    add('mesos-deactivation', {
      stop: ({ signal }) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return never();
      },
    });
    add('http');
    await parts.start();
    expect(await turning(clock, parts.stop(4_000))).toEqual(['mesos-deactivation']);
    expect(aborted).toBe(true);
    expect(left[0]).toBeGreaterThan(500);
    expect(warnings).toEqual(['a part did not stop in time and is cut off']);
    expect(clock.monoMs()).toBeLessThan(4_000);
  });

  test('stops within the deadline also when every part hangs', async () => {
    const { clock, parts, add } = lifecycle();
    for (const name of ['a', 'b', 'c', 'd']) add(name, { stop: never });
    await parts.start();
    expect(await turning(clock, parts.stop(4_000))).toEqual(['d', 'c', 'b', 'a']);
    expect(clock.monoMs()).toBeLessThanOrEqual(4_500);
  });

  test('a part that fails to stop is named, and the others are stopped', async () => {
    const { clock, parts, order, add } = lifecycle();
    add('store');
    add('recorder', { stop: () => Promise.reject(new Error('disk full')) });
    await parts.start();
    expect(await turning(clock, parts.stop(4_000))).toEqual(['recorder']);
    expect(order.at(-1)).toBe('stop store');
  });

  test('a stop in the middle of the start ends it after the part that is being started', async () => {
    const { clock, parts, order, add } = lifecycle();
    let started: () => void = () => undefined;
    add('history', { start: () => new Promise<void>((resolve) => (started = resolve)) });
    add('http');
    const starting = parts.start();
    const stopping = parts.stop(4_000);
    started();
    await starting;
    expect(await turning(clock, stopping)).toEqual([]);
    expect(order).toEqual(['start history', 'stop history']);
  });

  test('a part that hangs while it is started is named at the stop', async () => {
    const { clock, parts, add, order } = lifecycle();
    add('store');
    add('disk', { start: never });
    void parts.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await turning(clock, parts.stop(4_000))).toEqual(['disk']);
    expect(order).toEqual(['start store', 'start disk', 'stop disk', 'stop store']);
  });

  test('a part that can not start ends the start, and a stop then ends what was started', async () => {
    const { clock, parts, order, add } = lifecycle();
    add('store');
    add('http', { start: () => Promise.reject(new Error('port 5001 is already in use')) });
    add('later');
    await expect(parts.start()).rejects.toThrow('port 5001 is already in use');
    expect(await turning(clock, parts.stop(4_000))).toEqual([]);
    expect(order).toEqual(['start store', 'start http', 'stop http', 'stop store']);
  });
});
