/** How Riemann's folds, and the streams that take one, find ours. */
import type { Streams } from '../../satellite-master/streams/index.ts';
import { callable, plain, seq, type Value } from './clojure-core.ts';
import { Double, Ratio } from './edn.ts';

type Anything = (...args: Value[]) => Value;
type Table = Readonly<Record<string, Anything>>;
type Points = ReadonlyMap<number, string>;

/** Those with a star have a name of their own. */
export const STRICT_FOLDS: Readonly<Record<string, string>> = {
  'sum*': 'sumStrict',
  'product*': 'productStrict',
  'difference*': 'differenceStrict',
  'quotient*': 'quotientStrict',
};

const FRIENDLY = 'sum product difference quotient quotient-sloppy mean median mode minimum maximum std-dev count';

/** Folds by Riemann's names, and those with more arguments than the events. */
export function foldsOf(streams: Streams): Table {
  const ours = streams as unknown as Table;
  const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const names = [...FRIENDLY.split(' ').map((name) => [name, camel(name)] as const), ...Object.entries(STRICT_FOLDS)];
  const simple = Object.fromEntries(
    names.map(([theirs, own]) => [theirs, (events: Value) => ours[own]?.(seq(events))]),
  );
  const reducing =
    (name: 'fold' | 'foldStrict' | 'foldAll'): Anything =>
    (reduce, events) =>
      streams[name]((a, b) => plain(callable(reduce)(a, b)) as number, seq(events) as never[]);
  return {
    ...simple,
    fold: reducing('fold'),
    'fold*': reducing('foldStrict'),
    'fold-all': reducing('foldAll'),
    'non-nil-metrics': (events) => streams.nonNilMetrics(seq(events) as never[]),
    'sorted-sample': (events, points) => streams.sortedSample(seq(events) as never[], pointsOf(points)),
    'sorted-sample-extract': (events, points) =>
      streams.sortedSampleExtract(seq(events) as never[], [...pointsOf(points).keys()]),
  };
}

/** Streams whose fold answers in Clojure's numbers, or whose points are named by how they were written. */
export function foldStreamsOf(streams: Streams): Table {
  const folded =
    (fold: Value): Anything =>
    (values) =>
      plain(callable(fold)(values));
  return {
    'fold-interval': (seconds, field, fold, ...children) =>
      streams.foldInterval(
        plain(seconds) as number,
        (field as { readonly name: 'metric' }).name,
        folded(fold) as (values: readonly number[]) => number,
        ...(children as never[]),
      ),
    'fold-interval-metric': (seconds, fold, ...children) =>
      streams.foldIntervalMetric(
        plain(seconds) as number,
        folded(fold) as (values: readonly number[]) => number,
        ...(children as never[]),
      ),
    percentiles: (seconds, points, ...children) =>
      streams.percentiles(plain(seconds) as number, pointsOf(points), ...(children as never[])),
  };
}

/** A vector of points or a map from point to name; in JSON a map's points are words. */
function pointsOf(points: Value): Points {
  if (points instanceof Map) return new Map([...points].map(([point, name]) => [plain(point) as number, String(name)]));
  if (Array.isArray(points)) return new Map(points.map((point) => [plain(point) as number, ` ${written(point)}`]));
  const named = Object.entries(points as Readonly<Record<string, string>>);
  return new Map(named.map(([point, name]) => [Number(point), name] as const).sort(([a], [b]) => a - b));
}

function written(point: Value): string {
  if (point instanceof Ratio) return point.text;
  return point instanceof Double ? point.value.toFixed(1) : String(point);
}

/**
 * JSON has neither ratios nor 1.0: the name of a case ends in its points as they were written, "ten [1/3]".
 * @returns the points with what they were, where the name says the same numbers
 */
export function pointsAsNamed(points: unknown, name: string): unknown {
  const words = /\[([^\]]*)\]$/
    .exec(name)?.[1]
    ?.trim()
    .split(/[\s,]+/);
  if (!Array.isArray(points) || words?.length !== points.length) return points;
  return points.map((point: unknown, at) => {
    const word = words[at] ?? '';
    const [over = Number.NaN, under = 1] = word.split('/').map(Number);
    if (over / under !== point) return point;
    if (word.includes('/')) return new Ratio(point as number, word);
    return /^\d+\.0+$/.test(word) ? new Double(point as number) : point;
  });
}
