/** Functions on the way: smap, combine, smapcat, sreduce; and ways put together: sdo, pipe. */
import { requireFunction, StreamArgumentError } from './argument.ts';
import { keepingDefaultTtl } from './change.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/**
 * Hands on what `change` makes of each item, unless that is undefined or null.
 * @example smap((event) => ({ ...event, state: 'ok' }), index())
 */
export function smap(context: StreamContext) {
  return <R, T = StreamEvent>(
    change: (item: T) => R | undefined | null,
    ...children: Stream<NonNullable<R>>[]
  ): Stream<T> => {
    requireFunction('smap', 'the first argument', change);
    return (item) => {
      const made = keepingDefaultTtl(item, change(item));
      if (made !== undefined && made !== null) feed(context, 'smap', children, made);
    };
  };
}

/** As `smap`, but what is undefined goes on too: for folds whose "nothing" says something. Riemann's `smap*`. */
export function combine(context: StreamContext) {
  return <R, T = readonly StreamEvent[]>(fold: (item: T) => R, ...children: Stream<R>[]): Stream<T> => {
    requireFunction('combine', 'the first argument', fold);
    return (item) => feed(context, 'combine', children, fold(item));
  };
}

/** Hands on each of the items that `change` makes of one. */
export function smapcat(context: StreamContext) {
  return <R, T = StreamEvent>(
    change: (item: T) => Iterable<R> | undefined | null,
    ...children: Stream<R>[]
  ): Stream<T> => {
    requireFunction('smapcat', 'the first argument', change);
    return (item) => {
      for (const made of change(item) ?? []) feed(context, 'smapcat', children, made);
    };
  };
}

/**
 * Hands on what `reduce` makes of its last result and the item. Without `{ init }` the first item is the first result
 * and only what follows goes on.
 * @example sreduce((sum, event) => sum + (event.metric ?? 0), { init: 0 }, ...)
 */
export function sreduce(context: StreamContext) {
  function stream<R, T = StreamEvent>(
    reduce: (last: R, item: T) => R,
    options: { readonly init: R },
    ...children: Stream<R>[]
  ): Stream<T>;
  function stream<T = StreamEvent>(reduce: (last: T, item: T) => T, ...children: Stream<T>[]): Stream<T>;
  function stream<T>(
    reduce: (last: T, item: T) => T,
    first: { readonly init: T } | Stream<T> | undefined,
    ...rest: Stream<T>[]
  ): Stream<T> {
    requireFunction('sreduce', 'the first argument', reduce);
    const children = typeof first === 'function' ? [first, ...rest] : rest;
    let last: { readonly value: T } | undefined = typeof first === 'object' ? { value: first.init } : undefined;
    return (item) => {
      if (!last) {
        last = { value: item };
        return;
      }
      last = { value: reduce(last.value, item) };
      feed(context, 'sreduce', children, last.value);
    };
  }
  return stream;
}

/** Several streams as one. */
export function sdo(context: StreamContext) {
  return <T = StreamEvent>(...children: Stream<T>[]): Stream<T> => {
    for (const child of children) requireFunction('sdo', 'a child', child);
    return (item) => feed(context, 'sdo', children, item);
  };
}

/**
 * Ways that divide and meet again: each stage is given the next and may hand items to it in several places.
 * @example
 * pipe(
 *   (next) => split([over(0.9), with({ state: 'critical' }, next)], with({ state: 'ok' }, next)),
 *   (next) => changedState(next),
 *   index(),
 * )
 */
export function pipe(_context: StreamContext) {
  return <T = StreamEvent>(...parts: [...((next: Stream<T>) => Stream<T>)[], Stream<T>]): Stream<T> => {
    const end = parts.at(-1) as Stream<T> | undefined;
    if (!end) throw new StreamArgumentError('pipe', 'needs a stream to end in');
    const stages = parts.slice(0, -1) as ((next: Stream<T>) => Stream<T>)[];
    return stages.reduceRight((next, stage) => {
      requireFunction('pipe', 'a stage', stage);
      const made = stage(next);
      requireFunction('pipe', 'what a stage returns', made);
      return made;
    }, end);
  };
}
