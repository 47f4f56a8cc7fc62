/**
 * One line of a recording: an event with its arrival, or a note of what happened beside the events. Pure.
 * `at` is unix seconds by the clock of the master that recorded.
 */
import {
  DEFAULT_TTL_SECONDS,
  type Event,
  eventToJson,
  hasDefaultTtl,
  isOwnKey,
  withDefaultTtl,
} from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import type { HostRecord } from '../whitelist/record/index.ts';

export type Note =
  /** A master began to listen: what it knew before, it knows no more. */
  | { readonly note: 'began'; readonly version: string }
  /** Closed in order. */
  | { readonly note: 'ended' }
  /** Time went on and nothing came. */
  | { readonly note: 'alive' }
  /**
   * A host's record. `snapshot`: as it stood when the file was begun; else it was changed by other than this master's
   * rules; null: the host left the inventory.
   */
  | {
      readonly note: 'record';
      readonly host: HostName;
      readonly createdMs: number;
      readonly record: HostRecord | null;
      readonly snapshot?: true;
    }
  /** The records follow, among the events, up to `whole`: the head of every file. */
  | { readonly note: 'records' }
  /** The store is read whole; its records are above. */
  | { readonly note: 'whole' }
  /** Events that are missing here. */
  | { readonly note: 'dropped'; readonly events: number; readonly reason: string }
  /** The master itself stood still for so long. */
  | { readonly note: 'stalled'; readonly ms: number }
  /** The wall clock was set, by so much. */
  | { readonly note: 'clock'; readonly ms: number };

/** @property own it came from the master itself, not from a report */
export interface RecordedEvent {
  readonly at: number;
  readonly event: Event;
  readonly own?: true;
}

export type RecordedNote = { readonly at: number } & Note;
export type RecordedLine = RecordedEvent | RecordedNote;

const NOTES: ReadonlySet<unknown> = new Set([
  'began',
  'ended',
  'alive',
  'record',
  'records',
  'whole',
  'dropped',
  'stalled',
  'clock',
] satisfies Note['note'][]);

/** With the line's end. */
export function eventLine(at: number, event: Event, own: boolean): string {
  return `{"at":${at},${own ? '"own":true,' : ''}"event":${JSON.stringify(eventToJson(asSent(event)))}}\n`;
}

/** A ttl that was filled in is filled in again when the line is read, and rules may give another one as before. */
function asSent(event: Event): Event {
  return hasDefaultTtl(event) ? { ...event, ttl: undefined as unknown as number } : event;
}

export function noteLine(at: number, note: Note): string {
  return `${JSON.stringify({ at, ...note })}\n`;
}

/** Reads lines; hosts and services come again and again, so that each is checked and kept once. */
export class LineReader {
  readonly #hosts = new Map<string, HostName | undefined>();
  readonly #services = new Map<string, string>();

  /** undefined: it is no line of a recording, as one torn by a crash. */
  read(line: string): RecordedLine | undefined {
    let value: { at?: unknown; event?: unknown; own?: unknown; note?: unknown } | null;
    try {
      value = JSON.parse(line) as typeof value;
    } catch {
      return undefined;
    }
    if (typeof value !== 'object' || value === null || typeof value.at !== 'number' || !Number.isFinite(value.at))
      return undefined;
    const { at } = value;
    if (value.event !== undefined) {
      const event = this.#event(value.event, at);
      return event && (value.own === true ? { at, event, own: true } : { at, event });
    }
    return this.#isNote(value) ? value : undefined;
  }

  #event(value: unknown, at: number): Event | undefined {
    if (typeof value !== 'object' || value === null) return undefined;
    const flat = value as Readonly<Record<string, unknown>>;
    const { host, service, time, ttl } = flat;
    if (typeof service !== 'string') return undefined;
    const known = this.#known(host);
    if (host !== undefined && known === undefined) return undefined;
    const event: Record<string, unknown> = {};
    const attributes: [string, string][] = [];
    for (const key in flat) {
      if (isOwnKey(key)) event[key] = flat[key];
      else attributes.push([key, String(flat[key])]);
    }
    if (known !== undefined) event['host'] = known;
    event['service'] = this.#same(service);
    event['time'] = typeof time === 'number' ? time : at;
    event['ttl'] = typeof ttl === 'number' ? ttl : DEFAULT_TTL_SECONDS;
    if (attributes.length > 0) event['attributes'] = Object.fromEntries(attributes);
    const whole = event as unknown as Event;
    return typeof ttl === 'number' ? whole : withDefaultTtl(whole);
  }

  #isNote(value: object): value is RecordedNote {
    const { note, host, record, ms } = value as Readonly<Record<string, unknown>>;
    if (!NOTES.has(note)) return false;
    if (note === 'record') return this.#known(host) !== undefined && typeof record === 'object';
    return (note !== 'stalled' && note !== 'clock') || typeof ms === 'number';
  }

  #known(host: unknown): HostName | undefined {
    if (typeof host !== 'string') return undefined;
    let known = this.#hosts.get(host);
    if (known === undefined && !this.#hosts.has(host)) {
      known = parseHostName(host);
      this.#hosts.set(host, known);
    }
    return known;
  }

  #same(service: string): string {
    const known = this.#services.get(service);
    if (known !== undefined) return known;
    if (this.#services.size < MAX_SERVICES) this.#services.set(service, service);
    return service;
  }
}

const MAX_SERVICES = 100_000;
