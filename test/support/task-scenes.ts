/** Tasks that begin and end on hosts, told to the black-hole rule as they would be. */
import { noCounts, type WindowCounts } from '../../satellite-master/rules/black-hole/counts.ts';
import { type TaskStep, TaskWindow } from '../../satellite-master/rules/black-hole/task-window.ts';
import {
  type AgentErrors,
  judgeBlackHoles,
  type Thresholds,
  type Verdict,
} from '../../satellite-master/rules/black-hole/verdict.ts';

export const THRESHOLDS: Thresholds = { windowS: 300, failsToStarts: 0.75, failsToFinishes: 3, leastFailures: 5 };

/** How many tasks of an application failed on a host, and how many went well: `{bad: {web: [20, 0]}}`. */
export type Scene = Readonly<Record<string, Readonly<Record<string, readonly [failed: number, well: number]>>>>;

export interface SceneOptions {
  readonly thresholds?: Thresholds;
  readonly errors?: Readonly<Record<string, AgentErrors>>;
  readonly before?: readonly string[];
}

let serial = 0;

/** One task that began and ended. */
export function task(
  host: string,
  application: string,
  outcome: 'failed' | 'finished' | 'ended',
  atS: number,
  instance = '',
) {
  const common = { task: `task ${serial++}`, host, application, instance, begunS: atS };
  return [
    { ...common, outcome: 'begun', atS },
    { ...common, outcome, atS: atS + 1 },
  ] as const satisfies readonly TaskStep[];
}

export function pictureOf(scene: Scene): WindowCounts {
  const window = new TaskWindow(THRESHOLDS.windowS);
  for (const [host, applications] of Object.entries(scene)) {
    for (const [application, [failed, well]] of Object.entries(applications)) {
      for (let at = 0; at < failed; at++) for (const step of task(host, application, 'failed', at)) window.take(step);
      for (let at = 0; at < well; at++) for (const step of task(host, application, 'finished', at)) window.take(step);
    }
  }
  window.advance(250);
  return window;
}

export function judged(
  scene: Scene,
  { thresholds = THRESHOLDS, errors = {}, before = [] }: SceneOptions = {},
): Verdict {
  const picture = pictureOf(scene);
  return judgeBlackHoles({ picture, thresholds, errorsOf: (host) => errors[host], blamedBefore: new Set(before) });
}

export function names(blames: readonly { readonly name: string }[]): string[] {
  return blames.map(({ name }) => name);
}

/** What the window counts of an application on a host. */
export function countsAt(window: WindowCounts, host: string, application: string) {
  return { ...(window.hosts.get(host)?.cells.get(application)?.counts ?? noCounts()) };
}
