/** What this master hears: valid events go into the index and from there to the rules, and what runs out goes there too. */
import type { Clock } from '../shared/clock.ts';
import type { Event } from '../shared/event.ts';
import type { HostName } from '../shared/host-name.ts';
import { type Log, OnceLog } from '../shared/log.ts';
import type { Found, Slot } from './events/index.ts';
import {
  EventIndex,
  type FoundKey,
  type IndexBounds,
  isRefusal,
  type RefusedEvent,
  refusalText,
  type Taken,
} from './events/index.ts';
import type { Recorder } from './replay/index.ts';
import type { LiveRules } from './rules/engine/index.ts';
import type { Quiet } from './rules/host-health/index.ts';
import type { Metrics } from './stats/index.ts';
import type { Silence } from './whitelist/automation/index.ts';

/** The rules, as far as what is heard concerns them. */
type Rules = Pick<
  LiveRules,
  'take' | 'lookAtTestsOnly' | 'tick' | 'recordChanged' | 'dropHost' | 'quiet' | 'heard' | 'verdictOf'
>;

export interface ReceptionOptions {
  readonly rules: Rules;
  /** Hears every event that the index took. */
  readonly heard?: (event: Event) => void;
  /** What the index may hold. */
  readonly bounds?: Partial<IndexBounds>;
  readonly recorder?: Pick<Recorder, 'take' | 'stalled'> | undefined;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

export class Reception implements Silence {
  readonly index: EventIndex;
  readonly #rules: Rules;
  readonly #hears: (event: Event) => void;
  readonly #recorder: ReceptionOptions['recorder'];
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #once: OnceLog;
  readonly #listeners = new Set<(event: Event, before?: Event) => void>();
  readonly #listeningSinceMs: number;

  constructor({ rules, heard = () => undefined, bounds, recorder, metrics, clock, log }: ReceptionOptions) {
    this.index = new EventIndex(clock, bounds);
    this.#rules = rules;
    this.#hears = heard;
    this.#recorder = recorder;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#log = log;
    this.#once = new OnceLog(log, clock);
    this.#listeningSinceMs = clock.monoMs();
  }

  /** @returns the events that the index has no room for */
  take(events: readonly Event[]): readonly RefusedEvent[] {
    this.#recorder?.take(events);
    const refused: RefusedEvent[] = [];
    for (const [place, event] of events.entries()) {
      const outcome = this.#keep(event);
      if (isRefusal(outcome)) refused.push({ place, reason: refusalText(outcome, this.index.bounds) });
      if (!isKept(outcome)) continue;
      this.#rules.take(event);
      this.#hears(event);
      if (this.#listeners.size > 0) this.#tell(event);
    }
    return refused;
  }

  /**
   * Whether events that are no tests may be put straight into the index now: nobody else wants to see them.
   * To be asked before each message.
   */
  get isIndexEnough(): boolean {
    return this.#rules.lookAtTestsOnly && this.#recorder === undefined && this.#listeners.size === 0;
  }

  /** A known event straight from its bytes; see {@link EventIndex.takeFound}. @returns whether it has been dealt with */
  takeFound(found: FoundKey & Found, time: number, nowMs: number): boolean {
    const taken = this.index.takeFound(found, time, nowMs, isNoTest);
    if (taken === 'older') this.#metrics.eventsDropped.inc({ reason: taken });
    return taken !== undefined;
  }

  /**
   * Calls for each event that was taken, and for each that ran out, as `expired` and as it was.
   * @returns how to stop it
   */
  onChange(listener: (event: Event, before?: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All live events. */
  *live(): Iterable<Event> {
    for (const { event } of this.index.all()) yield event;
  }

  /** Who listens to changes now. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** What this master itself found out: it takes no room from what the hosts report. */
  takeOwn(events: readonly Event[]): void {
    this.#recorder?.take(events, true);
    for (const event of events) {
      if (!isKept(this.#keep(event, true))) continue;
      this.#rules.take(event);
      if (this.#listeners.size > 0) this.#tell(event);
    }
  }

  /** What a rule made: in the index, and for those who listen, but not down the rules once more. */
  takeFromRules(event: Event): void {
    if (isKept(this.#keep(event, true)) && this.#listeners.size > 0) this.#tell(event);
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    const { expired, stalledMs } = this.index.tick();
    if (stalledMs > 0) {
      this.#metrics.stalls.inc();
      this.#recorder?.stalled(stalledMs);
      this.#log.warn(
        { stalledMs: Math.round(stalledMs) },
        'this master itself stood still: expiries wait one more ttl',
      );
    }
    const time = this.#clock.wallMs() / 1000;
    for (const event of expired) {
      this.#metrics.eventsExpired.inc();
      // Its figure and attributes were of a moment that is over: a rule on metrics must not hear them again.
      const { metric: _, attributes: __, ...kept } = event;
      const expiry = { ...kept, state: 'expired', time };
      this.#rules.take(expiry);
      if (this.#listeners.size > 0) this.#tell(expiry, event);
    }
    this.#rules.tick();
  }

  recordChanged(host: HostName): void {
    this.#rules.recordChanged(host);
  }

  /** Out of the inventory: only what arrives later counts. */
  dropHost(host: HostName): void {
    this.#rules.dropHost(host);
    this.index.dropHost(host);
  }

  quiet(): Iterable<Quiet> {
    return this.#rules.quiet();
  }

  /** Hosts that are heard now. */
  heard(): Iterable<HostName> {
    return this.#rules.heard();
  }

  /** A host that was never heard is silent since this master listens. */
  silentForMs(host: HostName): number | undefined {
    const known = this.#rules.verdictOf(host);
    const nowMs = this.#clock.monoMs();
    if (known === undefined || known.verdict.kind === 'unheard') return nowMs - this.#listeningSinceMs;
    return known.verdict.kind === 'silent' ? nowMs - known.sinceMs : undefined;
  }

  /** Whether the host is heard now: not silent, and not unknown to this master. */
  isHeard(host: HostName): boolean {
    const kind = this.#rules.verdictOf(host)?.verdict.kind;
    return kind !== undefined && kind !== 'silent' && kind !== 'unheard';
  }

  /** The tests that take part in the verdict on the host. */
  countingTests(host: HostName): readonly string[] {
    return this.#rules.verdictOf(host)?.verdict.services ?? [];
  }

  #tell(event: Event, before?: Event): void {
    for (const listener of this.#listeners) listener(event, before);
  }

  /** What became of it in the index; `expired`: it left it. */
  #keep(event: Event, own = false): Taken | 'expired' {
    if (event.state === 'expired') {
      this.index.delete(event.host ?? '', event.service);
      return 'expired';
    }
    const outcome = this.index.take(event, own);
    if (isKept(outcome)) return outcome;
    this.#metrics.eventsDropped.inc({ reason: isRefusal(outcome) ? 'full' : outcome });
    if (isRefusal(outcome))
      this.#once.warn(outcome, 'no room in the index: new event rejected', {
        bound: outcome,
        host: event.host,
        service: event.service,
      });
    return outcome;
  }
}

/** Whether the rules are to see it. */
function isKept(outcome: Taken | 'expired'): boolean {
  return outcome === 'new' || outcome === 'updated' || outcome === 'expired';
}

function isNoTest({ isTest }: Slot): boolean {
  return !isTest;
}
