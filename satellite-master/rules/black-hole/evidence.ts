/**
 * What the black-hole rule has heard: tasks one by one, and the counters of agents; and the judgement of it. A judgement
 * spans turns of the event loop: what is reported meanwhile waits, so that it is about one moment.
 */
import type { Clock } from '../../../shared/clock.ts';
import { interruptibly, type LongWork } from '../../../shared/cooperative.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { attributionOf, type NamedTask } from './application.ts';
import { AgentCounters } from './counters.ts';
import type { Counts } from './counts.ts';
import { outcomeOfTask } from './task-outcome.ts';
import { type TaskStep, TaskWindow } from './task-window.ts';
import { type Blame, judgingBlackHoles, type Thresholds, type Verdict } from './verdict.ts';

/** A task as in the model of the cluster. */
export interface ReportedTask extends NamedTask {
  readonly host: HostName | undefined;
  readonly state: string;
  /** When it went into that state, and when it was first reported; unix seconds. */
  readonly timeS: number | undefined;
  readonly startedS: number | undefined;
  readonly reason: string | undefined;
}

/** @property mayAct false: by counters alone, which name no application */
export interface HostBlame extends Blame {
  readonly mayAct: boolean;
}

export interface Judged {
  readonly hosts: readonly HostBlame[];
  readonly applications: readonly Blame[];
  readonly cleared: readonly Blame[];
}

export interface EvidenceOptions {
  readonly thresholds: Thresholds;
  readonly clock: Clock;
}

const NOTHING: Verdict = { hosts: [], applications: [], cleared: [] };
/** A judgement that so many steps of tasks wait for is given up: the next one knows them. */
const MAX_WAITING = 50_000;

export class Evidence {
  readonly #thresholds: Thresholds;
  readonly #clock: Clock;
  readonly #tasks: TaskWindow;
  readonly #counters: AgentCounters;
  /** Steps of tasks that wait for the end of a judgement; undefined: there is none. */
  #waiting: TaskStep[] | undefined;

  constructor({ thresholds, clock }: EvidenceOptions) {
    this.#thresholds = thresholds;
    this.#clock = clock;
    this.#tasks = new TaskWindow(thresholds.windowS);
    this.#counters = new AgentCounters(thresholds.windowS);
  }

  /** A task that is new, or whose state changed. */
  ingestTask(task: ReportedTask, before: { readonly state: string } | undefined): void {
    if (!task.host || task.state === before?.state) return;
    if (before && hasEnded(before.state)) return;
    const nowS = this.#clock.monoMs() / 1000;
    const wallS = this.#clock.wallMs() / 1000;
    const agoS = (timeS: number) => Math.max(0, wallS - timeS);
    // What changed before our eyes changed now; only what is first heard of is placed by the agent's clock.
    const atS = before || task.timeS === undefined ? nowS : nowS - agoS(task.timeS);
    const key = keyOf(task);
    const isOver = !before && hasEnded(task.state);
    if (isOver && task.timeS === undefined) return;
    // Most of what Mesos reports first ended long ago.
    if (isOver && !this.#tasks.reaches(atS, nowS) && !this.#waiting && !this.#tasks.isLive(key)) return;
    const outcome = outcomeOfTask(task.state, task.reason, before?.state === 'TASK_KILLING');
    const begunS = task.startedS === undefined ? atS : Math.min(atS, nowS - agoS(task.startedS));
    const step = { task: key, host: task.host, outcome, atS, begunS, ...attributionOf(task) };
    if (this.#waiting) this.#waiting.push(step);
    else this.#tasks.take(step);
  }

  /** Counters of agents; all other events are none of its business. */
  ingestEvent(event: Event): void {
    this.#counters.take(event, this.#clock.monoMs() / 1000);
  }

  dropHost(host: HostName): void {
    this.#counters.dropHost(host);
  }

  /** Of the tasks of the host, as far as they are known one by one. */
  countsOf(host: HostName): Readonly<Counts> | undefined {
    return this.#tasks.hosts.get(host)?.counts;
  }

  /**
   * Judges as of now; {@link catchUp} is to follow.
   * @param isKnown where given, tasks that Mesos does not know any more are forgotten first
   * @returns undefined: given up, because too much was reported meanwhile
   */
  *judging(blamedBefore: ReadonlySet<string>, isKnown?: (task: string) => boolean): LongWork<Judged | undefined> {
    this.#waiting ??= [];
    const nowS = this.#clock.monoMs() / 1000;
    if (isKnown) yield* this.#tasks.keepOnly(isKnown);
    yield* this.#tasks.advancing(nowS);
    yield* this.#counters.advancing(nowS);
    const work = this.#judge(blamedBefore);
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      if (this.#waiting.length > MAX_WAITING) return undefined;
      yield;
    }
  }

  /** Applies what was reported during a judgement. */
  *catchUp(): LongWork {
    yield* interruptibly(this.#waiting ?? [], (step) => this.#tasks.take(step), 16);
    this.#waiting = undefined;
  }

  *#judge(blamedBefore: ReadonlySet<string>): LongWork<Judged> {
    const errorsOf = (host: string) => this.#counters.errorsOf(host);
    const input = { thresholds: this.#thresholds, errorsOf, blamedBefore };
    const byTask = this.#tasks.isQuiet ? NOTHING : yield* judgingBlackHoles({ ...input, picture: this.#tasks });
    // Details win: a host whose tasks are known is not judged by its counters.
    const coarse = yield* this.#counters.picture((host) => this.#tasks.hosts.has(host));
    const byCounter = coarse.hosts.size === 0 ? NOTHING : yield* judgingBlackHoles({ ...input, picture: coarse });
    const coarseHosts = byCounter.hosts.map((blame) => {
      const { launch = 0, own = 0 } = errorsOf(blame.name) ?? {};
      const mayAct = launch + own > 0;
      const limit = mayAct ? '' : '; by the counters of its agent alone, which name no application: not taken off';
      return { ...blame, mayAct, reason: `${blame.reason}${limit}` };
    });
    return {
      hosts: [...byTask.hosts.map((blame) => ({ ...blame, mayAct: true })), ...coarseHosts],
      applications: byTask.applications,
      cleared: [...byTask.cleared, ...byCounter.cleared],
    };
  }
}

/** Ids of tasks are unique within their framework only. */
function keyOf({ id, frameworkId }: { readonly id: string; readonly frameworkId: string }): string {
  return `${frameworkId} ${id}`;
}

function hasEnded(state: string): boolean {
  return !['begun', 'running', 'unsure'].includes(outcomeOfTask(state, undefined, false));
}
