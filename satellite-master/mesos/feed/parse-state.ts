/** Agents, frameworks and tasks in the form of `/state`, from 0.2x to 1.12. What can't be read is undefined. */
import { listAt, numberAt, textAt } from '../../../shared/mesos/index.ts';
import type { AgentRow, FrameworkRow, TaskRow } from '../cluster/index.ts';
import { timesIn } from './task-status.ts';

/** @param recovered the registry knows it, and it has not registered with this leader yet */
export function agentOfState(value: unknown, recovered: boolean): AgentRow | undefined {
  const id = textAt(value, 'id');
  const hostname = textAt(value, 'hostname');
  if (id === undefined || hostname === undefined) return undefined;
  const { active, deactivated } = value as { readonly active?: unknown; readonly deactivated?: unknown };
  const drain = textAt(value, 'drain_info', 'state');
  return {
    id,
    hostname,
    pid: textAt(value, 'pid'),
    active: !recovered && active !== false,
    deactivated: deactivated === true,
    draining: drain === 'DRAINING' || drain === 'DRAINED' ? drain : undefined,
    maintenance: undefined,
    registeredS: numberAt(value, 'registered_time'),
  };
}

export function frameworkOfState(value: unknown): FrameworkRow | undefined {
  const id = textAt(value, 'id');
  if (id === undefined) return undefined;
  const of = (resource: string) => numberAt(value, 'resources', resource) ?? 0;
  return {
    id,
    name: textAt(value, 'name') ?? id,
    hostname: textAt(value, 'hostname') ?? '',
    active: (value as { readonly active?: unknown }).active !== false,
    mem: of('mem'),
    cpus: of('cpus'),
    disk: of('disk'),
  };
}

/** @param nameOf the name of a framework by its id */
export function taskOfState(value: unknown, nameOf: (frameworkId: string) => string | undefined): TaskRow | undefined {
  const id = textAt(value, 'id');
  const frameworkId = textAt(value, 'framework_id');
  const state = textAt(value, 'state');
  if (id === undefined || frameworkId === undefined || state === undefined) return undefined;
  return {
    id,
    name: textAt(value, 'name') ?? id,
    frameworkId,
    frameworkName: nameOf(frameworkId) ?? '',
    agentId: textAt(value, 'slave_id') ?? textAt(value, 'agent_id') ?? '',
    state,
    ...timesIn(listAt(value, 'statuses'), state),
  };
}
