/**
 * What an operator's request makes of a record: pure, from record to record, or the error that tells why not
 * (docs/judgement.md, rules 15-17; docs/rest.md, "Changing it").
 */
import { SatelliteError } from '../../../shared/errors.ts';
import { MOST_RECORD_BYTES } from './managed-events.ts';
import {
  emptyRecord,
  type Flag,
  type HostRecord,
  MANUAL_ID,
  manualVerdict,
  type RecordEvent,
  type RecordEvents,
  timeOf,
} from './record.ts';

/** What the operator said, checked and with durations in seconds. */
export interface ManualInput {
  readonly state: 'ok' | 'critical';
  readonly ttlS?: number;
  readonly description?: string;
  /** Claimed author; stored with the event. */
  readonly by: string;
  readonly override?: boolean;
  readonly metric?: number;
  readonly tags?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

const MOST_MANUAL_EVENTS = 200;

/** Clocks of masters differ by less than this: a later word is made later by the record. */
const CLOCK_SKEW_S = 300;

/** One manual event more, or another one under that id. @throws SatelliteError record-too-large */
export function withManualEvent(
  record: HostRecord = emptyRecord,
  id: string,
  input: ManualInput,
  nowS: number,
): HostRecord {
  return withManualEvents(record, { ...record['manual-events'], [id]: eventOf(record, input, nowS) }, nowS);
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
  return withManualEvents(record, { [MANUAL_ID]: eventOf(record, input, nowS) }, nowS);
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
  if (count > Math.max(MOST_MANUAL_EVENTS, Object.keys(record['manual-events']).length))
    throw new SatelliteError(
      'record-too-large',
      `${count} manual events, ${MOST_MANUAL_EVENTS} at most: withdraw some first`,
    );
  const next: HostRecord = { ...record, 'manual-events': events, 'manual-flag': null };
  const bytes = Buffer.byteLength(JSON.stringify(next));
  if (bytes > MOST_RECORD_BYTES && bytes > Buffer.byteLength(JSON.stringify(record)))
    throw new SatelliteError(
      'record-too-large',
      `the record would have ${bytes} bytes, ${MOST_RECORD_BYTES} at most: withdraw some events first`,
    );
  return { ...next, 'manual-flag': manualVerdict(next, nowS).flag };
}

function eventOf(record: HostRecord, input: ManualInput, nowS: number): RecordEvent {
  const { state, ttlS, description, by, override, metric, tags, attributes } = input;
  return {
    ...attributes,
    state,
    time: later(record, nowS),
    ...(ttlS === undefined ? {} : { ttl: ttlS }),
    ...(description === undefined ? {} : { description }),
    ...(metric === undefined ? {} : { metric }),
    ...(tags === undefined ? {} : { tags }),
    by,
    ...(override ? { override: 'true' } : {}),
  };
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
