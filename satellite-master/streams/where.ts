/** Ways for some events and not for others: where, split, splitp, match, and the predicates on fields. */
import { requireFunction } from './argument.ts';
import {
  type Field,
  type Filter,
  fieldOf,
  isTrue,
  matches,
  type Pattern,
  type Predicate,
  reader,
  requirePredicate,
} from './item.ts';
import { conditional, feed, feedCondition, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/** The children of `where` for what does not match; made by `otherwise`. */
export class Otherwise<T> {
  readonly children: readonly Stream<T>[];

  constructor(children: readonly Stream<T>[]) {
    this.children = children;
  }
}

/** Riemann's `else`. */
export function otherwise<T = StreamEvent>(...children: Stream<T>[]): Otherwise<T> {
  return new Otherwise(children);
}

/**
 * Hands what matches to its children, the rest to those in `otherwise`.
 * @example where(service(/^mesos\/slave\//), index(), otherwise(log()))
 */
export function where(context: StreamContext) {
  return <T = StreamEvent>(predicate: Predicate<T>, ...children: (Stream<T> | Otherwise<T>)[]): Filter<T> => {
    requirePredicate('where', predicate);
    const wanted = children.filter((child) => !(child instanceof Otherwise)) as Stream<T>[];
    const rest = children.flatMap((child) => (child instanceof Otherwise ? child.children : []));
    const whenTrue = {};
    const whenFalse = {};
    const apply = (item: T, matched: boolean | undefined) => {
      const ways = [
        { children: wanted, filter: whenTrue, holds: matched === true },
        { children: rest, filter: whenFalse, holds: matched === false },
      ];
      for (const way of ways) feedCondition(context, 'where', way, item);
    };
    const stream = (item: T): boolean => {
      const matched = isTrue(predicate(item));
      apply(item, matched);
      return matched;
    };
    // The condition of a filter above it fails: neither way is taken.
    return Object.assign(stream, { conditionFails: (item: T) => apply(item, undefined) });
  };
}

/**
 * The child beside the first predicate that matches; last, alone: the child for all that none matched.
 * @example split([over(0.9), critical], [over(0.5), warning], fine)
 */
export function split(context: StreamContext) {
  return <T = StreamEvent>(...ways: (readonly [Predicate<T>, Stream<T>] | Stream<T>)[]): Stream<T> => {
    const clauses = ways.map((way) => (typeof way === 'function' ? ([() => true, way] as const) : way));
    for (const [predicate, child] of clauses) {
      requirePredicate('split', predicate);
      requireFunction('split', 'the child', child);
    }
    return (item) => {
      const clause = clauses.find(([predicate]) => isTrue(predicate(item)));
      if (clause) feed(context, 'split', [clause[1]], item);
    };
  };
}

/**
 * `split` by one comparison: the child beside the first limit for which `compare(limit, value(item))`.
 * @example splitp((limit, value) => value >= limit, (event) => event.metric ?? 0, [0.9, critical], [0.5, warning], fine)
 */
export function splitp(context: StreamContext) {
  return <L, V, T = StreamEvent>(
    compare: (limit: L, value: V) => unknown,
    value: (item: T) => V,
    ...ways: (readonly [L, Stream<T>] | Stream<T>)[]
  ): Stream<T> => {
    requireFunction('splitp', 'the comparison', compare);
    requireFunction('splitp', 'the value', value);
    const clauses = ways.map((way): readonly [Predicate<T>, Stream<T>] | Stream<T> =>
      typeof way === 'function' ? way : [(item) => compare(way[0], value(item)), way[1]],
    );
    return split(context)(...clauses);
  };
}

/**
 * Passes on what has a field that matches.
 * @example match('metric', new Set([1, 10]), ...), match('service', /^disk/, ...)
 */
export function match(context: StreamContext) {
  return <T = StreamEvent>(field: Field<T>, pattern: Pattern<never>, ...children: Stream<T>[]): Filter<T> => {
    const read = reader('match', field);
    return conditional(context, 'match', children, (item) => matches(pattern, read(item)));
  };
}

/** A predicate on one field: any of the patterns, so `state('critical', 'warning')`. */
function fieldPredicate<V>(field: keyof StreamEvent) {
  return (...patterns: Pattern<V>[]): Predicate<StreamEvent> =>
    (event) =>
      patterns.some((pattern) => matches(pattern as Pattern<never>, fieldOf(event, field)));
}

export const host = fieldPredicate<string>('host');
export const service = fieldPredicate<string>('service');
export const state = fieldPredicate<string>('state');
export const description = fieldPredicate<string>('description');
export const metric = fieldPredicate<number>('metric');
export const time = fieldPredicate<number>('time');
export const ttl = fieldPredicate<number>('ttl');
