import { requireSeconds } from './argument.ts';
import { ClockWindows } from './clock-windows.ts';
import { isExpired, isTrue, type Predicate, requirePredicate } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/**
 * At the end of each window of `seconds` in which events came, the last with the share of satisfied ones, where
 * tolerated ones count half: from 0 to 1. Windows stand on the clock from the moment the stream is made; expired events
 * do not count.
 * @example where(service('latency'), apdex(60, under(0.1), under(0.4), index()))
 */
export function apdex(context: StreamContext) {
  return (
    seconds: number,
    satisfied: Predicate,
    tolerated: Predicate,
    ...children: Stream<StreamEvent>[]
  ): Stream<StreamEvent> => {
    const windows = new ClockWindows(context.clock, requireSeconds('apdex', seconds));
    requirePredicate('apdex', satisfied);
    requirePredicate('apdex', tolerated);
    const isOver = isExpired(context);
    let open = false;
    let [points, total] = [0, 0];
    let last: StreamEvent = {};
    const finish = () => {
      const event = { ...last, metric: points / total };
      [open, points, total, last] = [false, 0, 0, {}];
      feed(context, 'apdex', children, event);
    };
    return (event) => {
      if (isOver(event)) return;
      points += isTrue(satisfied(event)) ? 1 : isTrue(tolerated(event)) ? 0.5 : 0;
      total++;
      last = event;
      if (open) return;
      open = true;
      windows.atEnd(finish);
    };
  };
}
