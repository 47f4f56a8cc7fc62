/**
 * Black holes: hosts on which tasks fail that work elsewhere. Watches the tasks as Mesos reports them and, where it does
 * not, the counters of the agents; publishes the outcome as events, log lines and, where it may act, as desired flags.
 * On every master alike: only the leader brings desired flags into the store.
 */
import type { Clock } from '../../../shared/clock.ts';
import { type LongWork, Turns } from '../../../shared/cooperative.ts';
import { type Event, MAX_SERVICE_CHARACTERS } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { parseHostName } from '../../../shared/host-name.ts';
import type { Log } from '../../../shared/log.ts';
import { cutToBytes, cutToLength, escapeControls } from '../../../shared/text.ts';
import type { DesiredFlags } from '../../whitelist/automation/index.ts';
import { Evidence, type HostBlame, type Judged, type ReportedTask } from './evidence.ts';
import { countsText } from './explain.ts';
import { COUNTERS_ONLY } from './tags.ts';
import type { Blame, Thresholds } from './verdict.ts';

export type { ReportedTask } from './evidence.ts';

const RULE = 'black-hole';
/** The rule of docs/judgement.md under which a black hole is taken off. */
const RULE_NUMBER = 29;
export const BLACK_HOLE_SERVICE = 'mesos/black-hole';
const APPLICATION_SERVICE = 'mesos/failing-application/';
/** So often it is judged. */
const ROUND_MS = 5_000;
/** While it stands the event is renewed with every judgement. */
const EVENT_TTL_S = 60;
/** Tasks that vanished without an end are forgotten at this interval. */
const TIDY_MS = 600_000;
/** More failing applications are counted, but not reported one by one. */
const MAX_TOLD = 100;

export interface BlackHoleSettings extends Thresholds {
  /** `alert`: only say it; `off`: and take the host off, through the guard. */
  readonly action: 'alert' | 'off';
}

export interface BlackHoleOptions {
  readonly settings: BlackHoleSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly desired: Pick<DesiredFlags, 'setFlag'>;
  /** Whether the host is in the inventory: no other is taken off. */
  readonly isInInventory: (host: HostName) => boolean;
  /** Whether Mesos does not report what happens now; meanwhile nobody is cleared. */
  readonly isBlind?: () => boolean;
  /** Whether Mesos knows the task now. @param task framework's id, blank, task's id */
  readonly isKnown?: (task: string) => boolean;
  /** What the rule says, for the index. */
  readonly emit: (events: readonly Event[]) => void;
}

/** A host that was blamed. */
interface Standing {
  readonly sinceMs: number;
  reason: string;
  /** Under a desired flag to be off. */
  off: boolean;
}

/** After this many hosts the time is checked. */
const TOLD_AT_ONCE = 20;

export class BlackHole {
  readonly #options: BlackHoleOptions;
  readonly #evidence: Evidence;
  readonly #turns: Turns;
  readonly #blamed = new Map<string, Standing>();
  readonly #applications = new Map<string, string>();
  #cleared: ReadonlyMap<string, string> = new Map();
  #judgedMs: number;
  #tidiedMs: number;

  constructor(options: BlackHoleOptions) {
    this.#options = options;
    this.#evidence = new Evidence({ thresholds: options.settings, clock: options.clock });
    this.#turns = new Turns(options.clock);
    this.#judgedMs = options.clock.monoMs();
    this.#tidiedMs = this.#judgedMs;
  }

  get hosts(): number {
    return this.#blamed.size;
  }

  get applications(): number {
    return this.#applications.size;
  }

  /** A task that is new, or whose state changed. */
  ingestTask(task: ReportedTask, before: { readonly state: string } | undefined): void {
    this.#evidence.ingestTask(task, before);
  }

  /** Counters of agents; all other events are none of its business. */
  ingestEvent(event: Event): void {
    this.#evidence.ingestEvent(event);
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    const nowMs = this.#options.clock.monoMs();
    if (nowMs - this.#judgedMs < ROUND_MS || this.#turns.busy) return;
    this.#judgedMs = nowMs;
    this.#turns.run(this.#round(nowMs));
  }

  /** The host left the inventory. */
  dropHost(host: HostName): void {
    this.#evidence.dropHost(host);
    this.#options.desired.setFlag(RULE, host, undefined);
    const standing = this.#blamed.get(host);
    if (standing) standing.off = false;
  }

  /** What the rule knows of the host, with the counts; undefined: nothing happened there. */
  textOf(host: HostName): string | undefined {
    const said = this.#blamed.get(host)?.reason ?? this.#cleared.get(host);
    if (said !== undefined) return said;
    const counts = this.#evidence.countsOf(host);
    return counts && `tasks ${countsText(counts, this.#options.settings)}`;
  }

  *#round(nowMs: number): LongWork {
    const blamedBefore = new Set(this.#blamed.keys());
    const judged = yield* this.#evidence.judging(
      blamedBefore,
      this.#isTimeToTidy(nowMs) ? this.#options.isKnown : undefined,
    );
    if (judged) yield* this.#publish(judged);
    yield* this.#evidence.catchUp();
  }

