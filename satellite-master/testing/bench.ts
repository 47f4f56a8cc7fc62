import { parseDurationMs } from '../../shared/duration.ts';
import type { Event } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { type RecordedAlert, type Recorder, recordChannels } from '../alerts/index.ts';
import { EventIndex } from '../events/index.ts';
import type { Rules } from '../rules/api/index.ts';
import { wholeEvent } from '../rules/api/index.ts';
import { RuleSet, RuleStats } from '../rules/engine/index.ts';
import { loadRulesModule } from '../rules/module/index.ts';
import type { StreamEvent } from '../streams/index.ts';
import { Wishes } from '../whitelist/automation/index.ts';
import type { RecordEvent, RecordEvents } from '../whitelist/record/index.ts';

/** As a report brings it; what is absent is filled in: time now, ttl 60. */
export type InjectedEvent = StreamEvent & { readonly service: string };

export interface BenchOptions {
  /** Where the clock stands first; default 1970-01-01, so that `time` counts from 0. */
  readonly start?: Date;
  /** `readmit-after.first`, seconds; default 60. */
  readonly readmitAfter?: number;
  /** Managed events that stand in the records before anything is heard, by host and id. */
  readonly managedEvents?: Readonly<Record<string, RecordEvents>>;
}

/** A child of a stream that failed. */
export interface BenchFault {
  readonly stream: string;
  readonly error: unknown;
  readonly place: string | undefined;
}

/** As in a real master. */
const TICK_MS = 100;

/**
 * Puts rules on a bench: an index and a clock that stands until it is turned, and everything the rules do written down.
 * @param rules the module's default export, or the path of the module
 * @throws RulesError with all that is wrong
 * @example
 * const bench = testRules(rules);
 * bench.inject({ host: 'a1.example', service: 'gpu', state: 'critical' });
 * expect(bench.wanted('a1.example')).toBe('off');
 */
export function testRules(rules: Rules | string, options: BenchOptions = {}): RuleBench {
  return new RuleBench(rules, options);
}

export class RuleBench {
  readonly clock: ManualClock;
  /** What was sent over channels, as the leader would have sent it. */
  readonly alerts: RecordedAlert[] = [];
  /** What was forwarded, by address. */
  readonly forwarded = new Map<string, StreamEvent[]>();
  readonly logged: { readonly message: string; readonly item: unknown }[] = [];
  /** Children of streams that failed; in a test mostly expected to be empty. */
  readonly faults: BenchFault[] = [];
  readonly #rules: RuleSet;
  readonly #index: EventIndex;
  readonly #wishes: Wishes;
  readonly #stats: RuleStats;
  readonly #channels: Recorder;
  readonly #taps = new Map<string, unknown[]>();
  readonly #records = new Map<HostName, Record<string, RecordEvent>>();
  readonly #changed = new Set<HostName>();

  constructor(rules: Rules | string, { start = new Date(0), readmitAfter = 60, managedEvents = {} }: BenchOptions) {
    const clock = new ManualClock(start.getTime());
    this.clock = clock;
    for (const [host, events] of Object.entries(managedEvents)) this.#records.set(named(host), { ...events });
    this.#index = new EventIndex(clock);
    this.#stats = new RuleStats(clock);
    this.#wishes = new Wishes((host) => this.#changed.add(host));
    this.#channels = recordChannels({ clock, self: 'bench', record: (alert) => this.alerts.push(alert) });
    this.#rules = new RuleSet({
      module: typeof rules === 'string' ? loadRulesModule(rules) : { name: 'rules', rules, files: [] },
      effects: {
        index: (event) => this.#keep(event),
        log: (message, item) => this.logged.push({ message, item }),
        forward: (address, events) => this.forwarded.set(address, [...(this.forwarded.get(address) ?? []), ...events]),
        stat: (name, value, ttlS) => this.#stats.set(name, value, ttlS),
        tap: (name, item) => this.#taps.set(name, [...(this.#taps.get(name) ?? []), item]),
      },
      channels: { functions: this.#channels.functions, release: () => undefined },
      managedEventsOf: (host) => this.#records.get(host) ?? {},
      readmitAfterMs: readmitAfter * 1000,
      fault: (stream, error, place) => this.faults.push({ stream, error, place }),
      clock,
    });
    this.#rules.activate(this.#wishes);
    for (const host of this.#records.keys()) this.#rules.recordChanged(host);
    this.#settle();
    clock.every(TICK_MS, () => this.#tick());
  }

  /** Unix seconds. */
  get now(): number {
    return this.clock.wallMs() / 1000;
  }

  /** Events as they arrive, in that order, now. */
  inject(...events: readonly InjectedEvent[]): this {
    for (const event of events) {
      const whole = wholeEvent(event, this.now);
      if (this.#keep(whole)) this.#rules.take(whole);
      this.#settle();
    }
    return this;
  }

  /**
   * Turns the clock on: timers run and events expire on the way.
   * @param duration seconds, or as in "90s", "5m", "1h30m"
   */
  advance(duration: number | string): this {
    const ms = parseDurationMs(duration, 's');
    if (ms === undefined) throw new TypeError(`${JSON.stringify(duration)} is no duration`);
    this.clock.advance(ms);
    this.#settle();
    return this;
  }

  /** What has passed `tap(name, ...)` so far. */
  tap(name: string): readonly unknown[] {
    return this.#taps.get(name) ?? [];
  }

  /** What all rules together want of the host, before the guard and the way back; undefined: they have no opinion. */
  wanted(host: string): 'on' | 'off' | 'keep' | undefined {
    return this.#wishes.flag(named(host))?.flag;
  }

  /** Why they want it, as `why` would tell. */
  reason(host: string): string | undefined {
    return this.#wishes.flag(named(host))?.reason;
  }

  /** The managed events of the host's record, as the leader would have written them. */
  managedEvents(host: string): RecordEvents {
    return this.#records.get(named(host)) ?? {};
  }

  /** What `stat` adds to `/metrics/snapshot` now. */
  figures(): Readonly<Record<string, number>> {
    return this.#stats.snapshot();
  }

  /** The live event of that host and service; '' for the host of events without one. */
  indexed(host: string, service: string): Event | undefined {
    return this.#index.get(host, service)?.event;
  }

  /** The host leaves the inventory, as after `DELETE /whitelist/host/HOST`. */
  dropHost(host: string): this {
    this.#rules.dropHost(named(host));
    this.#index.dropHost(host);
    this.#records.delete(named(host));
    this.#settle();
    return this;
  }

  #tick(): void {
    for (const event of this.#index.tick().expired) this.#rules.take({ ...event, state: 'expired', time: this.now });
    this.#rules.tick();
    this.#channels.tick();
    this.#settle();
  }

  #keep(event: Event): boolean {
    if (event.state !== 'expired') return ['new', 'updated'].includes(this.#index.take(event));
    this.#index.delete(event.host ?? '', event.service);
    return true;
  }

  /** Writes what is wished into the records at once, where a leader would. */
  #settle(): void {
    for (const host of this.#changed) {
      this.#changed.delete(host);
      const record = { ...this.#records.get(host) };
      let differs = false;
      for (const [id, event] of this.#wishes.events(host)) {
        if (event === null ? !(id in record) : record[id] === event) continue;
        differs = true;
        if (event === null) delete record[id];
        else record[id] = event;
      }
      if (!differs) continue;
      this.#records.set(host, record);
      this.#rules.recordChanged(host);
    }
  }
}

function named(text: string): HostName {
  const host = parseHostName(text);
  if (!host) throw new TypeError(`${JSON.stringify(text)} is no host name`);
  return host;
}
