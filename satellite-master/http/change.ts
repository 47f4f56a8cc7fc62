/** Parses the bodies of manual changes. */
import { parseDurationMs } from '../../shared/duration.ts';
import { SatelliteError } from '../../shared/errors.ts';
import { REFUSED_ATTRIBUTES } from '../../shared/event.ts';
import { HOST_NAME_FORM, type HostName, parseHostName } from '../../shared/host-name.ts';
import { hasControlCharacters } from '../../shared/text.ts';
import { compile, faultOf, shown } from '../intake/index.ts';
import type { ChangeNote, ManualChange } from '../whitelist/operators/index.ts';

const MAX_BY = 256;

const noteProperties = {
  by: { type: ['string', 'null'], longest: MAX_BY, expected: `the author, at most ${MAX_BY} characters` },
  description: { type: ['string', 'null'], expected: 'text' },
};

const how = {
  ...noteProperties,
  ttl: { type: ['number', 'string', 'null'], duration: true },
  override: { enum: [true, false, 'true', 'false', null], expected: 'true or false' },
};

interface ChangeNoteBody {
  readonly by?: string | null;
  readonly description?: string | null;
}

interface HowBody extends ChangeNoteBody {
  readonly ttl?: number | string | null;
  readonly override?: boolean | 'true' | 'false' | null;
}

interface EventBody extends HowBody {
  readonly state: 'ok' | 'critical';
  readonly metric?: number | null;
  readonly tags?: readonly string[] | null;
  readonly [attribute: string]: unknown;
}

const isChangeNote = compile<ChangeNoteBody>({
  type: 'object',
  properties: noteProperties,
  additionalProperties: false,
});

const isFlagBody = compile<HowBody>({ type: 'object', properties: how, additionalProperties: false });

const isEventBody = compile<EventBody>({
  type: 'object',
  required: ['state'],
  properties: {
    ...how,
    state: { enum: ['ok', 'critical'], expected: '"ok" or "critical"' },
    // Accepted and ignored, as in the original: the master sets it.
    time: {},
    metric: { type: ['number', 'null'], expected: 'a finite number' },
    tags: { type: ['array', 'null'], items: { type: 'string', expected: 'a string' }, expected: 'an array of strings' },
  },
  additionalProperties: { type: 'string', expected: 'a string, as of every attribute' },
});

const flag = { enum: ['on', 'off'], expected: '"on" or "off"; DELETE withdraws' };

const isOverride = compile<HowBody & { readonly flag: 'on' | 'off' }>({
  type: 'object',
  required: ['flag'],
  properties: { ...how, flag },
  additionalProperties: false,
});

const hosts = { type: 'array', minItems: 1, items: { type: 'string' }, expected: 'an array of host names' };

const isManyOverrides = compile<HowBody & { readonly flag: 'on' | 'off'; readonly hosts: readonly string[] }>({
  type: 'object',
  required: ['hosts', 'flag'],
  properties: { hosts, ...how, flag },
  additionalProperties: false,
});

const isManyWithdrawals = compile<ChangeNoteBody & { readonly hosts: readonly string[] }>({
  type: 'object',
  required: ['hosts'],
  properties: { hosts, ...noteProperties },
  additionalProperties: false,
});

const isConfirmation = compile<{ readonly by: string; readonly reason: string; readonly digest: string }>({
  type: 'object',
  required: ['by', 'reason', 'digest'],
  properties: {
    by: { type: 'string', minLength: 1, longest: MAX_BY, expected: `the author, at most ${MAX_BY} characters` },
    reason: { type: 'string', minLength: 1, longest: 4_096, expected: 'why the new content is right' },
    digest: { type: 'string', expected: 'the digest that GET /whitelist/file has shown' },
  },
  additionalProperties: false,
});

/** The optional body of a DELETE. @throws SatelliteError bad-request */
export function parseChangeNote(body: unknown): ChangeNote {
  if (body === undefined) return {};
  if (!isChangeNote(body)) throw new SatelliteError('bad-request', faultOf(isChangeNote));
  return changeNoteOf(body);
}

/** The optional body of `PUT …/on` and `…/off`. @throws SatelliteError bad-request */
export function parseFlagChange(body: unknown, state: 'ok' | 'critical'): ManualChange {
  if (body === undefined) return { state };
  if (!isFlagBody(body)) throw new SatelliteError('bad-request', faultOf(isFlagBody));
  return changeOf(body, state);
}

