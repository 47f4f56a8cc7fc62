/**
 * Makes what a client sent fit the bounds of an event, over whichever protocol it came: what is too long is cut, what
 * can't be kept is left out, and each such part is counted. No event is lost for a part of it. Pure.
 */
import {
  DEFAULT_TTL_SECONDS,
  type Event,
  MAX_AHEAD_SECONDS,
  MAX_ATTRIBUTE_BYTES,
  MAX_ATTRIBUTES,
  MAX_DESCRIPTION_BYTES,
  MAX_STATE_CHARACTERS,
  MAX_TAGS,
  MAX_TTL_SECONDS,
  REFUSED_ATTRIBUTES,
  TEST_PREFIX,
  withDefaultTtl,
} from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { cutToBytes, cutToLength, hasControlCharacters } from '../../shared/text.ts';

/** A part of an event that was cut, replaced by its default or left out. */
export type CutPart = 'state' | 'time' | 'ttl' | 'description' | 'tags' | 'attributes';

/** Host and service are fit already: they say which event it is, so nothing of them can be cut. */
export interface SentEvent {
  readonly host: HostName | undefined;
  readonly service: string;
  readonly state?: string | null | undefined;
  readonly time?: number | null | undefined;
  readonly metric?: number | null | undefined;
  readonly ttl?: number | null | undefined;
  readonly description?: string | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  /** Names and values. */
  readonly attributes: readonly (readonly [string, string])[];
}

export interface FitEvent {
  readonly event: Event;
  readonly cut: readonly CutPart[];
  /** Its time was too far ahead and was replaced by now. */
  readonly clamped: boolean;
}

const NOTHING: readonly CutPart[] = [];

/** @param nowS unix seconds of the arrival */
export function fitEvent(sent: SentEvent, nowS: number): FitEvent {
  const { host, state, metric, description, tags } = sent;
  const cut: CutPart[] = [];
  const time = sent.time ?? nowS;
  const clamped = isAhead(time, nowS);
  if (!(time >= 0)) cut.push('time');
  const ttl = sent.ttl ?? DEFAULT_TTL_SECONDS;
  if (!isFitTtl(ttl)) cut.push('ttl');
  const event: { -readonly [K in keyof Event]: Event[K] } = {
    service: sent.service,
    time: clamped || !(time >= 0) ? nowS : time,
    ttl: isFitTtl(ttl) ? ttl : DEFAULT_TTL_SECONDS,
  };
  if (host !== undefined) event.host = host;
  // As in Riemann an empty state is a state. A test with an empty state has no result.
  if (typeof state === 'string' && !(state === '' && sent.service.startsWith(TEST_PREFIX))) {
    event.state = cutToLength(state, MAX_STATE_CHARACTERS);
    if (event.state !== state) cut.push('state');
  }
  if (typeof metric === 'number' && Number.isFinite(metric)) event.metric = metric;
  if (typeof description === 'string') {
    event.description = cutToBytes(description, MAX_DESCRIPTION_BYTES);
    if (event.description !== description) cut.push('description');
  }
  if (tags) {
    event.tags = fitTags(tags);
    if (event.tags !== tags) cut.push('tags');
  }
  if (sent.attributes.length > 0) {
    const kept = fitAttributes(sent.attributes);
    if (kept !== sent.attributes) cut.push('attributes');
    if (kept.length > 0) event.attributes = Object.fromEntries(kept);
  }
  if (typeof sent.ttl !== 'number' || !isFitTtl(sent.ttl)) withDefaultTtl(event);
  return { event, cut: cut.length === 0 ? NOTHING : cut, clamped };
}

/** Such a time is replaced by that of the arrival (docs/judgement.md, rule 4). */
export function isAhead(time: number, nowS: number): boolean {
  return time > nowS + MAX_AHEAD_SECONDS;
}

function isFitTtl(ttl: number): boolean {
  return ttl > 0 && ttl <= MAX_TTL_SECONDS;
}

/** The same list where nothing is to be cut. */
function fitTags(tags: readonly string[]): readonly string[] {
  if (tags.length <= MAX_TAGS && !tags.some(isLong)) return tags;
  return tags.slice(0, MAX_TAGS).map(cutText);
}

type Attributes = SentEvent['attributes'];

/** The same list where nothing is to be cut: the first so many whose names can be kept. */
function fitAttributes(attributes: Attributes): Attributes {
  if (attributes.length <= MAX_ATTRIBUTES && attributes.every(([key, value]) => isFitName(key) && !isLong(value)))
    return attributes;
  const kept = attributes.filter(([key]) => isFitName(key)).slice(0, MAX_ATTRIBUTES);
  return kept.map(([key, value]) => [key, cutText(value)]);
}

function isFitName(key: string): boolean {
  return key !== '' && !REFUSED_ATTRIBUTES.has(key) && !hasControlCharacters(key) && !isLong(key);
}

function isLong(text: string): boolean {
  return text.length * 3 > MAX_ATTRIBUTE_BYTES && Buffer.byteLength(text) > MAX_ATTRIBUTE_BYTES;
}

function cutText(text: string): string {
  return cutToBytes(text, MAX_ATTRIBUTE_BYTES);
}
