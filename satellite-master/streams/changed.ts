/** What an event says beside what the ones before it said: changed, changedState, runs. */
import { requireCount } from './argument.ts';
import { by } from './by.ts';
import { type Field, reader, sameValue } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

export interface ChangedOptions {
  /** What is taken for the value before the first event; without it none. */
  readonly init?: unknown;
}

/**
 * Passes on an item when its field differs from that of the item before.
 * ```
 * in   ok ok bad bad ok
 * out  ok    bad     ok
 * ```
 * With `pairs: true` children get `[the item before, this one]`, where the first has none before it.
 */
export function changed(context: StreamContext) {
  function stream<T = StreamEvent>(
    field: Field<T>,
    options: ChangedOptions & { readonly pairs: true },
    ...children: Stream<readonly [T | undefined, T]>[]
  ): Stream<T>;
  function stream<T = StreamEvent>(
    field: Field<T>,
    options: ChangedOptions & { readonly pairs?: false },
    ...children: Stream<T>[]
  ): Stream<T>;
  function stream<T = StreamEvent>(field: Field<T>, ...children: Stream<T>[]): Stream<T>;
  function stream<T>(
    field: Field<T>,
    first: (ChangedOptions & { readonly pairs?: boolean }) | Stream<T> | undefined,
    ...rest: (Stream<T> | Stream<readonly [T | undefined, T]>)[]
  ): Stream<T> {
    const read = reader('changed', field);
    const options = typeof first === 'object' ? first : {};
    const children = (typeof first === 'function' ? [first, ...rest] : rest) as Stream<T | [T | undefined, T]>[];
    let value = options.init;
    let before: T | undefined;
    return (item) => {
      const [last, previous] = [value, before];
      value = read(item);
      before = item;
      if (!sameValue(value, last)) feed(context, 'changed', children, options.pairs ? [previous, item] : item);
    };
  }
  return stream;
}

/**
 * Passes on an event when its state differs from the last of the same host and service. The children are one set for
 * all of them: for a set each, use `by(['host', 'service'], () => changed('state', ...))`.
 * @example changedState({ init: 'ok' }, email('ops@example.com'))
 */
export function changedState(context: StreamContext) {
  return (...args: [ChangedOptions, ...Stream<StreamEvent>[]] | Stream<StreamEvent>[]): Stream<StreamEvent> => {
    const [first, ...rest] = args;
    const [options, children] = typeof first === 'object' ? [first, rest] : [{}, args];
    const pass: Stream<StreamEvent> = (event) =>
      feed(context, 'changedState', children as Stream<StreamEvent>[], event);
    return by(context)<StreamEvent>(['host', 'service'], (fork) =>
      changed(fork)('state', { init: options.init }, pass),
    );
  };
}

/** Passes on the newest item when the last `count` items have the same field. */
export function runs(context: StreamContext) {
  return <T = StreamEvent>(count: number, field: Field<T>, ...children: Stream<T>[]): Stream<T> => {
    requireCount('runs', count);
    const read = reader('runs', field);
    let value: unknown;
    let length = 0;
    return (item) => {
      const next = read(item);
      length = length > 0 && sameValue(next, value) ? length + 1 : 1;
      value = next;
      if (length >= count) feed(context, 'runs', children, item);
    };
  };
}
