import type { HostName } from './host-name.ts';

/**
 * What a check found out, in Riemann's form: the newest one of each (host, service) is what is known.
 * On the wire (docs/rest.md, "Reports and events") attributes stand beside the other keys.
 */
export interface Event {
  /** Absent: indexed and streamed, but never reaches the whitelist. */
  readonly host?: HostName;
  /** 1-1,024 characters without control characters. */
  readonly service: string;
  /** `ok`, `warning`, `critical`, `unknown`, `expired` or any other word; absent: no test, only a figure. */
  readonly state?: string;
  /** Unix seconds, with fraction. */
  readonly time: number;
  readonly metric?: number;
  /** Seconds for which it holds. */
  readonly ttl: number;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

export const DEFAULT_TTL_SECONDS = 60;
/** Ten years. */
export const MAX_TTL_SECONDS = 10 * 365 * 86_400;
/** A sender's clock may be ahead by so much before its times are replaced by their arrival (docs/judgement.md, rule 4). */
export const MAX_AHEAD_SECONDS = 5;
export const MAX_SERVICE_CHARACTERS = 1024;
export const MAX_STATE_CHARACTERS = 1024;
export const MAX_TAGS = 32;
export const MAX_DESCRIPTION_BYTES = 4096;
export const MAX_ATTRIBUTES = 32;
export const MAX_ATTRIBUTE_BYTES = 1024;

/** The services below it are a host's tests (docs/judgement.md, rule 2). */
export const TEST_PREFIX = 'mesos/slave/';

/** Keys with a meaning of their own in a host record, never accepted as attributes of a report. */
export const REFUSED_ATTRIBUTES: ReadonlySet<string> = new Set([
  'by',
  'override',
  'relapses',
  'off-since',
  'managed-events',
  'manual-events',
  '__proto__',
]);

const OWN_KEYS: ReadonlySet<string> = new Set([
  'host',
  'service',
  'state',
  'time',
  'metric',
  'ttl',
  'description',
  'tags',
]);

export function isOwnKey(key: string): boolean {
  return OWN_KEYS.has(key);
}

/** An event as a flat JSON object: as reports carry it, `GET /events` shows it and `--dry-run` prints it. */
export type EventJson = Readonly<Record<string, unknown>>;

export function eventToJson(event: Event): EventJson {
  const { attributes, ...own } = event;
  if (!attributes) return own;
  // An attribute never replaces a field, not even one that is absent.
  return { ...Object.fromEntries(Object.entries(attributes).filter(([key]) => !isOwnKey(key))), ...own };
}

const defaultTtls = new WeakSet<object>();

/** Remembers that the event came without a ttl, so that a rule may still give it one of its own. */
export function withDefaultTtl<E extends object>(event: E): E {
  defaultTtls.add(event);
  return event;
}

/** Whether its ttl is the default, since it came without one. */
export function hasDefaultTtl(event: object): boolean {
  return defaultTtls.has(event);
}

/**
 * The event that says that another one is past its ttl. Its metric and attributes belong to a moment that is over, so
 * that a rule on metrics does not see them again.
 * @param timeS when it expired, unix seconds
 */
export function expiredEvent(last: Event, timeS: number): Event {
  const { metric: _, attributes: __, ...kept } = last;
  return { ...kept, state: 'expired', time: timeS };
}
