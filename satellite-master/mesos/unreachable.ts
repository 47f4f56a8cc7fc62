/** Which agents that went out of the answers are unreachable. Mesos gives their number, never their names. */
import type { ClusterAgent, ClusterTask } from './cluster.ts';
import type { HeldAgents } from './held-agents.ts';

/**
 * The signs: one of its tasks is TASK_UNREACHABLE, or Mesos counts as many unreachable agents as went missing.
 * One that is registered again at the same address is not missed.
 * @param candidates those that went last first
 * @param counted how many Mesos says; undefined: it did not say
 * @returns ids
 */
export function stillUnreachable(
  candidates: readonly ClusterAgent[],
  counted: number | undefined,
  agents: Pick<HeldAgents, 'of'>,
  tasks: Iterable<ClusterTask>,
): ReadonlySet<string> {
  const missed = candidates.filter(({ id, host, pid }) => {
    const others = host === undefined ? [] : agents.of(host);
    return !others.some((other) => other.id !== id && other.pid === pid && other.active);
  });
  const ofTasks = new Set<string>();
  for (const { state, agentId } of tasks) if (state === 'TASK_UNREACHABLE') ofTasks.add(agentId);
  const keep = new Set(missed.map(({ id }) => id).filter((id) => ofTasks.has(id)));
  for (const { id } of missed) {
    if (keep.size >= (counted ?? 0)) break;
    keep.add(id);
  }
  return keep;
}
