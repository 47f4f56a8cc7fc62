/** A whole `/state` of a master as differences to what was known before. Pure; for bodies that are parsed already. */
import { isObject, listAt, numberAt } from '../../../shared/mesos/json.ts';
import { type Change, hasEnded, type TaskRow, taskKey } from '../cluster/messages.ts';
import { agentOfState, frameworkOfState, taskOfState } from './parse-state.ts';

/** Ids, and the keys of tasks. */
export interface Known {
  readonly agents: Iterable<string>;
  readonly frameworks: Iterable<string>;
  readonly tasks: Iterable<string>;
}

/** @throws Error where that is not a master's state */
export function changesOfState(
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
export function byTime(one: TaskRow, other: TaskRow): number {
  return (one.timeS ?? Number.MAX_VALUE) - (other.timeS ?? Number.MAX_VALUE);
}

function idsOf(rows: readonly { readonly id: string }[]): readonly string[] {
  return rows.map(({ id }) => id);
}

function missing(known: Iterable<string>, now: readonly string[]): readonly string[] {
  const there = new Set(now);
  return [...known].filter((id) => !there.has(id));
}
