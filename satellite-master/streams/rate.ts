import { requireSeconds } from './argument.ts';
import { feed, nowS, type Stream, type StreamContext, type StreamEvent } from './stream.ts';
import { untilExpired } from './until-expired.ts';

/**
 * Every `seconds` by the clock the sum of the metrics since, divided by the seconds, in the last event that had one.
 * It begins with the first event and stops when one is expired or the last has outlived its ttl; while none comes,
 * what goes on has a ttl that shrinks with the time.
 * ```
 * metric  10 20  5 |  7     |           rate(5)
 * out              7       1.4
 * ```
 * @example by(['host', 'service'], () => rate(5, index()))
 */
export function rate(context: StreamContext) {
  return (seconds: number, ...children: Stream<StreamEvent>[]): Stream<StreamEvent> => {
    requireSeconds('rate', seconds);
    let sum = 0;
    let last: StreamEvent = {};
    const keepTime = untilExpired(context, seconds, seconds, () => {
      const metric = sum / seconds;
      sum = 0;
      last = aged({ ...last, metric, time: nowS(context) }, -seconds);
      feed(context, 'rate', children, last);
    });
    return (event) => {
      if (typeof event.metric === 'number') {
        sum += event.metric;
        // Going on takes an interval off the ttl: under a constant flow it is what came in.
        last = aged(event, seconds);
      }
      keepTime(event);
    };
  };
}

function aged(event: StreamEvent, seconds: number): StreamEvent {
  return typeof event.ttl === 'number' ? { ...event, ttl: event.ttl + seconds } : event;
}
