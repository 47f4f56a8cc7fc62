/** What a slave's `POST /reports` carries: each event accepted or rejected with the reason (contract.md, "Reports"). Pure. */
import type { FromExtendedSchema } from 'json-schema-to-ts';
import { SatelliteError } from '../../shared/errors.ts';
import {
  DEFAULT_TTL_SECONDS,
  type Event,
  isOwnKey,
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
import { HOST_NAME_FORM, type HostName, parseHostName } from '../../shared/host-name.ts';
import { cutToBytes, hasControlCharacters } from '../../shared/text.ts';
import { compile, faultOf, shown } from './schema.ts';

export const MOST_EVENTS_A_REPORT = 1000;
export const MOST_REPORT_BYTES = 1024 * 1024;

const eventSchema = {
  type: 'object',
  required: ['service'],
  properties: {
    host: { type: ['string', 'null'], expected: 'the host of the report, or no host' },
    service: { type: 'string', minLength: 1, longest: LONGEST_SERVICE, expected: `1-${LONGEST_SERVICE} characters` },
    state: {
      type: ['string', 'null'],
      minLength: 1,
      longest: LONGEST_STATE,
      expected: `a word of 1-${LONGEST_STATE} characters`,
    },
    time: { type: ['number', 'null'], minimum: 0, expected: 'unix seconds' },
    metric: { type: ['number', 'null'], expected: 'a finite number' },
    ttl: {
      type: ['number', 'null'],
      exclusiveMinimum: 0,
      maximum: LONGEST_TTL_SECONDS,
      expected: `seconds, above 0 and at most ${LONGEST_TTL_SECONDS} (ten years)`,
    },
    description: { type: ['string', 'null'], expected: 'text' },
    tags: {
      type: ['array', 'null'],
      maxItems: MOST_TAGS,
      items: {
        type: 'string',
        longest: LONGEST_ATTRIBUTE_BYTES,
        expected: `text of at most ${LONGEST_ATTRIBUTE_BYTES} characters`,
      },
      expected: `at most ${MOST_TAGS} strings`,
    },
  },
  additionalProperties: { type: 'string', expected: 'a string, as of every attribute' },
} as const;

type EventInReport = FromExtendedSchema<{ expected: string; longest: number }, typeof eventSchema>;

const isEvent = compile<EventInReport>(eventSchema);

const isReport = compile<{ readonly host: string; readonly events: readonly unknown[] }>({
  type: 'object',
  required: ['host', 'events'],
  properties: {
    host: { type: 'string', expected: HOST_NAME_FORM },
    events: { type: 'array', minItems: 1, expected: `an array of 1-${MOST_EVENTS_A_REPORT} events` },
  },
});

export interface Rejected {
  /** Place in the report's `events`. */
  readonly index: number;
  /** Which field, what was found, what is expected. */
  readonly reason: string;
}

export interface ParsedReport {
  readonly host: HostName;
  readonly accepted: readonly Event[];
  readonly rejected: readonly Rejected[];
  /** Events whose time was more than 5 s ahead and was replaced by now. */
  readonly clamped: number;
}

/**
 * @param nowS unix seconds of the arrival
 * @throws SatelliteError bad-request, bad-host-name, or too-large, for the report as a whole
 */
export function parseReports(body: unknown, { nowS }: { readonly nowS: number }): ParsedReport {
  if (!isReport(body)) throw new SatelliteError('bad-request', faultOf(isReport));
  const { events } = body;
  const host = parseHostName(body.host);
  if (!host) throw new SatelliteError('bad-host-name', `host: found ${shown(body.host)}, expected ${HOST_NAME_FORM}`);
  if (events.length > MOST_EVENTS_A_REPORT)
    throw new SatelliteError('too-large', `${events.length} events, ${MOST_EVENTS_A_REPORT} at most in one report`, {
      most: MOST_EVENTS_A_REPORT,
    });
  const accepted: Event[] = [];
  const rejected: Rejected[] = [];
  let clamped = 0;
  for (let index = 0; index < events.length; index++) {
    const found = events[index];
    const reason = faultOfEvent(found, host);
    if (reason !== undefined) {
      rejected.push({ index, reason });
      continue;
    }
    const event = eventOf(found as EventInReport, host, nowS);
    if (event.time === nowS && isAhead(found as EventInReport, nowS)) clamped++;
    accepted.push(event);
  }
  return { host, accepted, rejected, clamped };
}

function isAhead({ time }: EventInReport, nowS: number): boolean {
  return typeof time === 'number' && time > nowS + MOST_AHEAD_SECONDS;
}

function faultOfEvent(found: unknown, host: HostName): string | undefined {
  if (!isEvent(found)) return faultOf(isEvent).replace(/^the body:/, 'the event:');
  if (typeof found.host === 'string' && found.host !== host)
    return `host: found ${shown(found.host)}, expected the host of the report, ${shown(host)}`;
  if (hasControlCharacters(found.service))
    return `service: found ${shown(found.service)}, expected no control characters`;
  let attributes = 0;
  for (const key in found) {
    if (isOwnKey(key)) continue;
    if (++attributes > MOST_ATTRIBUTES) return `found more than ${MOST_ATTRIBUTES} attributes`;
    const fault = faultOfAttribute(key, found[key] as string);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfAttribute(key: string, value: string): string | undefined {
  if (REFUSED_ATTRIBUTES.has(key))
    return `${key}: found as attribute, expected another name: this one is Satellite's own`;
  if (key === '' || hasControlCharacters(key))
    return `${shown(key)}: found as the name of an attribute, expected a name without control characters`;
  if (isLonger(key) || isLonger(value))
    return `${shown(key)}: found ${Buffer.byteLength(value)} bytes, expected at most ${LONGEST_ATTRIBUTE_BYTES} in an attribute and in its name`;
  return undefined;
}

function isLonger(text: string): boolean {
  return text.length * 3 > LONGEST_ATTRIBUTE_BYTES && Buffer.byteLength(text) > LONGEST_ATTRIBUTE_BYTES;
}

function eventOf(found: EventInReport, host: HostName, nowS: number): Event {
  const { state, metric, description, tags } = found;
  const event: { -readonly [K in keyof Event]: Event[K] } = {
    host,
    service: found.service,
    time: typeof found.time !== 'number' || isAhead(found, nowS) ? nowS : found.time,
    ttl: found.ttl ?? DEFAULT_TTL_SECONDS,
  };
  if (typeof state === 'string') event.state = state;
  if (typeof metric === 'number') event.metric = metric;
  if (typeof description === 'string') event.description = cutToBytes(description, LONGEST_DESCRIPTION_BYTES);
  if (tags) event.tags = tags;
  let attributes: Record<string, string> | undefined;
  for (const key in found) {
    if (isOwnKey(key)) continue;
    attributes ??= {};
    attributes[key] = found[key] as string;
  }
  if (attributes) event.attributes = attributes;
  return event;
}
