/** Folds of statistics: mean, mode, variance, stdDev, rateOf. What has no metric is passed over. */
import { nonNilMetrics } from './folds.ts';
import { type FoldItems, hasMetric } from './sorted-sample.ts';
import type { StreamEvent } from './stream.ts';

const firstOf = (events: FoldItems) => events.find((event) => event !== null && event !== undefined) ?? undefined;
const average = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** The arithmetic mean, in the first event; nothing where no event has a metric. */
export function mean(events: FoldItems): StreamEvent | undefined {
  const metrics = nonNilMetrics(events);
  const first = firstOf(events);
  return first && metrics.length > 0 ? { ...first, metric: average(metrics) } : undefined;
}

/** The first event with the most frequent metric; of several as frequent the one that was there first. */
export function mode(events: FoldItems): StreamEvent | undefined {
  const found = new Map<number, { readonly event: StreamEvent; times: number }>();
  for (const event of events.filter(hasMetric)) {
    const same = found.get(event.metric);
    if (same) same.times++;
    else found.set(event.metric, { event, times: 1 });
  }
  let most: { readonly event: StreamEvent; readonly times: number } | undefined;
  for (const one of found.values()) if (!most || one.times > most.times) most = one;
  return most?.event;
}

/** The mean square of what the metrics are off their mean (of the whole, not of a sample), in the first event. */
export function variance(events: FoldItems): StreamEvent | undefined {
  return spread('variance', events, (square) => square);
}

/** The root of the variance. @throws RangeError where there are events, but none has a metric */
export function stdDev(events: FoldItems): StreamEvent | undefined {
  return spread('stdDev', events, Math.sqrt);
}

function spread(name: string, events: FoldItems, figureOf: (meanSquare: number) => number): StreamEvent | undefined {
  const first = firstOf(events);
  if (!first) return undefined;
  const metrics = nonNilMetrics(events);
  if (metrics.length === 0) throw new RangeError(`${name}: no event has a metric`);
  const middle = average(metrics);
  return { ...first, metric: figureOf(average(metrics.map((metric) => (metric - middle) ** 2))) };
}

/**
 * How fast the metric moved, per second: the newest event by time, with the difference to the oldest over the seconds
 * between them. Nothing where there are not two different times with a metric.
 * @example by(['host', 'service'], () => movingTimeWindow(300, smap(rateOf, index())))
 */
export function rateOf(events: FoldItems): StreamEvent | undefined {
  let [oldest, newest]: (StreamEvent & { readonly metric: number; readonly time: number })[] = [];
  for (const event of events) {
    if (!hasMetric(event) || event.time === undefined) continue;
    const timed = { ...event, time: event.time };
    if (!oldest || timed.time < oldest.time) oldest = timed;
    if (!newest || timed.time >= newest.time) newest = timed;
  }
  if (!oldest || !newest || newest.time === oldest.time) return undefined;
  return { ...newest, metric: (newest.metric - oldest.metric) / (newest.time - oldest.time) };
}
