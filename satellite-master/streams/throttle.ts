import { requireAtLeast, requireSeconds } from './argument.ts';
import { feed, type Stream, type StreamContext } from './stream.ts';

/**
 * Lets at most `count` items through in each window of `seconds`. Windows stand on the clock from the moment the
 * stream is made; the time of the events does not matter.
 * ```
 * in   1 2 3 4 | 5 6 7 |   8
 * out  1 2     | 5 6   |   8      throttle(2, 5)
 * ```
 */
export function throttle(context: StreamContext) {
  return <T>(count: number, seconds: number, ...children: Stream<T>[]): Stream<T> => {
    requireAtLeast('throttle', 'count', count, 0);
    requireSeconds('throttle', seconds);
    const { clock } = context;
    const madeMs = clock.monoMs();
    let current = 0;
    let used = 0;
    return (item) => {
      const window = Math.floor((clock.monoMs() - madeMs) / (seconds * 1000));
      if (window !== current) {
        current = window;
        used = 0;
      }
      if (used >= count) return;
      used++;
      feed(context, 'throttle', children, item);
    };
  };
}
