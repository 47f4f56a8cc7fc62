/**
 * The host record, exactly as the original stores it in ZooKeeper and answers it over REST, and what it says:
 * which flag the manual list gives, which the managed one, and who wins. Pure; knows no store.
 */
import { parseJsonText } from '../../../shared/json-text.ts';
import { cutToLength, escapeControls } from '../../../shared/text.ts';
import type { RuleId } from './rule-id.ts';

export type Flag = 'on' | 'off';

/** A managed or manual event as stored. Times and ttl in seconds; other keys are strings. */
export interface RecordEvent {
  /** `ok`, `critical`, `warn` or `expired`. */
  readonly state: string;
  /** Unix seconds; absent (the original allowed it): the oldest of all, and never expired. */
  readonly time?: number | null | undefined;
  readonly ttl?: number | null | undefined;
  readonly description?: string | null | undefined;
  readonly [key: string]: unknown;
}

export type RecordEvents = Readonly<Record<string, RecordEvent>>;

/** Who changed a record last, and why: from it every master writes its history. */
export interface Changed {
  /** The version that the change made; another version lying there means that somebody else wrote since. */
  readonly version: number;
  /** Unix seconds. */
  readonly time: number;
  /** Claimed. */
  readonly by: string;
  /** Authenticated: the token's name; null where none was needed. */
  readonly as: string | null;
  /** E.g. `manual`, `tests`, `readmission`, `takeover`, `expired`. */
  readonly cause: string;
  readonly reason: string;
}

/** Unknown keys are kept. */
export interface HostRecord {
  readonly 'managed-events': RecordEvents;
  readonly 'manual-events': RecordEvents;
  readonly 'managed-flag': Flag | null;
  readonly 'manual-flag': Flag | null;
  readonly changed?: Changed;
  readonly [key: string]: unknown;
}

export const emptyRecord: HostRecord = {
  'managed-events': {},
  'manual-events': {},
  'managed-flag': null,
  'manual-flag': null,
};

/** The managed event from which the next leader learns of readmissions; never judged (docs/judgement.md, rule 13). */
export const READMISSION_ID = 'satellite/readmission';

/** The managed event from which the next leader learns which agents Satellite itself took out of scheduling; never judged. */
export const BRIDGE_ID = 'satellite/bridge';

/** Whether a managed event is automation's own memory, and no word of a rule. */
export function isMemory(id: string): boolean {
  return id === READMISSION_ID || id === BRIDGE_ID;
}

/** The id that `PUT …/on` and `…/off` write. */
export const MANUAL_ID = 'manual';

export type ParsedRecord =
  | { readonly record: HostRecord; readonly broken?: undefined }
  | { readonly record?: undefined; readonly broken: string };

/** Reads what lies in the store; keys that the original left out are filled in, anything else that does not fit is named. */
export function parseRecord(text: string): ParsedRecord {
  let value: unknown;
  try {
    value = parseJsonText(text);
  } catch {
    return { broken: text === '' ? 'it is empty' : `it is not JSON: ${shown(text)}` };
  }
  if (!isObject(value)) return { broken: `it is no JSON object: ${shown(text)}` };
  const managed = value['managed-events'] ?? {};
  const manual = value['manual-events'] ?? {};
  for (const [key, events] of [
    ['managed-events', managed],
    ['manual-events', manual],
  ] as const) {
    if (!isObject(events)) return { broken: `${key} is no object` };
    for (const [id, event] of Object.entries(events)) {
      const fault = faultOfEvent(event);
      if (fault) return { broken: `${key}: ${shown(id)}: ${fault}` };
    }
  }
  for (const key of ['managed-flag', 'manual-flag'] as const) {
    const flag = value[key] ?? null;
    if (flag !== null && flag !== 'on' && flag !== 'off')
      return { broken: `${key} is ${shown(JSON.stringify(flag))}, not "on", "off" or null` };
  }
  const record = { ...emptyRecord, ...value, 'managed-events': managed, 'manual-events': manual } as HostRecord;
  return { record: isChanged(value['changed']) ? record : withoutChanged(record) };
}

export function serializeRecord(record: HostRecord): string {
  return JSON.stringify(record);
}

/** Whether both say the same but for who changed them last: then nothing is written. */
export function sameMeaning(a: HostRecord, b: HostRecord): boolean {
  return canonical(withoutChanged(a)) === canonical(withoutChanged(b));
}

/** Age beyond ttl, strictly, as in Riemann. */
export function isExpired(event: RecordEvent, nowS: number): boolean {
  const end = expiryOf(event);
  return end !== undefined && nowS > end;
}

