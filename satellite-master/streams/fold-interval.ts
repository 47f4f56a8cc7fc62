/** What came in each stretch of the clock's time, from the first event on until one expires: foldInterval, percentiles. */
import { requireFunction, requireSeconds, StreamArgumentError, shown } from './argument.ts';
import { Buffer } from './buffer.ts';
import { fieldOf, isExpired } from './item.ts';
import { type Points, pointNames, sortedSample } from './sorted-sample.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';
import { untilExpired } from './until-expired.ts';

/**
 * What `fold` makes of the field's values of each `seconds` by the clock, in the last event that had one. Where none
 * came meanwhile `fold` gets an empty list and its answer goes on alone. It keeps the newest 10,000 events.
 * @example foldInterval(60, 'metric', (metrics) => Math.max(...metrics), index())
 */
export function foldInterval(context: StreamContext) {
  return <F extends keyof StreamEvent>(
    seconds: number,
    field: F,
    fold: (values: readonly NonNullable<StreamEvent[F]>[]) => StreamEvent[F] | undefined,
    ...children: Stream<StreamEvent>[]
  ): Stream<StreamEvent> => intervals(context, 'foldInterval', seconds, field, fold, children);
}

/** `foldInterval` over the metric. */
export function foldIntervalMetric(context: StreamContext) {
  return (
    seconds: number,
    fold: (metrics: readonly number[]) => number | undefined,
    ...children: Stream<StreamEvent>[]
  ): Stream<StreamEvent> => intervals(context, 'foldIntervalMetric', seconds, 'metric', fold, children);
}

function intervals<F extends keyof StreamEvent>(
  context: StreamContext,
  name: string,
  seconds: number,
  field: F,
  fold: (values: readonly NonNullable<StreamEvent[F]>[]) => StreamEvent[F] | undefined,
  children: Stream<StreamEvent>[],
): Stream<StreamEvent> {
  if (typeof field !== 'string')
    throw new StreamArgumentError(name, `the field must be a field's name, not ${shown(field)}`);
  requireFunction(name, 'the fold', fold);
  return bins(context, name, seconds, {
    takes: (event) => fieldOf(event, field) !== undefined,
    finish: (events) => {
      // Only events that have the field are taken.
      const values = events.map((event) => fieldOf(event, field) as NonNullable<StreamEvent[F]>);
      const { [field]: _, ...rest } = events.at(-1) ?? {};
      const folded = fold(values);
      feed(context, name, children, folded === undefined ? rest : { ...rest, [field]: folded });
    },
  });
}

/**
 * Every `seconds` by the clock, for each point from 0 to 1, the event that has so great a part of the others below it,
 * by metric: 0 the least, 0.5 the median, 1 the greatest. The service says which: the point's own name, or a space and
 * the point. Silent where nothing came; an expired event throws away what there is. It keeps the newest 10,000 events.
 * @example percentiles(60, [0.5, 0.95, 1], index())            // "latency 0.95"
 * @example percentiles(60, { 0.5: ' median', 1: ' max' }, index())
 */
export function percentiles(context: StreamContext) {
  return (seconds: number, points: Points, ...children: Stream<StreamEvent>[]): Stream<StreamEvent> => {
    for (const [point] of pointNames(points)) {
      if (!(point >= 0 && point <= 1))
        throw new StreamArgumentError('percentiles', `points must be numbers from 0 to 1, not ${shown(point)}`);
    }
    return bins(context, 'percentiles', seconds, {
      takes: () => true,
      finish: (events) => {
        for (const event of sortedSample(events, points)) feed(context, 'percentiles', children, event);
      },
    });
  };
}

interface Bin {
  readonly takes: (event: StreamEvent) => boolean;
  readonly finish: (events: readonly StreamEvent[]) => void;
}

function bins(context: StreamContext, name: string, seconds: number, bin: Bin): Stream<StreamEvent> {
  requireSeconds(name, seconds);
  const isOver = isExpired(context);
  const held = new Buffer<StreamEvent>();
  const finish = () => {
    try {
      bin.finish(held.take());
    } catch (error) {
      context.fault(name, error);
    }
  };
  const keepTime = untilExpired(context, seconds, seconds, finish);
  return (event) => {
    keepTime(event);
    if (isOver(event)) held.take();
    else if (bin.takes(event)) held.add(event);
  };
}
