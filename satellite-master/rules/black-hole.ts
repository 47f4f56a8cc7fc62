/**
 * Black holes: hosts on which tasks fail that work elsewhere. Watches the tasks as Mesos tells them and, where it does
 * not, the counters of the agents; says the outcome as events, log lines and, where it may act, as wishes.
 * On every master alike: only the leader's wishes reach the store.
 */
import type { Clock } from '../../shared/clock.ts';
import { type Event, LONGEST_SERVICE } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { parseHostName } from '../../shared/host-name.ts';
import type { Log } from '../../shared/log.ts';
import { cutToBytes, escapeControls } from '../../shared/text.ts';
import type { Wishes } from '../whitelist/wishes.ts';
import { attributionOf, type NamedTask } from './black-hole/application.ts';
import { AgentCounters } from './black-hole/counters.ts';
import { countsText } from './black-hole/reasons.ts';
import { TaskWindow } from './black-hole/task-window.ts';
import { wordOfTask } from './black-hole/task-words.ts';
import { type Blame, judgeBlackHoles, type Thresholds, type Verdict } from './black-hole/verdict.ts';

const RULE = 'black-hole';
/** Rules wish, the reconciler acts (judgement.md 25). */
const RULE_NUMBER = 25;
export const BLACK_HOLE_SERVICE = 'mesos/black-hole';
const APPLICATION_SERVICE = 'mesos/failing-application/';
/** So often it is judged. */
const ROUND_MS = 5_000;
/** While it stands the event is renewed with every judgement. */
const EVENT_TTL_S = 60;
/** What a task says that vanished without an end is forgotten so often. */
const TIDY_MS = 600_000;
/** More failing applications are counted, but not told one by one. */
const MOST_TOLD = 100;

export interface BlackHoleSettings extends Thresholds {
  /** `alert`: only say it; `off`: and take the host off, through the guard. */
  readonly action: 'alert' | 'off';
}

/** A task as the cluster's picture tells it. */
export interface ToldTask extends NamedTask {
  readonly host: HostName | undefined;
  readonly state: string;
  /** When it went into that state, and when it was first told of; unix seconds. */
  readonly timeS: number | undefined;
  readonly startedS: number | undefined;
  readonly reason: string | undefined;
}

export interface BlackHoleOptions {
  readonly settings: BlackHoleSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly wishes: Pick<Wishes, 'setFlag'>;
  /** Whether the host is in the inventory: no other is taken off. */
  readonly isInInventory: (host: HostName) => boolean;
  /** Whether Mesos tells what happens now; while it does not, nobody is cleared. */
  readonly isBlind?: () => boolean;
  /** The tasks that Mesos knows now. */
  readonly tasks?: () => Iterable<{ readonly id: string; readonly frameworkId: string }>;
  /** What the rule says, for the index. */
  readonly emit: (events: readonly Event[]) => void;
}

/** A host that was blamed. */
interface Standing {
  readonly sinceMs: number;
  reason: string;
  /** Under a wish to be off. */
  off: boolean;
}

/** @property mayAct false: by counters alone, which tell no application */
interface HostBlame extends Blame {
  readonly mayAct: boolean;
}

interface Judged {
  readonly hosts: readonly HostBlame[];
  readonly applications: readonly Blame[];
}

const NOTHING: Verdict = { hosts: [], applications: [], acquitted: [] };

export class BlackHole {
  readonly #options: BlackHoleOptions;
  readonly #tasks: TaskWindow;
  readonly #counters: AgentCounters;
  readonly #blamed = new Map<string, Standing>();
  readonly #applications = new Map<string, string>();
  #acquitted: ReadonlyMap<string, string> = new Map();
  #judgedMs: number;
  #tidiedMs: number;

