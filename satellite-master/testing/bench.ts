/** Puts rules on a bench: the judgement of a real master, with a clock that is turned by hand. */
import { parseDurationMs } from '../../shared/duration.ts';
import { type Event, withDefaultTtl } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { silentLog } from '../../shared/log.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { type RecordedAlert, type Recorder, recordChannels } from '../alerts/index.ts';
import { createJudgement, type Judgement } from '../judgement/index.ts';
import { type Rules, wholeEvent } from '../rules/api/index.ts';
import { RuleStats } from '../rules/engine/index.ts';
import { loadRulesModule } from '../rules/module/index.ts';
import type { StreamEvent } from '../streams/index.ts';
import { emptyRecord, type RecordEvents, sameMeaning, serializeRecord } from '../whitelist/record/index.ts';
import { MemoryStore } from '../whitelist/store/index.ts';

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
  readonly #store: MemoryStore;
  readonly #judgement: Judgement;
  readonly #stats: RuleStats;
  readonly #channels: Recorder;
  readonly #taps = new Map<string, unknown[]>();
  readonly #changed = new Set<HostName>();

  constructor(rules: Rules | string, { start = new Date(0), readmitAfter = 60, managedEvents = {} }: BenchOptions) {
    const clock = new ManualClock(start.getTime());
    this.clock = clock;
    this.#stats = new RuleStats(clock);
    this.#store = new MemoryStore(clock);
    this.#channels = recordChannels({ clock, self: 'bench', record: (alert) => this.alerts.push(alert) });
    this.#judgement = createJudgement({
      store: this.#store,
      // The bench itself writes what a leader would write, at once.
      leads: () => false,
      settings: { offShare: 1, readmitAfter: { firstMs: readmitAfter * 1000, maxMs: readmitAfter * 1000 } },
      rules: { module: typeof rules === 'string' ? loadRulesModule(rules) : { name: 'rules', rules, files: [] } },
      effects: {
        openChannels: () => ({ functions: this.#channels.functions, release: () => undefined }),
        log: (message, item) => this.logged.push({ message, item }),
        forward: (address, events) => this.forwarded.set(address, [...(this.forwarded.get(address) ?? []), ...events]),
        stat: (name, value, ttlS) => this.#stats.set(name, value, ttlS),
        tap: (name, item) => this.#taps.set(name, [...(this.#taps.get(name) ?? []), item]),
        fault: (stream, error, place) => this.faults.push({ stream, error, place }),
      },
      self: 'bench',
      clock,
      log: silentLog,
    });
    this.#judgement.flags.onChange((host) => this.#changed.add(host));
    for (const [host, events] of Object.entries(managedEvents)) this.#write(named(host), events);
    this.#judgement.start();
    this.#store.becomeWhole();
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
      this.#judgement.hub.publish([event.ttl === undefined ? withDefaultTtl(whole) : whole], 'report');
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
    return this.#judgement.flags.flag(named(host))?.flag;
  }

  /** Why they want it, as `why` would show. */
  reason(host: string): string | undefined {
    return this.#judgement.flags.flag(named(host))?.reason;
  }

  /** The managed events of the host's record, as the leader would have written them. */
  managedEvents(host: string): RecordEvents {
    return this.#judgement.replica.get(named(host))?.record?.['managed-events'] ?? {};
  }

  /** What `stat` adds to `/metrics/snapshot` now. */
  figures(): Readonly<Record<string, number>> {
    return this.#stats.snapshot();
  }

  /** The live event of that host and service; '' for the host of events without one. */
  indexed(host: string, service: string): Event | undefined {
    return this.#judgement.hub.index.get(host, service)?.event;
  }

  /** The host leaves the inventory, as after `DELETE /whitelist/host/HOST`. */
  dropHost(host: string): this {
    this.#write(named(host), {});
    this.#store.put(named(host), null);
    this.#settle();
    return this;
  }

  #tick(): void {
    this.#judgement.tick();
    this.#channels.tick();
    this.#settle();
  }

  #write(host: HostName, events: RecordEvents): void {
    const record = this.#judgement.replica.get(host)?.record ?? emptyRecord;
    this.#store.put(host, serializeRecord({ ...record, 'managed-events': events }));
  }

  /** Writes the managed events that the rules want into the records, at once. */
  #settle(): void {
    for (const host of this.#changed) {
      this.#changed.delete(host);
      const events = new Map(Object.entries(this.managedEvents(host)));
      for (const [id, event] of this.#judgement.flags.events(host)) {
        if (event === null) events.delete(id);
        else events.set(id, event);
      }
      const record = this.#judgement.replica.get(host)?.record ?? emptyRecord;
      const next = { ...record, 'managed-events': Object.fromEntries(events) };
      if (!sameMeaning(record, next)) this.#store.put(host, serializeRecord(next));
    }
  }
}

function named(text: string): HostName {
  const host = parseHostName(text);
  if (!host) throw new TypeError(`${JSON.stringify(text)} is no host name`);
  return host;
}