  #isTimeToTidy(nowMs: number): boolean {
    if (nowMs - this.#tidiedMs < TIDY_MS || this.#options.isBlind?.()) return false;
    this.#tidiedMs = nowMs;
    return true;
  }

  *#publish({ hosts, applications, cleared }: Judged): LongWork {
    this.#cleared = new Map(cleared.map(({ name, reason }) => [name, reason]));
    const stand = new Set(hosts.map(({ name }) => name));
    const blind = this.#options.isBlind?.() ?? false;
    const recovered = blind ? [] : [...this.#blamed].filter(([name]) => !stand.has(name));
    yield* this.#publishEach(hosts, (host, time) => this.#blame(host, time));
    yield* this.#publishEach(recovered, ([name, standing], time) => this.#clear(name, standing, time));
    yield* this.#publishEach(this.#applicationEvents(applications), (event) => [event]);
  }

  *#publishEach<T>(all: readonly T[], eventsOf: (one: T, time: number) => readonly Event[]): LongWork {
    const { clock, emit } = this.#options;
    for (let from = 0; from < all.length; from += TOLD_AT_ONCE) {
      const time = clock.wallMs() / 1000;
      const events = all.slice(from, from + TOLD_AT_ONCE).flatMap((one) => eventsOf(one, time));
      if (events.length > 0) emit(events);
      yield;
    }
  }

  #blame(blame: HostBlame, time: number): readonly Event[] {
    const { clock, log, settings, desired, isInInventory } = this.#options;
    const { name, counts, reason } = blame;
    const host = parseHostName(name);
    if (!host) return [];
    const standing = this.#blamed.get(name) ?? { sinceMs: clock.monoMs(), reason, off: false };
    if (!this.#blamed.has(name)) log.warn({ host, ...counts, reason }, 'host is a black hole');
    this.#blamed.set(name, standing);
    const isNews = !standing.off || standing.reason !== reason;
    standing.reason = reason;
    // The flag's reason follows the counts: `why` shows one verdict, not that of now beside that of the beginning.
    if (settings.action === 'off' && blame.mayAct && isNews && isInInventory(host)) {
      standing.off = true;
      const illness = { kind: 'critical', criticals: 1, sinceMs: standing.sinceMs, cause: RULE } as const;
      desired.setFlag(RULE, host, { flag: 'off', rule: RULE_NUMBER, reason, illness });
    }
    return [
      {
        host,
        service: BLACK_HOLE_SERVICE,
        state: 'critical',
        time,
        ttl: EVENT_TTL_S,
        metric: counts.failed,
        description: cutToBytes(reason, 1024),
        ...(blame.mayAct ? {} : { tags: [COUNTERS_ONLY] }),
      },
    ];
  }

  #clear(name: string, standing: Standing, time: number): readonly Event[] {
    const { clock, log, desired } = this.#options;
    this.#blamed.delete(name);
    const host = parseHostName(name);
    if (!host) return [];
    const reason = this.textOf(host) ?? 'no black hole: nothing has failed there for a whole window';
    log.info({ host, reason }, 'host is no black hole any more');
    // From now on it is fit as far as this rule goes: the readmission clock runs from here (docs/judgement.md, rule 12).
    if (standing.off) {
      const fitSinceMs = clock.monoMs();
      desired.setFlag(RULE, host, { flag: 'on', rule: RULE_NUMBER, reason: 'no black hole', fitSinceMs });
    }
    return [
      {
        host,
        service: BLACK_HOLE_SERVICE,
        state: 'ok',
        time,
        ttl: EVENT_TTL_S,
        metric: 0,
        description: reason,
      },
    ];
  }

  #applicationEvents(failing: readonly Blame[]): readonly Event[] {
    const { log, clock } = this.#options;
    const time = clock.wallMs() / 1000;
    const events: Event[] = [];
    const stand = new Set(failing.map(({ name }) => name));
    for (const { name, counts, reason } of failing.slice(0, MAX_TOLD)) {
      if (!this.#applications.has(name)) log.warn({ application: name, ...counts, reason }, 'application fails');
      events.push(applicationEvent(name, 'critical', time, counts.failed, reason));
    }
    for (const name of this.#applications.keys()) {
      if (stand.has(name)) continue;
      log.info({ application: name }, 'application fails no more');
      events.push(applicationEvent(name, 'ok', time, 0, 'fails no more'));
    }
    this.#applications.clear();
    for (const { name, reason } of failing) this.#applications.set(name, reason);
    return events;
  }
}

function applicationEvent(name: string, state: string, time: number, failed: number, description: string): Event {
  const service = cutToLength(`${APPLICATION_SERVICE}${name}`, MAX_SERVICE_CHARACTERS, escapeControls);
  return { service, state, time, ttl: EVENT_TTL_S, metric: failed, description: cutToBytes(description, 1024) };
}