/** Unix seconds after which the event no longer counts; undefined: it stands until it is withdrawn. */
export function expiryOf(event: RecordEvent): number | undefined {
  return typeof event.ttl === 'number' && typeof event.time === 'number' ? event.time + event.ttl : undefined;
}

export interface ManualVerdict {
  readonly flag: Flag | null;
  /** The events that decide. */
  readonly ids: readonly string[];
  readonly reason: string;
}

/** What the manual list says now (docs/judgement.md, rule 15): critical, else ok, else nothing; an overriding ok outweighs older criticals. */
export function manualVerdict(record: HostRecord, nowS: number): ManualVerdict {
  const events = Object.entries(record['manual-events']);
  if (events.length === 0) {
    const flag = record['manual-flag'];
    return { flag, ids: [], reason: flag === null ? 'no manual event' : `manual flag ${flag}, set without an event` };
  }
  const standing = events.filter(([, event]) => !isExpired(event, nowS));
  const oks = standing.filter(([, event]) => event.state === 'ok');
  const overrides = oks.filter(([, event]) => event['override'] === 'true').map(([, event]) => timeOf(event));
  const outweighed = (event: RecordEvent) => overrides.some((time) => timeOf(event) <= time);
  const criticals = standing.filter(([, event]) => event.state === 'critical' && !outweighed(event));
  if (criticals.length > 0) return { flag: 'off', ...idsAndReason(criticals) };
  if (oks.length > 0) return { flag: 'on', ...idsAndReason(oks) };
  return { flag: null, ids: [], reason: 'no manual event that counts' };
}

/** A time that is missing sorts first, as in the original. */
export function timeOf(event: RecordEvent): number {
  return event.time ?? Number.NEGATIVE_INFINITY;
}

export interface MergedVerdict {
  readonly flag: Flag;
  readonly decidedBy: 'manual' | 'managed' | 'none';
  readonly rule: RuleId;
  readonly reason: string;
}

/** The whitelist's flag: the manual list wins, else the managed one, else off (docs/judgement.md, rules 15, 18). */
export function mergedVerdict(record: HostRecord, nowS: number): MergedVerdict {
  const manual = manualVerdict(record, nowS);
  if (manual.flag !== null) return { flag: manual.flag, decidedBy: 'manual', rule: 15, reason: manual.reason };
  const managed = record['managed-flag'];
  if (managed !== null)
    return { flag: managed, decidedBy: 'managed', rule: managed === 'on' ? 12 : 8, reason: `managed flag ${managed}` };
  return { flag: 'off', decidedBy: 'none', rule: 18, reason: 'no flag on either list' };
}

export function isOn(record: HostRecord, nowS: number): boolean {
  return mergedVerdict(record, nowS).flag === 'on';
}

/** When the manual list may next change by itself, unix seconds. */
export function nextManualExpiry(record: HostRecord, nowS: number): number | undefined {
  let next: number | undefined;
  for (const event of Object.values(record['manual-events'])) {
    const end = expiryOf(event);
    if (end !== undefined && end >= nowS && (next === undefined || end < next)) next = end;
  }
  return next;
}

/** As REST shows it: the manual flag as it follows from the events at this moment. */
export function shownRecord(record: HostRecord, nowS: number): HostRecord {
  return { ...record, 'manual-flag': manualVerdict(record, nowS).flag };
}

function idsAndReason(events: readonly (readonly [string, RecordEvent])[]): { ids: string[]; reason: string } {
  const reasons = events.map(([id, { state, description }]) =>
    description ? `${id} ${state}: ${description}` : `${id} ${state}`,
  );
  return { ids: events.map(([id]) => id), reason: reasons.join('; ') };
}

function faultOfEvent(event: unknown): string | undefined {
  if (!isObject(event)) return 'no object';
  if (typeof event['state'] !== 'string') return 'no state';
  for (const key of ['time', 'ttl'] as const) {
    const value = event[key] ?? 0;
    if (typeof value !== 'number') return `${key} is no number`;
  }
  return undefined;
}

function isChanged(value: unknown): value is Changed {
  return isObject(value) && typeof value['version'] === 'number' && typeof value['time'] === 'number';
}

function withoutChanged({ changed: _, ...rest }: HostRecord): HostRecord {
  return rest as HostRecord;
}

/** Text that is equal for equal JSON whatever the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(text: string): string {
  return escapeControls(text.length > 60 ? `${cutToLength(text, 57)}...` : text);
}
