/** Walks what was captured through the rule, minute by minute: whom it would have blamed, and why. Pure. */
import {
  attributionOf,
  type Blame,
  judgeBlackHoles,
  outcomeOfTask,
  type TaskStep,
  TaskWindow,
  type Thresholds,
} from '../rules/black-hole/index.ts';
import type { CapturedTask } from './captured.ts';

/** What the rule said in one minute of one host or application (docs/replay.md). Times are unix seconds. */
export interface ReplayLine {
  readonly time: number;
  readonly kind: 'host' | 'application';
  readonly host?: string;
  readonly application?: string;
  /** false: above the original's thresholds, and not blamed all the same. */
  readonly blamed: boolean;
  /** First and last minute for which the same was said without a break. */
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** The same over all its minutes. */
export interface Episode extends Omit<ReplayLine, 'time'> {
  /** Of the worst minute. */
  readonly failed: number;
  readonly lines: readonly ReplayLine[];
}

const MINUTE_S = 60;

/** A minute's outcome before it is known how long it lasts. */
interface TimedBlame {
  readonly time: number;
  readonly blame: Blame;
}

interface Open {
  readonly kind: ReplayLine['kind'];
  readonly blamed: boolean;
  readonly blames: TimedBlame[];
}

export function replay(tasks: readonly CapturedTask[], thresholds: Thresholds): readonly Episode[] {
  const steps = tasks.flatMap(stepsOf).sort((a, b) => a.atS - b.atS);
  const window = new TaskWindow(thresholds.windowS);
  const open = new Map<string, Open>();
  const episodes: Episode[] = [];
  let blamedBefore: ReadonlySet<string> = new Set();
  let next = 0;
  let timeS = minuteAfter(steps[0]?.atS ?? 0);
  while (next < steps.length || !window.isQuiet || open.size > 0) {
    for (let step = steps[next]; step && step.atS <= timeS; step = steps[++next]) window.take(step);
    window.advance(timeS);
    const verdict = judgeBlackHoles({ picture: window, thresholds, errorsOf: () => undefined, blamedBefore });
    blamedBefore = new Set(verdict.hosts.map(({ name }) => name));
    const now = new Map<string, Open>();
    const collect = (kind: Open['kind'], blamed: boolean, blames: readonly Blame[]) => {
      for (const blame of blames) {
        const key = `${kind} ${blamed} ${blame.name}`;
        const episode = open.get(key) ?? { kind, blamed, blames: [] };
        episode.blames.push({ time: timeS, blame });
        now.set(key, episode);
      }
    };
    collect('host', true, verdict.hosts);
    collect('host', false, verdict.cleared);
    collect('application', true, verdict.applications);
    for (const [key, episode] of open) {
      if (now.has(key)) continue;
      open.delete(key);
      episodes.push(closed(episode));
    }
    for (const [key, episode] of now) open.set(key, episode);
    const following = steps[next];
    timeS = window.isQuiet && open.size === 0 && following ? minuteAfter(following.atS) : timeS + MINUTE_S;
  }
  return episodes.sort((a, b) => a.from - b.from);
}

/** Every minute of all episodes, in the order of time. */
export function linesOf(episodes: readonly Episode[]): readonly ReplayLine[] {
  return episodes.flatMap(({ lines }) => lines).sort((a, b) => a.time - b.time);
}

function closed({ kind, blamed, blames }: Open): Episode {
  const worst = blames.reduce((a, b) => (b.blame.counts.failed > a.blame.counts.failed ? b : a));
  const { name } = worst.blame;
  const from = blames[0]?.time ?? worst.time;
  const to = blames.at(-1)?.time ?? worst.time;
  const common = { kind, ...(kind === 'host' ? { host: name } : { application: name }), blamed, from, to };
  return {
    ...common,
    reason: worst.blame.reason,
    failed: worst.blame.counts.failed,
    lines: blames.map(({ time, blame: { reason } }) => ({ time, ...common, reason })),
  };
}

/** First seen: begun; first running: running; and the time at which it went into the state it has. */
function stepsOf(task: CapturedTask, index: number): TaskStep[] {
  const { host, state, statuses } = task;
  const [first] = statuses;
  if (!first) return [];
  const common = { task: String(index), host, begunS: first.timeS, ...attributionOf(task) };
  const steps: TaskStep[] = [{ ...common, outcome: 'begun', atS: first.timeS }];
  const running = statuses.find((status) => status.state === 'TASK_RUNNING');
  if (running) steps.push({ ...common, outcome: 'running', atS: running.timeS });
  const last = statuses.find((status) => status.state === state) ?? statuses.at(-1) ?? first;
  const killing = statuses.some((status) => status.state === 'TASK_KILLING' && status.timeS <= last.timeS);
  const outcome = outcomeOfTask(state, last.reason, killing);
  if (outcome !== 'begun' && outcome !== 'running') steps.push({ ...common, outcome, atS: last.timeS });
  return steps;
}

function minuteAfter(atS: number): number {
  return Math.ceil(atS / MINUTE_S) * MINUTE_S;
}
