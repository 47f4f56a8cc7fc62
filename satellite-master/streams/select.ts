/** Filters on what an event says of itself: its tags, its state, its metric. */
import { requireNumber } from './argument.ts';
import { type Filter, fieldOf, type Predicate } from './item.ts';
import { conditional, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

type Children = Stream<StreamEvent>[];

function filter(context: StreamContext, name: string, predicate: Predicate, children: Children): Filter {
  return conditional(context, name, children, (event) => predicate(event) === true);
}

const listed = (tags: string | readonly string[]): readonly string[] => (typeof tags === 'string' ? [tags] : tags);

/** Events that have all of the tags. `tagged` is another name for it, as in Riemann. */
export function taggedAll(context: StreamContext) {
  return (tags: string | readonly string[], ...children: Children): Filter =>
    filter(context, 'taggedAll', ({ tags: own }) => own && listed(tags).every((tag) => own.includes(tag)), children);
}

export const tagged = taggedAll;

/** Events that have one of the tags or more. */
export function taggedAny(context: StreamContext) {
  return (tags: string | readonly string[], ...children: Children): Filter =>
    filter(context, 'taggedAny', ({ tags: own }) => own && listed(tags).some((tag) => own.includes(tag)), children);
}

/** Events sent as expired; their age does not count here (`isExpired` asks for that too). */
export function expired(context: StreamContext) {
  return (...children: Children): Filter =>
    filter(context, 'expired', (event) => fieldOf(event, 'state') === 'expired', children);
}

export function notExpired(context: StreamContext) {
  return (...children: Children): Filter =>
    filter(context, 'notExpired', (event) => fieldOf(event, 'state') !== 'expired', children);
}

/** A metric that is absent is neither over nor under anything, neither within nor without. */
function byMetric(context: StreamContext, name: string, fits: (metric: number) => boolean, children: Children): Filter {
  return filter(context, name, ({ metric }) => typeof metric === 'number' && fits(metric), children);
}

/** Metric above `limit`. */
export function over(context: StreamContext) {
  return (limit: number, ...children: Children): Filter => {
    requireNumber('over', 'limit', limit);
    return byMetric(context, 'over', (metric) => metric > limit, children);
  };
}

/** Metric below `limit`. */
export function under(context: StreamContext) {
  return (limit: number, ...children: Children): Filter => {
    requireNumber('under', 'limit', limit);
    return byMetric(context, 'under', (metric) => metric < limit, children);
  };
}

/** Metric from `least` to `most`, both included. */
export function within(context: StreamContext) {
  return ([least, most]: readonly [number, number], ...children: Children): Filter => {
    requireNumber('within', 'the lower limit', least);
    requireNumber('within', 'the upper limit', most);
    return byMetric(context, 'within', (metric) => metric >= least && metric <= most, children);
  };
}

/** Metric below `least` or above `most`. */
export function without(context: StreamContext) {
  return ([least, most]: readonly [number, number], ...children: Children): Filter => {
    requireNumber('without', 'the lower limit', least);
    requireNumber('without', 'the upper limit', most);
    return byMetric(context, 'without', (metric) => metric < least || metric > most, children);
  };
}
