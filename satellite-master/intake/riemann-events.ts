/**
 * What of an event from Riemann's wire is fit for this house: the same bounds as for reports over HTTP, with what the
 * protocol leaves open filled in. Pure.
 */
import {
  DEFAULT_TTL_SECONDS,
  type Event,
  LONGEST_ATTRIBUTE_BYTES,
  LONGEST_DESCRIPTION_BYTES,
  LONGEST_SERVICE,
  LONGEST_STATE,
  LONGEST_TTL_SECONDS,
  MOST_AHEAD_SECONDS,
  MOST_ATTRIBUTES,
  MOST_TAGS,
  REFUSED_ATTRIBUTES,
} from '../../shared/event.ts';
import { parseHostName } from '../../shared/host-name.ts';
import type { RiemannEvent } from '../../shared/riemann/index.ts';
import { cutToBytes, hasControlCharacters } from '../../shared/text.ts';

/** Which part of an event is not fit, so that the event is not taken. */
export type Unfit = 'host' | 'service' | 'state' | 'time' | 'ttl' | 'tags' | 'attributes';

/** @returns the event, or what of it is not fit. A metric that is no finite number is left off. */
export function fitEvent(raw: RiemannEvent, nowS: number): Event | Unfit {
  const { service, state, description, metric, tags, attributes, time = nowS, ttl = DEFAULT_TTL_SECONDS } = raw;
  const host = raw.host === undefined ? undefined : parseHostName(raw.host);
  if (raw.host !== undefined && host === undefined) return 'host';
  if (service === undefined || !isFitService(service)) return 'service';
  if (state !== undefined && state.length > LONGEST_STATE) return 'state';
  if (!(time >= 0)) return 'time';
  if (!isFitTtl(ttl)) return 'ttl';
  if (tags && !(tags.length <= MOST_TAGS && tags.every((tag) => tag.length <= LONGEST_ATTRIBUTE_BYTES))) return 'tags';
  if (attributes && !areFitAttributes(attributes)) return 'attributes';
  const event: { -readonly [K in keyof Event]: Event[K] } = { service, time: isAhead(time, nowS) ? nowS : time, ttl };
  if (host !== undefined) event.host = host;
  if (state) event.state = state;
  if (metric !== undefined && Number.isFinite(metric)) event.metric = metric;
  if (description !== undefined) event.description = cutToBytes(description, LONGEST_DESCRIPTION_BYTES);
  if (tags) event.tags = tags;
  if (attributes) event.attributes = attributes;
  return event;
}

/** Such a time is replaced by that of the arrival. */
export function isAhead(time: number, nowS: number): boolean {
  return time > nowS + MOST_AHEAD_SECONDS;
}

export function isFitTtl(ttl: number): boolean {
  return ttl > 0 && ttl <= LONGEST_TTL_SECONDS;
}

function isFitService(service: string): boolean {
  return service !== '' && service.length <= LONGEST_SERVICE && !hasControlCharacters(service);
}

function areFitAttributes(attributes: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(attributes);
  return entries.length <= MOST_ATTRIBUTES && entries.every(([key, value]) => isFitAttribute(key, value));
}

function isFitAttribute(key: string, value: string): boolean {
  return key !== '' && !REFUSED_ATTRIBUTES.has(key) && !hasControlCharacters(key) && !isLong(key) && !isLong(value);
}

function isLong(text: string): boolean {
  return text.length * 3 > LONGEST_ATTRIBUTE_BYTES && Buffer.byteLength(text) > LONGEST_ATTRIBUTE_BYTES;
}