/** @throws SatelliteError bad-request where there is no body, bad-event */
export function parseEventChange(body: unknown): ManualChange {
  const given = required(body);
  if (!isEventBody(given)) throw new SatelliteError('bad-event', faultOf(isEventBody));
  const { metric, tags } = given;
  const attributes = attributesOf(given);
  return {
    ...changeOf(given, given.state),
    ...present({ metric, tags }),
    ...(attributes ? { attributes } : {}),
  };
}

/** `PUT /whitelist/manual/{host}`. @throws SatelliteError bad-request */
export function parseOverride(body: unknown): ManualChange {
  const given = required(body);
  if (!isOverride(given)) throw new SatelliteError('bad-request', faultOf(isOverride));
  return changeOf(given, stateOf(given.flag));
}

/** `PUT /whitelist/manual`. @throws SatelliteError bad-request, bad-host-name */
export function parseManyOverrides(body: unknown): { hosts: readonly HostName[]; change: ManualChange } {
  const given = required(body);
  if (!isManyOverrides(given)) throw new SatelliteError('bad-request', faultOf(isManyOverrides));
  return { hosts: hostsOf(given.hosts), change: changeOf(given, stateOf(given.flag)) };
}

/** `DELETE /whitelist/manual`. @throws SatelliteError bad-request, bad-host-name */
export function parseManyWithdrawals(body: unknown): { hosts: readonly HostName[]; note: ChangeNote } {
  const given = required(body);
  if (!isManyWithdrawals(given)) throw new SatelliteError('bad-request', faultOf(isManyWithdrawals));
  return { hosts: hostsOf(given.hosts), note: changeNoteOf(given) };
}

/** `POST /whitelist/file/confirm`. @throws SatelliteError bad-request */
export function parseConfirmation(body: unknown): {
  readonly by: string;
  readonly reason: string;
  readonly digest: string;
} {
  const given = required(body);
  if (!isConfirmation(given)) throw new SatelliteError('bad-request', faultOf(isConfirmation));
  const { by, reason, digest } = given;
  if (hasControlCharacters(by))
    throw new SatelliteError('bad-request', `by: found ${shown(by)}, expected no control characters`);
  return { by, reason, digest };
}

function required(body: unknown): unknown {
  if (body === undefined) throw new SatelliteError('bad-request', 'found no body, expected a JSON object');
  return body;
}

function stateOf(flag: 'on' | 'off'): 'ok' | 'critical' {
  return flag === 'on' ? 'ok' : 'critical';
}

function changeNoteOf({ by, description }: ChangeNoteBody): ChangeNote {
  if (by && hasControlCharacters(by))
    throw new SatelliteError('bad-request', `by: found ${shown(by)}, expected no control characters`);
  return { ...(by === '' ? {} : present({ by })), ...present({ description }) };
}

function changeOf(body: HowBody, state: 'ok' | 'critical'): ManualChange {
  const { ttl, override } = body;
  const ttlMs = parseDurationMs(ttl, 's');
  return {
    state,
    ...changeNoteOf(body),
    ...(ttl === null ? { ttlS: null } : present({ ttlS: ttlMs === undefined ? undefined : ttlMs / 1000 })),
    ...present({ override: typeof override === 'string' ? override === 'true' : override }),
  };
}

/** Drops the fields that the body leaves out and keeps null, which clears. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const KNOWN_KEYS: ReadonlySet<string> = new Set([...Object.keys(how), 'state', 'time', 'metric', 'tags']);

/** @throws SatelliteError bad-event for a name that means something else in a record */
function attributesOf(body: EventBody): Readonly<Record<string, string>> | undefined {
  const attributes: [string, string][] = [];
  for (const [key, value] of Object.entries(body)) {
    if (KNOWN_KEYS.has(key)) continue;
    if (REFUSED_ATTRIBUTES.has(key) || key === '' || hasControlCharacters(key))
      throw new SatelliteError('bad-event', `${shown(key)}: found as attribute, expected another name`);
    attributes.push([key, String(value)]);
  }
  return attributes.length > 0 ? Object.fromEntries(attributes) : undefined;
}

function hostsOf(names: readonly string[]): readonly HostName[] {
  const found = new Set<HostName>();
  for (const [index, name] of names.entries()) {
    const host = parseHostName(name);
    if (!host)
      throw new SatelliteError('bad-host-name', `hosts.${index}: found ${shown(name)}, expected ${HOST_NAME_FORM}`);
    found.add(host);
  }
  return [...found];
}
