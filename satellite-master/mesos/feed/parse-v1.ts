/** Agents, frameworks and tasks in the form of the v1 operator API (0.28 to 1.12). What can't be read is undefined. */
import { listAt, numberAt, textAt } from '../../../shared/mesos/index.ts';
import type { AgentRow, FrameworkRow, TaskRow, TaskUpdate } from '../cluster/index.ts';
import { detailsIn, isStart, timesIn } from './task-status.ts';

/** @param value a registered agent, `{agent_info, active, pid, …}` */
export function agentOfV1(value: unknown): AgentRow | undefined {
  const id = textAt(value, 'agent_info', 'id', 'value');
  const hostname = textAt(value, 'agent_info', 'hostname');
  if (id === undefined || hostname === undefined) return undefined;
  const { active, deactivated } = value as { readonly active?: unknown; readonly deactivated?: unknown };
  const drain = textAt(value, 'drain_info', 'state');
  return {
    id,
    hostname,
    pid: textAt(value, 'pid'),
    active: active !== false,
    deactivated: deactivated === true,
    draining: drain === 'DRAINING' || drain === 'DRAINED' ? drain : undefined,
    maintenance: undefined,
    registeredS: secondsAt(value, 'registered_time'),
  };
}

/** @param value `{id: {value}, hostname, …}`: of an agent that the registry knows and the leader has not heard yet */
export function recoveredAgentOfV1(value: unknown): AgentRow | undefined {
  const row = agentOfV1({ agent_info: value });
  return row && { ...row, active: false };
}

export function frameworkOfV1(value: unknown): FrameworkRow | undefined {
  const id = textAt(value, 'framework_info', 'id', 'value');
  if (id === undefined) return undefined;
  const resources = [...listAt(value, 'allocated_resources'), ...listAt(value, 'offered_resources')];
  return {
    id,
    name: textAt(value, 'framework_info', 'name') ?? id,
    hostname: textAt(value, 'framework_info', 'hostname') ?? '',
    active: (value as { readonly active?: unknown }).active !== false,
    mem: sumOf(resources, 'mem'),
    cpus: sumOf(resources, 'cpus'),
    disk: sumOf(resources, 'disk'),
  };
}

/** @param nameOf the name of a framework by its id */
export function taskOfV1(value: unknown, nameOf: (frameworkId: string) => string | undefined): TaskRow | undefined {
  const id = textAt(value, 'task_id', 'value');
  const frameworkId = textAt(value, 'framework_id', 'value');
  const state = textAt(value, 'state');
  if (id === undefined || frameworkId === undefined || state === undefined) return undefined;
  return {
    id,
    name: textAt(value, 'name') ?? id,
    frameworkId,
    frameworkName: nameOf(frameworkId) ?? '',
    agentId: textAt(value, 'agent_id', 'value') ?? '',
    state,
    ...timesIn(listAt(value, 'statuses'), state),
  };
}

/** @param value of TASK_UPDATED. Its `state` may be newer than the status, which then only says when the task started. */
export function updateOfV1(value: unknown): TaskUpdate | undefined {
  const id = textAt(value, 'status', 'task_id', 'value');
  const frameworkId = textAt(value, 'framework_id', 'value');
  const reported = textAt(value, 'status', 'state');
  const state = textAt(value, 'state') ?? reported;
  if (id === undefined || frameworkId === undefined || state === undefined) return undefined;
  const { status } = value as { readonly status?: unknown };
  const ofState = state === reported ? status : undefined;
  return {
    id,
    frameworkId,
    agentId: textAt(status, 'agent_id', 'value'),
    state,
    timeS: numberAt(ofState, 'timestamp'),
    startedS: isStart(reported) ? numberAt(status, 'timestamp') : undefined,
    ...detailsIn(ofState),
  };
}

function secondsAt(value: unknown, key: string): number | undefined {
  const nanoseconds = numberAt(value, key, 'nanoseconds');
  return nanoseconds === undefined ? undefined : nanoseconds / 1e9;
}

function sumOf(resources: readonly unknown[], name: string): number {
  let sum = 0;
  for (const resource of resources)
    if (textAt(resource, 'name') === name) sum += numberAt(resource, 'scalar', 'value') ?? 0;
  return sum;
}
