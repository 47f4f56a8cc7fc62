/**
 * Folds: one event out of a list of them, for the children of windows, `coalesce` and `project`. The answer is the
 * first event with another metric. As in Riemann most pass over what is missing, and their strict kin (Riemann's with a
 * star) throw a TypeError at an absent event or metric, a RangeError at a division by nought.
 * @example coalesce(10, smap(sum, with({ host: undefined, service: 'requests, all hosts' }, index())))
 */
import { type FoldItems, hasMetric } from './sorted-sample.ts';
import { nowS, type StreamContext, type StreamEvent } from './stream.ts';

export type Reduce = (a: number, b: number) => number;

/** Thrown inside folds where there is nothing to reckon with. */
class Missing extends TypeError {}

function reckon(name: string, reduce: Reduce, metrics: readonly (number | undefined)[], none?: number) {
  if (metrics.length === 0 && none === undefined) throw new Missing(`${name}: no metrics`);
  if (metrics.length === 0) return none;
  return metrics.reduce((a, b) => {
    if (a === undefined || b === undefined) throw new Missing(`${name}: an event or metric is missing`);
    return reduce(a, b);
  });
}

function withMetric(event: StreamEvent | undefined, metric: number | undefined): StreamEvent {
  if (metric !== undefined) return { ...event, metric };
  const { metric: _, ...rest } = event ?? {};
  return rest;
}

const present = (events: FoldItems) => events.filter((event) => event !== null && event !== undefined);
const metricOf = (event: FoldItems[number]) => event?.metric ?? undefined;

/** The metrics there are. */
export function nonNilMetrics(events: FoldItems): number[] {
  return events.filter(hasMetric).map(({ metric }) => metric);
}

/**
 * `reduce` over the metrics there are, in the first event; nothing without events.
 * @param none the answer where no event has a metric; without it that throws
 */
export function fold(reduce: Reduce, events: FoldItems, none?: number): StreamEvent | undefined {
  const [first] = present(events);
  return first && withMetric(first, reckon('fold', reduce, nonNilMetrics(events), none));
}

/** `fold` that throws where an event or a metric is missing: Riemann's `fold*`. */
export function foldStrict(reduce: Reduce, events: FoldItems, none?: number): StreamEvent {
  return withMetric(events[0] ?? undefined, reckon('foldStrict', reduce, events.map(metricOf), none));
}

/** `fold` that says so in the description, and has no metric, where an event or a metric is missing. */
export function foldAll(reduce: Reduce, events: FoldItems): StreamEvent | undefined {
  const [first] = events;
  if (!first) return undefined;
  try {
    return withMetric(first, reckon('foldAll', reduce, events.map(metricOf)));
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    return { ...withMetric(first, undefined), description: 'An event or metric was nil.' };
  }
}

const plus: Reduce = (a, b) => a + b;
const minus: Reduce = (a, b) => a - b;
const times: Reduce = (a, b) => a * b;
const over: Reduce = (a, b) => {
  if (b === 0) throw new RangeError('quotient: divided by nought');
  return a / b;
};

export const sum = (events: FoldItems) => fold(plus, events, 0);
export const sumStrict = (events: FoldItems) => foldStrict(plus, events, 0);
export const product = (events: FoldItems) => fold(times, events, 1);
export const productStrict = (events: FoldItems) => foldStrict(times, events, 1);
/** The first metric less all others. */
export const difference = (events: FoldItems) => foldAll(minus, events);
export const differenceStrict = (events: FoldItems) => foldStrict(minus, events);
export const quotientStrict = (events: FoldItems) => foldStrict(over, events);

/**
 * The first metric divided by all others; where that can not be, an event without metric that says why.
 * @example project([service('failed'), service('started')], smap(quotient, over(0.5, ...)))
 */
export function quotient(events: FoldItems): StreamEvent | undefined {
  try {
    return foldAll(over, events);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ...withMetric(events[0] ?? undefined, undefined), description: "Can't divide by zero" };
  }
}

/** `quotient` in which nought by nought is nought. @throws TypeError where the first event has no metric */
export function quotientSloppy(events: FoldItems): StreamEvent | undefined {
  const [first] = events;
  if (!first) return undefined;
  if (!hasMetric(first)) throw new TypeError('quotientSloppy: the first event has no metric');
  return first.metric === 0 ? first : quotient(events);
}

/** The last event with the least metric. */
export const minimum = (events: FoldItems) => extreme(events, (a, b) => a <= b);
/** The last event with the greatest metric. */
export const maximum = (events: FoldItems) => extreme(events, (a, b) => a >= b);

function extreme(events: FoldItems, beats: (a: number, b: number) => boolean): StreamEvent | undefined {
  let best: (StreamEvent & { readonly metric: number }) | undefined;
  for (const event of events) {
    if (hasMetric(event) && (!best || beats(event.metric, best.metric))) best = event;
  }
  return best;
}

/** How many events there are, in the first; an event of its own that says 0 where there is none. */
export function count(context: StreamContext) {
  return (events: FoldItems): StreamEvent => {
    const there = present(events);
    const [first] = there;
    return first ? { ...first, metric: there.length } : { metric: 0, time: nowS(context) };
  };
}