  constructor(options: BlackHoleOptions) {
    this.#options = options;
    this.#tasks = new TaskWindow(options.settings.windowS);
    this.#counters = new AgentCounters(options.settings.windowS);
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
  takeTask(task: ToldTask, before: { readonly state: string } | undefined): void {
    if (!task.host || task.state === before?.state) return;
    const word = wordOfTask(task.state, task.reason, before?.state === 'TASK_KILLING');
    if (before && hasEnded(before.state)) return;
    const nowS = this.#options.clock.monoMs() / 1000;
    const wallS = this.#options.clock.wallMs() / 1000;
    const agoS = (timeS: number) => Math.max(0, wallS - timeS);
    // What changed before our eyes changed now; only what is first heard of is placed by the agent's clock.
    const atS = before || task.timeS === undefined ? nowS : nowS - agoS(task.timeS);
    if (!before && task.timeS === undefined && hasEnded(task.state)) return;
    const begunS = task.startedS === undefined ? atS : Math.min(atS, nowS - agoS(task.startedS));
    this.#tasks.take({ task: keyOf(task), host: task.host, word, atS, begunS, ...attributionOf(task) });
  }

  /** Counters of agents; all other events are none of its business. */
  takeEvent(event: Event): void {
    this.#counters.take(event, this.#options.clock.monoMs() / 1000);
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    const nowMs = this.#options.clock.monoMs();
    if (nowMs - this.#judgedMs < ROUND_MS) return;
    this.#judgedMs = nowMs;
    this.#tidy(nowMs);
    this.#tasks.advance(nowMs / 1000);
    this.#counters.advance(nowMs / 1000);
    this.#tellHosts(this.#judge());
  }

  /** The host left the inventory. */
  dropHost(host: HostName): void {
    this.#counters.dropHost(host);
    this.#options.wishes.setFlag(RULE, host, undefined);
    const standing = this.#blamed.get(host);
    if (standing) standing.off = false;
  }

  /** What the rule knows of the host, with the counts; undefined: nothing happened there. */
  textOf(host: HostName): string | undefined {
    const said = this.#blamed.get(host)?.reason ?? this.#acquitted.get(host);
    if (said !== undefined) return said;
    const group = this.#tasks.hosts.get(host);
    return group && `tasks ${countsText(group.counts, this.#options.settings)}`;
  }

  #tidy(nowMs: number): void {
    const { tasks, isBlind } = this.#options;
    if (!tasks || nowMs - this.#tidiedMs < TIDY_MS || isBlind?.()) return;
    this.#tidiedMs = nowMs;
    const known = new Set<string>();
    for (const task of tasks()) known.add(keyOf(task));
    this.#tasks.keepOnly(known);
  }

  #judge(): Judged {
    const { settings: thresholds } = this.#options;
    const blamedBefore = new Set(this.#blamed.keys());
    const errorsOf = (host: string) => this.#counters.errorsOf(host);
    const input = { thresholds, errorsOf, blamedBefore };
    const byTask = this.#tasks.isQuiet ? NOTHING : judgeBlackHoles({ ...input, picture: this.#tasks });
    // Details win: a host whose tasks are known is not judged by its counters.
    const coarse = this.#counters.picture((host) => this.#tasks.hosts.has(host));
    const byCounter = coarse.hosts.size === 0 ? NOTHING : judgeBlackHoles({ ...input, picture: coarse });
    this.#acquitted = new Map([...byTask.acquitted, ...byCounter.acquitted].map(({ name, reason }) => [name, reason]));
    const coarseHosts = byCounter.hosts.map((blame) => {
      const { launch = 0, own = 0 } = errorsOf(blame.name) ?? {};
      const mayAct = launch + own > 0;
      const limit = mayAct ? '' : '; by the counters of its agent alone, which tell no application: not taken off';
      return { ...blame, mayAct, reason: `${blame.reason}${limit}` };
    });
    return {
      hosts: [...byTask.hosts.map((blame) => ({ ...blame, mayAct: true })), ...coarseHosts],
      applications: byTask.applications,
    };
  }

  #tellHosts({ hosts, applications }: Judged): void {
    const events: Event[] = [];
    const time = this.#options.clock.wallMs() / 1000;
    const stand = new Set(hosts.map(({ name }) => name));
    for (const host of hosts) this.#blame(host, events, time);
    const blind = this.#options.isBlind?.() ?? false;
    for (const [name, standing] of this.#blamed)
      if (!stand.has(name) && !blind) this.#clear(name, standing, events, time);
    this.#tellApplications(applications, events, time);
    if (events.length > 0) this.#options.emit(events);
  }

  #blame(blame: HostBlame, events: Event[], time: number): void {
    const { clock, log, settings, wishes, isInInventory } = this.#options;
    const { name, counts, reason } = blame;
    const host = parseHostName(name);
    if (!host) return;
    const standing = this.#blamed.get(name) ?? { sinceMs: clock.monoMs(), reason, off: false };
    if (!this.#blamed.has(name)) log.warn({ host, ...counts }, `${host}: ${reason}`);
    this.#blamed.set(name, standing);
    standing.reason = reason;
    if (settings.action === 'off' && blame.mayAct && !standing.off && isInInventory(host)) {
      standing.off = true;
      const illness = { kind: 'critical', criticals: 1, sinceMs: standing.sinceMs } as const;
      wishes.setFlag(RULE, host, { flag: 'off', rule: RULE_NUMBER, reason, illness });
    }
    events.push({
      host,
      service: BLACK_HOLE_SERVICE,
      state: 'critical',
      time,
      ttl: EVENT_TTL_S,
      metric: counts.failed,
      description: cutToBytes(reason, 1024),
    });
  }

  #clear(name: string, standing: Standing, events: Event[], time: number): void {
    const { clock, log, wishes } = this.#options;
    this.#blamed.delete(name);
    const host = parseHostName(name);
    if (!host) return;
    const reason = this.textOf(host) ?? 'no black hole: nothing has failed there for a whole window';
    log.info({ host }, `${host} is no black hole any more: ${reason}`);
    // From now on it is fit as far as this rule goes: the readmission clock runs from here (judgement.md 12).
    if (standing.off) {
      const fitSinceMs = clock.monoMs();
      wishes.setFlag(RULE, host, { flag: 'on', rule: RULE_NUMBER, reason: 'no black hole', fitSinceMs });
    }
    events.push({
      host,
      service: BLACK_HOLE_SERVICE,
      state: 'ok',
      time,
      ttl: EVENT_TTL_S,
      metric: 0,
      description: reason,
    });
  }

  #tellApplications(failing: readonly Blame[], events: Event[], time: number): void {
    const { log } = this.#options;
    const stand = new Set(failing.map(({ name }) => name));
    for (const { name, counts, reason } of failing.slice(0, MOST_TOLD)) {
      if (!this.#applications.has(name)) log.warn({ application: name, ...counts }, `${name} fails: ${reason}`);
      events.push(applicationEvent(name, 'critical', time, counts.failed, reason));
    }
    for (const name of this.#applications.keys()) {
      if (stand.has(name)) continue;
      log.info({ application: name }, `${name} fails no more`);
      events.push(applicationEvent(name, 'ok', time, 0, 'fails no more'));
    }
    this.#applications.clear();
    for (const { name, reason } of failing) this.#applications.set(name, reason);
  }
}

function applicationEvent(name: string, state: string, time: number, failed: number, description: string): Event {
  const service = escapeControls(`${APPLICATION_SERVICE}${name}`).slice(0, LONGEST_SERVICE);
  return { service, state, time, ttl: EVENT_TTL_S, metric: failed, description: cutToBytes(description, 1024) };
}

/** Ids of tasks are unique within their framework only. */
function keyOf({ id, frameworkId }: { readonly id: string; readonly frameworkId: string }): string {
  return `${frameworkId} ${id}`;
}

function hasEnded(state: string): boolean {
  return !['begun', 'running', 'unsure'].includes(wordOfTask(state, undefined, false));
}
