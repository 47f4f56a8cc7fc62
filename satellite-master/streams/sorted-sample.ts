/** Folds that pick events by the place of their metric among the others'. */
import type { StreamEvent } from './stream.ts';

/** What folds take: slots of a projection may be empty. */
export type FoldItems = readonly (StreamEvent | null | undefined)[];

/** Points from 0, the least metric, to 1, the greatest; with a map also what the service's name ends in. */
export type Points = readonly number[] | ReadonlyMap<number, string> | Readonly<Record<number, string>>;

/** The event at each point of those that have a metric, equal ones in their order; none where none has. */
export function sortedSampleExtract(events: FoldItems, points: readonly number[]): StreamEvent[] {
  const sorted = events.filter(hasMetric).sort((a, b) => a.metric - b.metric);
  const last = sorted.length - 1;
  return points.flatMap((point) => {
    const found = sorted[Math.min(last, Math.max(0, Math.floor(sorted.length * point)))];
    return found ? [found] : [];
  });
}

/**
 * The same with the point said in the service: "latency 0.95".
 * @example smap((events) => sortedSample(events, { 0: '.min', 1: '.max' }), ...)
 */
export function sortedSample(events: FoldItems, points: Points): StreamEvent[] {
  const names = [...pointNames(points)];
  const found = sortedSampleExtract(
    events,
    names.map(([point]) => point),
  );
  return found.map((event, at) => ({ ...event, service: `${event.service ?? ''}${names[at]?.[1] ?? ''}` }));
}

/** The event in the middle; of two the greater. */
export function median(events: FoldItems): StreamEvent | undefined {
  return sortedSampleExtract(events, [0.5])[0];
}

/** Each point with what is put behind the service. */
export function pointNames(points: Points): Iterable<readonly [number, string]> {
  if (points instanceof Map) return points;
  if (Array.isArray(points)) return points.map((point: number) => [point, ` ${point}`] as const);
  return Object.entries(points as Readonly<Record<string, string>>)
    .map(([point, name]) => [Number(point), name] as const)
    .sort(([a], [b]) => a - b);
}

export function hasMetric<E extends StreamEvent>(
  event: E | null | undefined,
): event is E & { readonly metric: number } {
  return typeof event?.metric === 'number';
}
