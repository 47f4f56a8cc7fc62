import { requireAtLeast, requireSeconds } from './argument.ts';
import { ClockWindows } from './clock-windows.ts';
import { feed, type Stream, type StreamContext } from './stream.ts';

/**
 * Lets at most `count` items through in each window of `seconds`. Windows stand on the clock from the moment the
 * stream is made; the time of the events does not matter.
 * ```
 * in   1 2 3 4 | 5 6 7 |   8      throttle(2, 5)
 * out  1 2     | 5 6   |   8
 * ```
 */
export function throttle(context: StreamContext) {
  return <T>(count: number, seconds: number, ...children: Stream<T>[]): Stream<T> => {
    requireAtLeast('throttle', 'count', count, 0);
    const windows = new ClockWindows(context.clock, requireSeconds('throttle', seconds));
    let window = 0;
    let used = 0;
    return (item) => {
      const current = windows.current();
      if (current > window) used = 0;
      window = current;
      if (used >= count) return;
      used++;
      feed(context, 'throttle', children, item);
    };
  };
}
