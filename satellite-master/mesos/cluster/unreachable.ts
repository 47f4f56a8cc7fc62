/** Which missing agents are unreachable. Mesos gives their number, never their names. */
import type { AgentTable } from './agent-table.ts';
import type { ClusterAgent } from './cluster.ts';

/**
 * The evidence: one of its tasks is TASK_UNREACHABLE, or Mesos counts as many unreachable agents as are missing.
 * An agent that is registered again at the same address is not missing.
 * @param candidates the last to leave first
 * @param ofTasks agents with such a task
 * @param counted how many Mesos counts; undefined: it did not say
 * @returns ids
 */
export function stillUnreachable(
  candidates: readonly ClusterAgent[],
  counted: number | undefined,
  agents: Pick<AgentTable, 'of'>,
  ofTasks: ReadonlySet<string>,
): ReadonlySet<string> {
  const missed = candidates.filter(({ id, host, pid }) => {
    const others = host === undefined ? [] : agents.of(host);
    return !others.some((other) => other.id !== id && other.pid === pid && other.active);
  });
  const keep = new Set(missed.map(({ id }) => id).filter((id) => ofTasks.has(id)));
  for (const { id } of missed) {
    if (keep.size >= (counted ?? 0)) break;
    keep.add(id);
  }
  return keep;
}
