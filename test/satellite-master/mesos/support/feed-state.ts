/** A whole `/state` of a master as differences to what was known before. Pure; for bodies that are parsed already. */

import {
  type Change,
  type ClusterView,
  hasEnded,
  type TaskRow,
  taskKey,
} from '../../../../satellite-master/mesos/cluster/index.ts';
import { agentOfState, frameworkOfState, taskOfState } from '../../../../satellite-master/mesos/feed/parse-state.ts';
import { isObject, listAt, numberAt } from '../../../../shared/mesos/index.ts';

/** Ids, and the keys of tasks. */
interface Known {
  readonly agents: Iterable<string>;
  readonly frameworks: Iterable<string>;
  readonly tasks: Iterable<string>;
}

/** @throws Error where that is not a master's state */
function changesOfState(
  body: unknown,
  known: Known,
): { readonly changes: readonly Change[]; readonly unreachable: number | undefined } {
  if (!isObject(body) || !Array.isArray(body['slaves'])) throw new Error("not a master's state: no list of slaves");
  const agents = [
    ...listAt(body, 'slaves').map((slave) => agentOfState(slave, false)),
    ...listAt(body, 'recovered_slaves').map((slave) => agentOfState(slave, true)),
  ].flatMap((row) => row ?? []);
  const living = listAt(body, 'frameworks');
  const all = [...listAt(body, 'completed_frameworks'), ...living];
  const frameworks = living.flatMap((value) => frameworkOfState(value) ?? []);
  const names = new Map(all.flatMap((value) => frameworkOfState(value) ?? []).map(({ id, name }) => [id, name]));
  const nameOf = (id: string) => names.get(id);
  const rowsOf = (values: readonly unknown[]) => values.flatMap((value) => taskOfState(value, nameOf) ?? []);
  const ended = rowsOf(all.flatMap((value) => listAt(value, 'completed_tasks')));
  const tasks = [
    // Mesos lists as completed also what it lost sight of in another state, e.g. on an agent that is gone.
    ...ended.filter(({ state }) => hasEnded(state)),
    ...rowsOf(listAt(body, 'orphan_tasks')),
    ...rowsOf(living.flatMap((value) => [...listAt(value, 'unreachable_tasks'), ...listAt(value, 'tasks')])),
  ].sort(byTime);
  return {
    changes: [
      ...frameworks.map((framework) => ({ framework })),
      ...agents.map((agent) => ({ agent })),
      ...tasks.map((task) => ({ task })),
      ...missing(known.tasks, tasks.map(taskKey)).map((goneTask) => ({ goneTask })),
      ...missing(known.agents, idsOf(agents)).map((goneAgent) => ({ goneAgent })),
      ...missing(known.frameworks, idsOf(frameworks)).map((goneFramework) => ({ goneFramework })),
    ],
    unreachable: numberAt(body, 'unreachable_slaves'),
  };
}

/** What happened first is told first; what has no time yet has just begun. */
function byTime(one: TaskRow, other: TaskRow): number {
  return (one.timeS ?? Number.MAX_VALUE) - (other.timeS ?? Number.MAX_VALUE);
}

function idsOf(rows: readonly { readonly id: string }[]): readonly string[] {
  return rows.map(({ id }) => id);
}

function missing(known: Iterable<string>, now: readonly string[]): readonly string[] {
  const there = new Set(now);
  return [...known].filter((id) => !there.has(id));
}

/** Tells the view a whole state at once, as a poll of it would have told it. */
export function feedState(view: ClusterView, body: unknown): void {
  const { changes, unreachable } = changesOfState(body, {
    agents: view.agents().keys(),
    frameworks: view.frameworks().keys(),
    tasks: Array.from(view.tasks(), taskKey),
  });
  view.take({ kind: 'changes', changes, more: false });
  view.take({ kind: 'answered', unreachable });
}
