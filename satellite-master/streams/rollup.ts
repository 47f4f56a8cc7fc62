/** Many items in one: rollup and batch. Their windows stand on the clock from the moment the stream is made. */
import type { Timer } from '../../shared/clock.ts';
import { requireAtLeast, requireCount, requireSeconds } from './argument.ts';
import { Buffer } from './buffer.ts';
import { ClockWindows } from './clock-windows.ts';
import { feed, type Stream, type StreamContext } from './stream.ts';

/**
 * The first `count` items of each window go on at once, each in a list of its own; the rest together at the window's
 * end. That list is the first of the `count` of the next window in which anything arrives.
 * ```
 * in   1   2   3 4 |    5   6 7 8 |          rollup(2, 5)
 * out [1] [2]    [3 4] [5]      [6 7 8]
 * ```
 */
export function rollup(context: StreamContext) {
  return <T>(count: number, seconds: number, ...children: Stream<readonly T[]>[]): Stream<T> => {
    requireAtLeast('rollup', 'count', count, 0);
    const windows = new ClockWindows(context.clock, requireSeconds('rollup', seconds));
    const kept = new Buffer<T>();
    let used = 0;
    let isOpen = false;
    const close = () => {
      isOpen = false;
      used = kept.size > 0 ? 1 : 0;
      if (kept.size > 0) feed(context, 'rollup', children, kept.take());
    };
    return (item) => {
      if (!isOpen) windows.atEnd(close);
      isOpen = true;
      if (used >= count) {
        kept.add(item);
        return;
      }
      used++;
      feed(context, 'rollup', children, [item]);
    };
  };
}

/**
 * Lists of `count` items as soon as there are as many, and of what there is at the end of each window.
 * ```
 * in   1 2 3     4 |    5 |         batch(3, 5)
 * out     [1 2 3] [4]    [5]
 * ```
 */
export function batch(context: StreamContext) {
  return <T>(count: number, seconds: number, ...children: Stream<readonly T[]>[]): Stream<T> => {
    requireCount('batch', count);
    const windows = new ClockWindows(context.clock, requireSeconds('batch', seconds));
    let kept: T[] = [];
    let timer: Timer | undefined;
    const flush = () => {
      timer?.cancel();
      timer = undefined;
      const items = kept;
      kept = [];
      feed(context, 'batch', children, items);
    };
    return (item) => {
      kept.push(item);
      if (kept.length >= count) flush();
      else timer ??= windows.atEnd(flush);
    };
  };
}
