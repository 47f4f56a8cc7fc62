/**
 * The stream functions users build rules from, bound to one context (design.md, "Streams: the language of the rules").
 *
 * The shape of every family's file: it exports factories `name(context)` that give the function users call,
 * ```ts
 * export function throttle(context: StreamContext) {
 *   return <T>(count: number, seconds: number, ...children: Stream<T>[]): Stream<T> => { ... };
 * }
 * ```
 * and is named once below as `throttle: bind(throttle)`. Children come last; wrong arguments throw a
 * StreamArgumentError (argument.ts) when the stream is made; items reach children by `feed` and nowhere else; time and
 * timers come from `context.clock` alone. A timer runs only while the stream holds something it still has to say:
 * a stream that keeps one for ever would keep its fork in `by` for ever. What needs no context (folds, predicates)
 * is a plain function, listed without `bind`.
 *
 * `bind` gives the function the context of the fork in which it is called: streams made inside the function handed to
 * `by` belong to that key's fork, and their timers are counted there.
 */
import type { Stream, StreamContext } from './stream.ts';
import { throttle } from './throttle.ts';

/** `(...args) => Stream` out of `(context) => (...args) => Stream`, generics kept. */
type Factory = (context: StreamContext) => (...args: never[]) => unknown;

export function createStreams(root: StreamContext) {
  let current = root;

  function bind<F extends Factory>(factory: F): ReturnType<F> {
    const bound = (...args: never[]) => factory(current)(...args);
    return bound as ReturnType<F>;
  }

  /** While a fork's streams are being made, every bound function makes them for that fork. */
  function inFork<R>(context: StreamContext, make: () => R): R {
    const outer = current;
    current = context;
    try {
      return make();
    } finally {
      current = outer;
    }
  }
  void inFork;

  return {
    throttle: bind(throttle),
  };
}

export type Streams = ReturnType<typeof createStreams>;
export type { Stream, StreamContext };
