/** Events changed on their way: with, defaults, adjust, scale, tag, untag. */
import { hasDefaultTtl, withDefaultTtl } from '../../shared/event.ts';
import { requireFunction, requireNumber, StreamArgumentError, shown } from './argument.ts';
import { fieldOf } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/** New values by field; undefined takes the field away. */
export type Changes = { readonly [F in keyof StreamEvent]?: StreamEvent[F] | undefined };

/** A single event or a vector of them: each event is changed. */
type Item = StreamEvent | readonly StreamEvent[];

/**
 * Sets fields.
 * @example with({ state: 'critical', ttl: 60 }, index())
 */
function withChanges(context: StreamContext) {
  return <T extends Item = StreamEvent>(changes: Changes, ...children: Stream<T>[]): Stream<T> => {
    requireFields('with', changes);
    return each(context, 'with', (event) => merged(event, changes), children);
  };
}

export { withChanges as with };

/**
 * Sets fields that are absent; exposed as `default`, which is no word for a variable.
 * @example streams.default({ ttl: 300 }, index())
 */
export function defaults(context: StreamContext) {
  return <T extends Item = StreamEvent>(values: Changes, ...children: Stream<T>[]): Stream<T> => {
    requireFields('default', values);
    const absentIn = (event: StreamEvent) =>
      Object.fromEntries(
        Object.entries(values).filter(
          // A ttl that the intake filled in was absent.
          ([field]) => fieldOf(event, field) === undefined || (field === 'ttl' && hasDefaultTtl(event)),
        ),
      );
    return each(context, 'default', (event) => merged(event, absentIn(event)), children);
  };
}

/**
 * One field through a function, with further arguments as in Riemann; or the whole event through one.
 * @example adjust(['service', (service = '') => `${service} rate`], index())
 */
export function adjust(context: StreamContext) {
  return <F extends keyof StreamEvent, A extends unknown[]>(
    change:
      | readonly [F, (value: StreamEvent[F], ...further: A) => StreamEvent[F], ...A]
      | ((event: StreamEvent) => StreamEvent),
    ...children: Stream<StreamEvent>[]
  ): Stream<StreamEvent> => {
    if (typeof change === 'function') return each(context, 'adjust', change, children);
    const [field, apply, ...further] = change;
    requireFunction('adjust', `what is applied to ${field}`, apply);
    const adjusted = (event: StreamEvent) =>
      merged(event, { [field]: apply(fieldOf(event, field) as StreamEvent[F], ...(further as unknown as A)) });
    return each(context, 'adjust', adjusted, children);
  };
}

/** Multiplies the metric; events without one pass as they are. */
export function scale(context: StreamContext) {
  return (factor: number, ...children: Stream<StreamEvent>[]): Stream<StreamEvent> => {
    requireNumber('scale', 'the factor', factor);
    const scaled = (event: StreamEvent) =>
      typeof event.metric === 'number' ? { ...event, metric: event.metric * factor } : event;
    return each(context, 'scale', scaled, children);
  };
}

/** Adds tags, each once. */
export function tag(context: StreamContext) {
  return <T extends Item = StreamEvent>(tags: string | readonly string[], ...children: Stream<T>[]): Stream<T> =>
    each(context, 'tag', (event) => ({ ...event, tags: [...new Set([tags, event.tags ?? []].flat())] }), children);
}

/** Takes tags away. */
export function untag(context: StreamContext) {
  return <T extends Item = StreamEvent>(tags: string | readonly string[], ...children: Stream<T>[]): Stream<T> => {
    const unwanted = new Set([tags].flat());
    const untagged = (event: StreamEvent) => ({
      ...event,
      tags: (event.tags ?? []).filter((one) => !unwanted.has(one)),
    });
    return each(context, 'untag', untagged, children);
  };
}

function each<T extends Item>(
  context: StreamContext,
  name: string,
  change: (event: StreamEvent) => StreamEvent,
  children: Stream<T>[],
): Stream<T> {
  return (item) => {
    // The change of an event is an event, that of a vector a vector: T in both cases.
    const kept = (event: StreamEvent) => keepingDefaultTtl(event, change(event));
    const changed = Array.isArray(item) ? item.map(kept) : kept(item as StreamEvent);
    feed(context, name, children, changed as unknown as T);
  };
}

/** What is made of an event that came without a ttl came without one, too, unless it was given another. */
export function keepingDefaultTtl<R>(event: unknown, made: R): R {
  const isKept = isObject(event) && isObject(made) && hasDefaultTtl(event) && made['ttl'] === event['ttl'];
  return isKept ? withDefaultTtl(made) : made;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The event with the changes made. */
export function merged(event: StreamEvent, changes: Changes): StreamEvent {
  const next: Record<string, unknown> = { ...event };
  for (const [field, value] of Object.entries(changes)) {
    if (value === undefined || value === null) delete next[field];
    else next[field] = value;
  }
  return next;
}

function requireFields(stream: string, fields: Changes): void {
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return;
  throw new StreamArgumentError(stream, `needs an object of fields first, not ${shown(fields)}`);
}
