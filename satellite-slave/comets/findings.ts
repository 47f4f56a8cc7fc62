import {
  type Event,
  isOwnKey,
  MAX_ATTRIBUTE_BYTES,
  MAX_ATTRIBUTES,
  MAX_DESCRIPTION_BYTES,
  MAX_SERVICE_CHARACTERS,
  REFUSED_ATTRIBUTES,
} from '../../shared/event.ts';
import { cutToBytes, hasControlCharacters } from '../../shared/text.ts';
import type { Finding } from './comet.ts';
import { UnknownStateError } from './unknown-state-error.ts';

/** What is added to a finding to make it an event. */
export interface Stamp {
  /** Before every service, e.g. "mesos/slave/". */
  readonly prefix: string;
  /** Unix seconds at which the run ended. */
  readonly time: number;
  /** Seconds. */
  readonly ttl: number;
}

const MAX_TAGS = 32;

/**
 * The event of a finding, in the form that a master accepts.
 * @throws UnknownStateError naming what no master would accept: findings of custom comets can hold anything
 */
export function eventOf(finding: Finding, { prefix, time, ttl }: Stamp): Event {
  const { service, state, metric, description, tags, attributes } = finding;
  if (typeof service !== 'string' || service === '') throw new UnknownStateError('a finding has no service');
  const name = `${prefix}${service}`;
  if (name.length > MAX_SERVICE_CHARACTERS)
    throw new UnknownStateError(`a service is longer than ${MAX_SERVICE_CHARACTERS} characters`);
  if (hasControlCharacters(name)) throw new UnknownStateError('a service contains control characters');
  if (state !== undefined && (typeof state !== 'string' || state.length > MAX_SERVICE_CHARACTERS))
    throw new UnknownStateError(`the state of ${service} is not a text`);
  if (metric !== undefined && (typeof metric !== 'number' || !Number.isFinite(metric)))
    throw new UnknownStateError(`the metric of ${service} is not a finite number`);
  return {
    service: name,
    time,
    ttl,
    ...(state === undefined ? {} : { state }),
    ...(metric === undefined ? {} : { metric }),
    ...(description === undefined ? {} : { description: cutToBytes(String(description), MAX_DESCRIPTION_BYTES) }),
    ...(tags === undefined ? {} : { tags: tags.slice(0, MAX_TAGS).map(String) }),
    ...(attributes === undefined ? {} : { attributes: checkedAttributes(service, attributes) }),
  };
}

function checkedAttributes(service: string, attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(attributes);
  if (entries.length > MAX_ATTRIBUTES)
    throw new UnknownStateError(`${service} has more than ${MAX_ATTRIBUTES} attributes`);
  for (const [key] of entries)
    if (isOwnKey(key) || REFUSED_ATTRIBUTES.has(key) || hasControlCharacters(key))
      throw new UnknownStateError(`${service} has an attribute with the reserved name ${JSON.stringify(key)}`);
  return Object.fromEntries(entries.map(([key, value]) => [key, cutToBytes(String(value), MAX_ATTRIBUTE_BYTES)]));
}
