/** Ingests one `Msg` after another: publishes its events and returns its query. */
import type { Clock } from '../../shared/clock.ts';
import { SatelliteError } from '../../shared/errors.ts';
import type { Event } from '../../shared/event.ts';
import type { RiemannEvent } from '../../shared/riemann/index.ts';
import { Cursor, decodeEvent, decodeMessage } from '../../shared/riemann/index.ts';
import type { Found, FoundKey, RefusedEvent } from '../events/index.ts';
import type { Metrics } from '../stats/index.ts';
import { EventScan, isPlainMessage } from './event-scan.ts';
import { isAhead } from './fit-event.ts';
import { readRiemannEvent } from './riemann-events.ts';

export interface RiemannIntakeOptions {
  /** @returns the events that the index has no room for */
  readonly publishEvents: (events: readonly Event[]) => readonly RefusedEvent[];
  /** Bypasses the rules for events that none of them handles. */
  readonly direct?: FastPath;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export interface FastPath {
  /** Read before each message. */
  readonly isIndexEnough: boolean;
  /** @returns false: the event has to be published as an object */
  refresh(found: FoundKey & Found, time: number, nowMs: number): boolean;
}

export class RiemannIntake {
  readonly #options: RiemannIntakeOptions;
  readonly #scan = new EventScan();
  #accepted = 0;
  #rejected = 0;
  #clamped = 0;
  /** Events of this message that the index had no room for, and why. */
  #refused = 0;
  #refusal = '';

  constructor(options: RiemannIntakeOptions) {
    this.#options = options;
  }

  /**
   * Publishes the valid events and counts the others.
   * @returns the query, if there is one
   * @throws WireError if the bytes are not a message: then none of it was ingested; SatelliteError overloaded if there is
   * no room for any of its events
   */
  ingest(bytes: Buffer, from = 0, to = bytes.length): string | undefined {
    const { direct, clock } = this.#options;
    try {
      if (direct?.isIndexEnough && isPlainMessage(bytes, from, to)) {
        this.#ingestPlain(direct, bytes, from, to);
        this.#mustHaveRoom();
        return undefined;
      }
      const { events, query } = decodeMessage(bytes, from, to);
      const nowS = clock.wallMs() / 1000;
      this.#ingestWhole(events, nowS);
      this.#mustHaveRoom();
      return query;
    } finally {
      this.#count();
    }
  }

  /** Ingests the events in order: most of them only refresh an entry of the index. */
  #ingestPlain(direct: FastPath, bytes: Buffer, from: number, to: number): void {
    const scan = this.#scan;
    const nowS = this.#options.clock.wallMs() / 1000;
    const nowMs = this.#options.clock.monoMs();
    for (let at = from; at < to; ) {
      let length = bytes[++at] as number;
      if (length >= 0x80) {
        length = (length & 0x7f) | ((bytes[++at] as number) << 7);
        if (length >= 0x4000) length = (length & 0x3fff) | ((bytes[++at] as number) << 14);
      }
      const begin = ++at;
      at += length;
      scan.read(bytes, begin, at);
      const isAheadOfUs = isAhead(scan.time, nowS);
      const time = isAheadOfUs || Number.isNaN(scan.time) ? nowS : scan.time;
      const isEmptyHost = scan.hostFrom >= 0 && scan.hostFrom === scan.hostTo;
      if (scan.isOdd || isEmptyHost || !direct.refresh(scan, time, nowMs)) {
        this.#ingestWhole([decodeEvent(new Cursor(bytes, begin, at))], nowS);
        continue;
      }
      this.#accepted++;
      if (isAheadOfUs) this.#clamped++;
    }
  }

  #ingestWhole(events: readonly RiemannEvent[], nowS: number): void {
    const { publishEvents, metrics } = this.#options;
    const accepted: Event[] = [];
    for (const raw of events) {
      const fit = readRiemannEvent(raw, nowS);
      if (typeof fit === 'string') {
        this.#rejected++;
        metrics.riemannUnfit.inc({ part: fit });
        continue;
      }
      accepted.push(fit.event);
      for (const part of fit.cut) metrics.eventsCut.inc({ part });
      if (fit.clamped) this.#clamped++;
    }
    if (accepted.length === 0) return;
    const refused = publishEvents(accepted);
    this.#accepted += accepted.length - refused.length;
    this.#refused += refused.length;
    this.#refusal = refused[0]?.reason ?? this.#refusal;
  }

  #mustHaveRoom(): void {
    if (this.#refused > 0 && this.#accepted === 0) throw new SatelliteError('overloaded', this.#refusal);
  }

  /** Once per message: incrementing a counter costs as much as an event. */
  #count(): void {
    const { metrics } = this.#options;
    if (this.#accepted > 0) metrics.eventsAccepted.inc(this.#accepted);
    if (this.#rejected > 0) metrics.eventsRejected.inc(this.#rejected);
    if (this.#clamped > 0) metrics.eventsClamped.inc(this.#clamped);
    this.#accepted = this.#rejected = this.#clamped = this.#refused = 0;
  }
}
