/**
 * The stream functions users build rules from, bound to one context (docs/rules.md, "All functions").
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

import { apdex } from './apdex.ts';
import { combine, pipe, sdo, smap, smapcat, sreduce } from './apply.ts';
import { by } from './by.ts';
import { adjust, defaults, scale, tag, untag, with as withFields } from './change.ts';
import { changed, changedState, runs } from './changed.ts';
import { coalesce } from './coalesce.ts';
import { counter } from './counter.ts';
import { ddt, ddtEvents, ddtReal } from './ddt.ts';
import { forward, index, log, noEffects, type StreamEffects } from './effects.ts';
import { ewma, ewmaTimeless } from './ewma.ts';
import { fillIn, fillInLast, interpolateConstant } from './fill-in.ts';
import { fixedOffsetTimeWindow, fixedTimeWindow } from './fixed-time-window.ts';
import { foldInterval, foldIntervalMetric, percentiles } from './fold-interval.ts';
import * as folds from './folds.ts';
import { expire, type Field, isExpired } from './item.ts';
import { project } from './project.ts';
import { rate } from './rate.ts';
import { differenceSinceBeginning, ensureAllTestsPass, exceedsThreshold, foldBlackholeThresholds } from './recipes.ts';
import { batch, rollup } from './rollup.ts';
import { expired, notExpired, over, tagged, taggedAll, taggedAny, under, within, without } from './select.ts';
import { median, sortedSample, sortedSampleExtract } from './sorted-sample.ts';
import { hysteresis, stable } from './stable.ts';
import { mean, mode, rateOf, stdDev, variance } from './statistics.ts';
import type { Stream, StreamContext, StreamEvent } from './stream.ts';
import { throttle } from './throttle.ts';
import { top } from './top.ts';
import {
  description,
  host,
  match,
  metric,
  otherwise,
  service,
  split,
  splitp,
  state,
  time,
  ttl,
  where,
} from './where.ts';
import { fixedEventWindow, movingEventWindow, movingTimeWindow, window } from './windows.ts';

export function createStreams(root: StreamContext, effects: StreamEffects = noEffects) {
  let current = root;

  /** `F` is a function, generic where the factory's is: the same one, made for the context of each call. */
  function bind<F extends (...args: never[]) => unknown>(factory: (context: StreamContext) => F): F {
    const bound = (...args: never[]) => factory(current)(...args);
    return bound as F;
  }

  /** While a fork's streams are being made, every bound function makes them for that fork. */
  function inFork<R>(fork: StreamContext, make: () => R): R {
    const outer = current;
    current = fork;
    try {
      return make();
    } finally {
      current = outer;
    }
  }

  return {
    // where events go
    where: bind(where),
    otherwise,
    split: bind(split),
    splitp: bind(splitp),
    match: bind(match),
    /** A set of children for each value of the fields: see by.ts. */
    by: <T = StreamEvent>(
      fields: Field<T> | readonly Field<T>[],
      make: () => Stream<T> | readonly Stream<T>[],
    ): Stream<T> => by(current)<T>(fields, typeof make === 'function' ? (fork) => inFork(fork, make) : make),
    sdo: bind(sdo),
    pipe: bind(pipe),
    index: bind((context) => index(context, effects)),
    log: bind((context) => log(context, effects)),
    forward: bind((context) => forward(context, effects)),
    // which events
    host,
    service,
    state,
    description,
    metric,
    time,
    ttl,
    tagged: bind(tagged),
    taggedAll: bind(taggedAll),
    taggedAny: bind(taggedAny),
    expired: bind(expired),
    notExpired: bind(notExpired),
    isExpired: isExpired(root),
    over: bind(over),
    under: bind(under),
    within: bind(within),
    without: bind(without),
    hysteresis: bind(hysteresis),
    // what they say
    with: bind(withFields),
    default: bind(defaults),
    adjust: bind(adjust),
    scale: bind(scale),
    tag: bind(tag),
    untag: bind(untag),
    expire: expire(root),
    // beside those before them
    changed: bind(changed),
    changedState: bind(changedState),
    runs: bind(runs),
    stable: bind(stable),
    // how often
    throttle: bind(throttle),
    rollup: bind(rollup),
    batch: bind(batch),
    // windows of them
    movingEventWindow: bind(movingEventWindow),
    window: bind(window),
    fixedEventWindow: bind(fixedEventWindow),
    movingTimeWindow: bind(movingTimeWindow),
    fixedTimeWindow: bind(fixedTimeWindow),
    fixedOffsetTimeWindow: bind(fixedOffsetTimeWindow),
    foldInterval: bind(foldInterval),
    foldIntervalMetric: bind(foldIntervalMetric),
    percentiles: bind(percentiles),
    apdex: bind(apdex),
    top: bind(top),
    // where none came
    fillIn: bind(fillIn),
    fillInLast: bind(fillInLast),
    interpolateConstant: bind(interpolateConstant),
    // the metric beside its past
    counter: bind(counter),
    ddt: bind(ddt),
    ddtEvents: bind(ddtEvents),
    ddtReal: bind(ddtReal),
    rate: bind(rate),
    ewma: bind(ewma),
    ewmaTimeless: bind(ewmaTimeless),
    // one event out of several
    nonNilMetrics: folds.nonNilMetrics,
    fold: folds.fold,
    foldStrict: folds.foldStrict,
    foldAll: folds.foldAll,
    sum: folds.sum,
    sumStrict: folds.sumStrict,
    product: folds.product,
    productStrict: folds.productStrict,
    difference: folds.difference,
    differenceStrict: folds.differenceStrict,
    quotient: folds.quotient,
    quotientStrict: folds.quotientStrict,
    quotientSloppy: folds.quotientSloppy,
    minimum: folds.minimum,
    maximum: folds.maximum,
    count: bind(folds.count),
    mean,
    median,
    mode,
    variance,
    stdDev,
    rateOf,
    sortedSample,
    sortedSampleExtract,
    // several together
    coalesce: bind(coalesce),
    project: bind(project),
    smap: bind(smap),
    combine: bind(combine),
    smapcat: bind(smapcat),
    sreduce: bind(sreduce),
    // recipes of the original
    differenceSinceBeginning,
    exceedsThreshold,
    ensureAllTestsPass,
    foldBlackholeThresholds: bind(foldBlackholeThresholds),
  };
}

export type Streams = ReturnType<typeof createStreams>;
export { parseAddress } from './address.ts';
export { StreamArgumentError, shown } from './argument.ts';
export type { Field } from './item.ts';
export type { Stream, StreamContext } from './stream.ts';
export { feed, type StreamEvent } from './stream.ts';
