/** How fast metrics change: ddt in its two forms. */
import { requireSeconds } from './argument.ts';
import { feed, nowS, type Stream, type StreamContext, type StreamEvent } from './stream.ts';
import { untilExpired } from './until-expired.ts';
import { timeOf } from './windows.ts';

type Children = Stream<StreamEvent>[];

/**
 * The metric's change per second. Without a number, with each event, since the one before by their times; where these
 * are equal nothing goes on. With a number, every so many seconds by the clock until expired, over the last events of
 * two intervals; 0 where none came. Events without metric are passed over.
 * ```
 * time    0  1  2  4                    ddt()
 * metric  0  5  5  1
 * out        5  0 -2
 * ```
 * @example by(['host', 'service'], () => ddt(10, index()))
 */
export function ddt(context: StreamContext) {
  return (...args: [number, ...Children] | Children): Stream<StreamEvent> => {
    const [first, ...rest] = args;
    return typeof first === 'number'
      ? ddtReal(context)(first, ...(rest as Children))
      : ddtEvents(context)(...(args as Children));
  };
}

/** `ddt` between each event and the one before. @throws TypeError for an event without time */
export function ddtEvents(context: StreamContext) {
  return (...children: Children): Stream<StreamEvent> => {
    let before: StreamEvent | undefined;
    return (event) => {
      if (typeof event.metric !== 'number') return;
      const previous = before;
      before = event;
      if (!previous) return;
      const slope = slopeOf(previous, event);
      if (slope !== undefined) feed(context, 'ddt', children, { ...event, metric: slope });
    };
  };
}

/** `ddt` every so many seconds by the clock. */
export function ddtReal(context: StreamContext) {
  return (seconds: number, ...children: Children): Stream<StreamEvent> => {
    requireSeconds('ddt', seconds);
    let latest: StreamEvent | undefined;
    let earlier: StreamEvent | undefined;
    let earliest: StreamEvent | undefined;
    const tick = () => {
      // Without a new event the last stands for both ends.
      [earliest, earlier, latest] = latest ? [earlier, latest, undefined] : [earlier, earlier, undefined];
      if (!earliest || !earlier) return;
      feed(context, 'ddt', children, { ...earlier, time: nowS(context), metric: slopeOf(earliest, earlier) ?? 0 });
    };
    const keepTime = untilExpired(context, seconds, 0, () => {
      try {
        tick();
      } catch (error) {
        context.fault('ddt', error);
      }
    });
    return (event) => {
      if (typeof event.metric === 'number') latest = event;
      keepTime(event);
    };
  };
}

/** Undefined where no time lies between them. */
function slopeOf(from: StreamEvent, to: StreamEvent): number | undefined {
  const seconds = timeOf('ddt', to) - timeOf('ddt', from);
  return seconds === 0 ? undefined : ((to.metric ?? 0) - (from.metric ?? 0)) / seconds;
}
