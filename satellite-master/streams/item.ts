/** What streams ask of the items that pass through them: fields, matching, expiry. */
import { DEFAULT_TTL_SECONDS } from '../../shared/event.ts';
import { requireFunction, StreamArgumentError, shown } from './argument.ts';
import { nowS, type StreamContext, type StreamEvent } from './stream.ts';

/** A stream that also returns whether it let the item through: without children it serves as predicate of others. */
export type Filter<T = StreamEvent> = (item: T) => boolean;

/** True for everything but undefined, null and false, so that 0 and '' are matches as in Riemann. */
export type Predicate<T = StreamEvent> = (item: T) => unknown;

/** The name of a field of events, or of an attribute, or a function of the item. */
export type Field<T = StreamEvent> = keyof StreamEvent | (string & {}) | ((item: T) => unknown);

/** What a value is compared with: a regular expression searches, a set contains, a function decides, the rest is equal. */
export type Pattern<V = unknown> =
  | RegExp
  | ReadonlySet<V>
  | ((value: V | undefined) => unknown)
  | string
  | number
  | null
  | undefined;

export function isTrue(answer: unknown): boolean {
  return answer !== undefined && answer !== null && answer !== false;
}

/** @param stream named in the error for what is no field */
export function reader<T>(stream: string, field: Field<T>): (item: T) => unknown {
  if (typeof field === 'function') return field;
  if (typeof field !== 'string')
    throw new StreamArgumentError(stream, `a field must be a name or a function, not ${shown(field)}`);
  return (item) => fieldOf(item, field);
}

/** An event's own field, else its attribute; undefined where it has none, or the item is no event. */
export function fieldOf(item: unknown, name: string): unknown {
  if (typeof item !== 'object' || item === null) return undefined;
  const event = item as Readonly<Record<string, unknown>> & Pick<StreamEvent, 'attributes'>;
  if (Object.hasOwn(event, name)) return event[name] ?? undefined;
  const { attributes } = event;
  return attributes && Object.hasOwn(attributes, name) ? (attributes[name] ?? undefined) : undefined;
}

export function requirePredicate<T>(stream: string, predicate: Predicate<T>): Predicate<T> {
  requireFunction(stream, 'the predicate', predicate);
  return predicate;
}

/** An absent value matches only null, undefined, and functions and sets that say so. */
export function matches(pattern: Pattern<never>, value: unknown): boolean {
  if (pattern instanceof RegExp) return typeof value === 'string' && value.search(pattern) >= 0;
  if (pattern instanceof Set) return pattern.has(value);
  if (typeof pattern === 'function') return isTrue((pattern as (value: unknown) => unknown)(value));
  return sameValue(pattern, value);
}

/** Equal as values: also lists and plain objects with equal contents; null is undefined. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (a === undefined || a === null) return b === undefined || b === null;
  if (typeof a !== 'object' || typeof b !== 'object' || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, at) => sameValue(one, b[at]));
  const [left, right] = [a, b] as Readonly<Record<string, unknown>>[];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameValue(ownValue(left, key), ownValue(right, key)));
}

function ownValue(owner: Readonly<Record<string, unknown>> | undefined, key: string): unknown {
  return owner && Object.hasOwn(owner, key) ? owner[key] : undefined;
}

/** How long the item holds, seconds; of a list the longest. */
export function ttlOf(item: unknown): number {
  if (Array.isArray(item)) return item.reduce((longest: number, one) => Math.max(longest, ttlOf(one)), 0);
  const ttl = fieldOf(item, 'ttl');
  return typeof ttl === 'number' ? ttl : DEFAULT_TTL_SECONDS;
}

/** State "expired", or older than its ttl; without a time age says nothing. */
export function isExpired(context: StreamContext) {
  return (event: StreamEvent): boolean => {
    const { state, time } = event;
    if (state === 'expired') return true;
    return typeof time === 'number' && nowS(context) - time > ttlOf(event);
  };
}

/** What is said of an event that has expired: its host and service, state "expired", and now. */
export function expire(context: StreamContext) {
  return ({ host, service }: StreamEvent): StreamEvent => ({
    ...(host === undefined ? {} : { host }),
    ...(service === undefined ? {} : { service }),
    state: 'expired',
    time: nowS(context),
  });
}
