/** What a channel says of an event. Pure: the same event gives the same alert on every master. */
import { cutToLength, escapeControls } from '../../../shared/text.ts';
import type { StreamEvent } from '../../streams/index.ts';

/** In the order of PagerDuty's Events API, worst first. */
export const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Alert {
  /** One trouble: what is triggered under a key is resolved under it. */
  readonly key: string;
  readonly state: 'trigger' | 'resolve';
  readonly severity: Severity;
  /** One line. */
  readonly summary: string;
  /** Where the trouble is: the event's host, else this master. */
  readonly source: string;
  readonly host?: string;
  readonly service: string;
  /** The event's own word. */
  readonly eventState?: string;
  readonly description?: string;
  readonly metric?: number;
  /** Unix seconds: when the event happened. */
  readonly timeS: number;
  /** Unix seconds: when the trouble began; of all alerts of one trouble the same. */
  readonly sinceS: number;
  /** The event's attributes. */
  readonly labels: Readonly<Record<string, string>>;
}

/** How the events of one place in the rules become alerts. */
export interface AlertOptions {
  /** What is one trouble; default host and service. */
  readonly key?: (event: StreamEvent) => string;
  /** States that resolve; default `['ok']`. With `['ok', 'warning']` warnings are no trouble. */
  readonly resolveOn?: readonly string[];
  /** What an event that ran past its ttl means: that what it said is no longer known. Default `trigger`. */
  readonly expired?: 'trigger' | 'resolve' | 'ignore';
  /** Default by state: `critical` and words of your own critical, `expired` error, `warning` and `unknown` warning. */
  readonly severity?: Severity | ((event: StreamEvent) => Severity);
  /** The one line; default `HOST SERVICE is STATE`. */
  readonly summary?: (event: StreamEvent) => string;
  /**
   * A sign of life: each event is sent as a trigger when it comes, whatever was sent before, and is never sent again.
   * For dead-man switches.
   */
  readonly heartbeat?: boolean;
}

/** What is longer than this is cut: no receiver shows more. */
const MAX_SUMMARY = 1000;
/** The year 10000. */
const END_OF_CALENDAR_S = 253_402_300_800;

/**
 * @param self names this master, the source of events without a host
 * @param nowS for an event without a time
 * @returns undefined for an event that says nothing here
 */
export function alertOf(event: StreamEvent, options: AlertOptions, self: string, nowS: number): Alert | undefined {
  const { host, service = '', state, description, metric, attributes = {} } = event;
  const time = isDate(event.time) ? event.time : nowS;
  if (state === 'expired' && options.expired === 'ignore' && !options.heartbeat) return undefined;
  const summary = options.summary?.(event) ?? `${[host, service].filter(Boolean).join(' ')} is ${state ?? 'reported'}`;
  return {
    key: keyOf(event, options),
    state: resolves(state, options) ? 'resolve' : 'trigger',
    severity: severityOf(event, options),
    summary: cutToLength(String(summary), MAX_SUMMARY, escapeControls),
    source: host?.toWellFormed() ?? self,
    ...(host === undefined ? {} : { host: host.toWellFormed() }),
    service: service.toWellFormed(),
    ...(state === undefined ? {} : { eventState: state.toWellFormed() }),
    ...(description === undefined ? {} : { description: String(description).toWellFormed() }),
    ...(metric === undefined ? {} : { metric }),
    timeS: time,
    sinceS: time,
    labels: wellFormed(attributes),
  };
}

export function keyOf(event: StreamEvent, { key }: AlertOptions): string {
  return String(key?.(event) ?? defaultKey(event.host, event.service ?? '')).toWellFormed();
}

/** The condition under which events without a state reached the channel no longer holds for the event: the trouble is over. */
export function conditionOver(event: StreamEvent, options: AlertOptions, self: string, nowS: number): Alert {
  const { host, service = '' } = event;
  const summary =
    options.summary ?? (() => `${[host, service].filter(Boolean).join(' ')}: the condition no longer holds`);
  const alert = alertOf(event, { ...options, summary, expired: 'resolve' }, self, nowS);
  if (!alert) throw new Error('an event that resolves gives an alert');
  return { ...alert, state: 'resolve' };
}

function wellFormed(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(labels).map(([name, value]) => [name, String(value)] as const);
  return Object.fromEntries(pairs.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]));
}

/** Rules may make events of any time; receivers take only what a calendar has. */
function isDate(timeS: number | undefined): timeS is number {
  return timeS !== undefined && timeS >= 0 && timeS < END_OF_CALENDAR_S;
}

export function defaultKey(host: string | undefined, service: string): string {
  return `${host ?? ''} ${service}`;
}

function resolves(state: string | undefined, { resolveOn = ['ok'], expired, heartbeat }: AlertOptions): boolean {
  if (heartbeat || state === undefined) return false;
  return state === 'expired' ? expired === 'resolve' : resolveOn.includes(state);
}

function severityOf(event: StreamEvent, { severity }: AlertOptions): Severity {
  if (severity !== undefined) return typeof severity === 'function' ? severity(event) : severity;
  switch (event.state) {
    case 'ok':
      return 'info';
    case 'warning':
    case 'warn':
    case 'unknown':
      return 'warning';
    case 'expired':
      return 'error';
    default:
      return 'critical';
  }
}

/** Whether `a` is worse than `b`. */
export function isWorse(a: Severity, b: Severity): boolean {
  return SEVERITIES.indexOf(a) < SEVERITIES.indexOf(b);
}
