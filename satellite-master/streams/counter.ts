import { requireNumber } from './argument.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/**
 * The sum of all metrics so far, from a number given first or 0. An event tagged "reset" sets it to its metric; what
 * has no metric goes on as it is.
 * @example counter(index()), counter(500, index())
 */
export function counter(context: StreamContext) {
  return (...args: [number, ...Stream<StreamEvent>[]] | Stream<StreamEvent>[]): Stream<StreamEvent> => {
    const [first, ...rest] = args;
    const [begin, children] = typeof first === 'number' ? [first, rest] : [0, args];
    requireNumber('counter', 'the beginning', begin);
    let sum = begin;
    return (event) => {
      const { metric, tags } = event;
      const counts = typeof metric === 'number';
      if (counts) sum = tags?.includes('reset') ? metric : sum + metric;
      feed(context, 'counter', children as Stream<StreamEvent>[], counts ? { ...event, metric: sum } : event);
    };
  };
}
