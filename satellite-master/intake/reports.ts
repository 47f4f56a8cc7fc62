/** What a slave's `POST /reports` carries: each event accepted or rejected with the reason (docs/rest.md, "Reports and events"). Pure. */
import type { FromExtendedSchema } from 'json-schema-to-ts';
import { SatelliteError } from '../../shared/errors.ts';
import { type Event, isOwnKey, MAX_SERVICE_CHARACTERS } from '../../shared/event.ts';
import { HOST_NAME_FORM, type HostName, parseHostName } from '../../shared/host-name.ts';
import { hasControlCharacters } from '../../shared/text.ts';
import { type CutPart, fitEvent, type SentEvent } from './fit-event.ts';
import { compile, faultOf, shown } from './schema.ts';

export const MAX_EVENTS_PER_REPORT = 1000;
export const MAX_REPORT_BYTES = 1024 * 1024;

const eventSchema = {
  type: 'object',
  required: ['service'],
  properties: {
    host: { type: ['string', 'null'], expected: 'the host of the report, or no host' },
    service: {
      type: 'string',
      minLength: 1,
      longest: MAX_SERVICE_CHARACTERS,
      expected: `1-${MAX_SERVICE_CHARACTERS} characters`,
    },
    state: { type: ['string', 'null'], expected: 'a word' },
    time: { type: ['number', 'null'], expected: 'unix seconds' },
    metric: { type: ['number', 'null'], expected: 'a finite number' },
    ttl: { type: ['number', 'null'], expected: 'seconds' },
    description: { type: ['string', 'null'], expected: 'text' },
    tags: { type: ['array', 'null'], items: { type: 'string', expected: 'text' }, expected: 'a list of strings' },
  },
  additionalProperties: { type: ['string', 'null'], expected: 'a string, as of every attribute' },
} as const;

type EventInReport = FromExtendedSchema<{ expected: string; longest: number }, typeof eventSchema>;

const isEvent = compile<EventInReport>(eventSchema);

const isReport = compile<{ readonly host: string; readonly events: readonly unknown[] }>({
  type: 'object',
  required: ['host', 'events'],
  properties: {
    host: { type: 'string', expected: HOST_NAME_FORM },
    events: { type: 'array', minItems: 1, expected: `an array of 1-${MAX_EVENTS_PER_REPORT} events` },
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
  /** The place of each accepted event in the report's `events`. */
  readonly places: readonly number[];
  readonly rejected: readonly Rejected[];
  /** How many of the accepted events had that part cut, replaced by its default or left out. */
  readonly cut: ReadonlyMap<CutPart, number>;
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
  if (events.length > MAX_EVENTS_PER_REPORT)
    throw new SatelliteError('too-large', `${events.length} events, ${MAX_EVENTS_PER_REPORT} at most in one report`, {
      most: MAX_EVENTS_PER_REPORT,
    });
  const accepted: Event[] = [];
  const places: number[] = [];
  const rejected: Rejected[] = [];
  const cut = new Map<CutPart, number>();
  let clamped = 0;
  for (let index = 0; index < events.length; index++) {
    const found = events[index];
    const reason = faultOfEvent(found, host);
    if (reason !== undefined) {
      rejected.push({ index, reason });
      continue;
    }
    const fit = fitEvent(sentEvent(found as EventInReport, host), nowS);
    accepted.push(fit.event);
    places.push(index);
    for (const part of fit.cut) cut.set(part, (cut.get(part) ?? 0) + 1);
    if (fit.clamped) clamped++;
  }
  return { host, accepted, places, rejected, cut, clamped };
}

function faultOfEvent(found: unknown, host: HostName): string | undefined {
  if (!isEvent(found)) return faultOf(isEvent).replace(/^the body:/, 'the event:');
  if (typeof found.host === 'string' && found.host !== host)
    return `host: found ${shown(found.host)}, expected the host of the report, ${shown(host)}`;
  if (hasControlCharacters(found.service))
    return `service: found ${shown(found.service)}, expected no control characters`;
  return undefined;
}

const NO_ATTRIBUTES: SentEvent['attributes'] = [];

/** Keys beside the fields of an event are its attributes; null means absent. */
function sentEvent(found: EventInReport, host: HostName): SentEvent {
  let attributes: [string, string][] | undefined;
  for (const key in found) {
    if (isOwnKey(key)) continue;
    const value = found[key];
    if (typeof value !== 'string') continue;
    attributes ??= [];
    attributes.push([key, value]);
  }
  const { service, state, time, metric, ttl, description, tags } = found;
  return { host, service, state, time, metric, ttl, description, tags, attributes: attributes ?? NO_ATTRIBUTES };
}
