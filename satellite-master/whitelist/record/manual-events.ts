/**
 * What an operator's request makes of a record: pure, from record to record, or the error that says why not
 * (docs/judgement.md, rules 15-17; docs/rest.md, "Changing it").
 */
import { SatelliteError } from '../../../shared/errors.ts';
import { MAX_RECORD_BYTES } from './managed-events.ts';
import {
  emptyRecord,
  expiryOf,
  type Flag,
  type HostRecord,
  isExpired,
  MANUAL_ID,
  manualVerdict,
  type RecordEvent,
  type RecordEvents,
  timeOf,
} from './record.ts';

/**
 * What the operator said, checked and with durations in seconds. What is absent stays as it is in an event of the same
 * state that stands; null clears.
 */
export interface ManualInput {
  readonly state: 'ok' | 'critical';
  readonly ttlS?: number | null;
  readonly description?: string | null;
  /** Claimed author; stored with the event. */
  readonly by?: string | null;
  /** Who it is where nobody is claimed. */
  readonly author?: string;
  readonly override?: boolean | null;
  readonly metric?: number | null;
  readonly tags?: readonly string[] | null;
  readonly attributes?: Readonly<Record<string, string>>;
}

const MAX_MANUAL_EVENTS = 200;

/** Clocks of masters differ by less than this: a later word is made later by the record. */
const CLOCK_SKEW_S = 300;

/** One manual event more, or another one under that id. @throws SatelliteError record-too-large */
export function withManualEvent(
  record: HostRecord = emptyRecord,
  id: string,
  input: ManualInput,
  nowS: number,
): HostRecord {
  return withManualEvents(record, { ...record['manual-events'], [id]: eventOf(record, id, input, nowS) }, nowS);
}

/**
 * `PUT …/on` and `…/off`: the event `manual`. @throws SatelliteError outweighed where `on` would leave the host off
 * because of a critical under another id (rule 16), record-too-large
 */
export function withFlagByHand(record: HostRecord = emptyRecord, input: ManualInput, nowS: number): HostRecord {
  const next = withManualEvent(record, MANUAL_ID, input, nowS);
  const { flag, ids, reason } = manualVerdict(next, nowS);
  if (input.state === 'ok' && flag === 'off') {
    throw new SatelliteError('outweighed', `still off because of ${reason}; withdraw it, or say "override": true`, {
      events: ids,
    });
  }
  return next;
}

/** `PUT /whitelist/manual/{host}`: all manual events replaced by one (rule 17). */
export function withManualReplaced(record: HostRecord = emptyRecord, input: ManualInput, nowS: number): HostRecord {
  return withManualEvents(record, { [MANUAL_ID]: eventOf(record, MANUAL_ID, input, nowS) }, nowS);
}

/** All manual events and a flag without one withdrawn (rule 17). */
export function withoutManual(record: HostRecord): HostRecord {
  return { ...record, 'manual-events': {}, 'manual-flag': null };
}

/** @throws SatelliteError unknown-event */
export function withoutManualEvent(record: HostRecord, id: string, nowS: number): HostRecord {
  if (!Object.hasOwn(record['manual-events'], id)) {
    throw new SatelliteError(
      'unknown-event',
      `no manual event ${JSON.stringify(id)}; there are: ${Object.keys(record['manual-events']).join(', ') || 'none'}`,
    );
  }
  const { [id]: _, ...rest } = record['manual-events'];
  return withManualEvents(record, rest, nowS);
}

/**
 * Sets the manual events and the flag that follows from them; none left: no flag either. The bounds hold for what
 * grows: a record that is beyond them already (another program wrote it) can always be made smaller.
 */
export function withManualEvents(record: HostRecord, events: RecordEvents, nowS: number): HostRecord {
  const count = Object.keys(events).length;
  if (count > Math.max(MAX_MANUAL_EVENTS, Object.keys(record['manual-events']).length))
    throw new SatelliteError(
      'record-too-large',
      `${count} manual events, ${MAX_MANUAL_EVENTS} at most: withdraw some first`,
    );
  const next: HostRecord = { ...record, 'manual-events': events, 'manual-flag': null };
  const bytes = Buffer.byteLength(JSON.stringify(next));
  if (bytes > MAX_RECORD_BYTES && bytes > Buffer.byteLength(JSON.stringify(record)))
    throw new SatelliteError(
      'record-too-large',
      `the record would have ${bytes} bytes, ${MAX_RECORD_BYTES} at most: withdraw some events first`,
    );
  return { ...next, 'manual-flag': manualVerdict(next, nowS).flag };
}

/** The event under that id if it says the same and has not run out: then a change only changes what it names. */
export function standingEvent(
  record: HostRecord | undefined,
  id: string,
  state: 'ok' | 'critical',
  nowS: number,
): RecordEvent | undefined {
  const events = record?.['manual-events'] ?? {};
  const event = Object.hasOwn(events, id) ? events[id] : undefined;
  return event && event.state === state && !isExpired(event, nowS) ? event : undefined;
}

function eventOf(record: HostRecord, id: string, input: ManualInput, nowS: number): RecordEvent {
  const { state, ttlS, override, attributes } = input;
  const old = standingEvent(record, id, state, nowS);
  // Its time moves only with what is counted from it: the end that was asked for, and the criticals that it outweighs.
  const time = old?.time != null && ttlS == null && !override ? old.time : later(record, nowS);
  const { ttl, description, metric, tags, by, override: wasOverride, ...others } = old ?? NO_EVENT;
  const end = old && expiryOf(old);
  const event: { [key: string]: unknown } = {
    ...others,
    ...attributes,
    state,
    time,
    ttl: ttlS === undefined ? end && toMs(end - time) : ttlS,
    description: input.description === undefined ? description : input.description,
    metric: input.metric === undefined ? metric : input.metric,
    tags: input.tags === undefined ? tags : input.tags,
    by: (input.by === undefined ? by : input.by) ?? input.author,
    override: (override === undefined ? wasOverride === 'true' : override) ? 'true' : undefined,
  };
  return Object.fromEntries(
    Object.entries(event).filter(([, value]) => value !== undefined && value !== null),
  ) as unknown as RecordEvent;
}

const NO_EVENT: Partial<RecordEvent> = {};

function toMs(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Now, or just after the newest manual event where another master's clock was ahead: what comes later counts as later. */
function later(record: HostRecord, nowS: number): number {
  const newest = Math.max(...Object.values(record['manual-events']).map(timeOf));
  const time = newest >= nowS && newest - nowS < CLOCK_SKEW_S ? newest + 0.001 : nowS;
  return Math.round(time * 1000) / 1000;
}

/** Without the manual events that have run out (docs/judgement.md, rule 27). */
export function withoutExpired(record: HostRecord, isGone: (event: RecordEvent) => boolean, nowS: number): HostRecord {
  const left = Object.entries(record['manual-events']).filter(([, event]) => !isGone(event));
  return withManualEvents(record, Object.fromEntries(left), nowS);
}

export function flagOfState(state: 'ok' | 'critical'): Flag {
  return state === 'ok' ? 'on' : 'off';
}
