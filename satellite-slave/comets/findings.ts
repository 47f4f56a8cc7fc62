import {
  type Event,
  isOwnKey,
  LONGEST_ATTRIBUTE_BYTES,
  LONGEST_DESCRIPTION_BYTES,
  LONGEST_SERVICE,
  MOST_ATTRIBUTES,
  REFUSED_ATTRIBUTES,
} from '../../shared/event.ts';
import { cutToBytes, hasControlCharacters } from '../../shared/text.ts';
import type { Finding } from './comet.ts';

/** What a finding gets to become an event. */
export interface Stamp {
  /** Before every service, e.g. "mesos/slave/". */
  readonly prefix: string;
  /** Unix seconds at which the run ended. */
  readonly time: number;
  /** Seconds. */
  readonly ttl: number;
}

const MOST_TAGS = 32;

/**
 * The event of a finding, such that a master takes it.
 * @throws Error naming the part that no master would take: findings of custom comets can hold anything
 */
export function eventOf(finding: Finding, { prefix, time, ttl }: Stamp): Event {
  const { service, state, metric, description, tags, attributes } = finding;
  if (typeof service !== 'string' || service === '') throw new Error('a finding has no service');
  const name = `${prefix}${service}`;
  if (name.length > LONGEST_SERVICE) throw new Error(`a service is longer than ${LONGEST_SERVICE} characters`);
  if (hasControlCharacters(name)) throw new Error('a service contains control characters');
  if (state !== undefined && (typeof state !== 'string' || state.length > LONGEST_SERVICE))
    throw new Error(`the state of ${service} is no word`);
  if (metric !== undefined && (typeof metric !== 'number' || !Number.isFinite(metric)))
    throw new Error(`the metric of ${service} is no finite number`);
  return {
    service: name,
    time,
    ttl,
    ...(state === undefined ? {} : { state }),
    ...(metric === undefined ? {} : { metric }),
    ...(description === undefined ? {} : { description: cutToBytes(String(description), LONGEST_DESCRIPTION_BYTES) }),
    ...(tags === undefined ? {} : { tags: tags.slice(0, MOST_TAGS).map(String) }),
    ...(attributes === undefined ? {} : { attributes: checkedAttributes(service, attributes) }),
  };
}

function checkedAttributes(service: string, attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(attributes);
  if (entries.length > MOST_ATTRIBUTES) throw new Error(`${service} has more than ${MOST_ATTRIBUTES} attributes`);
  for (const [key] of entries)
    if (isOwnKey(key) || REFUSED_ATTRIBUTES.has(key) || hasControlCharacters(key))
      throw new Error(`${service} has an attribute with the reserved name ${JSON.stringify(key)}`);
  return Object.fromEntries(entries.map(([key, value]) => [key, cutToBytes(String(value), LONGEST_ATTRIBUTE_BYTES)]));
}
