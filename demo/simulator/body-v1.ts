/** Bodies and events of the v1 operator API in the form of 1.12. */
import { ALLOCATED, type Json, type MasterFace, pidOf, resourceList, scalars } from './body-v0.ts';
import { type Agent, type Framework, isListed, type Status, type Task, type WorldEvent } from './model.ts';
import { AGENT_CAPABILITIES, BUILD, MASTER_CAPABILITIES } from './version.ts';
import type { World } from './world.ts';

export function getAgents(world: World, hidden: boolean): Json {
  const agents = hidden ? [] : [...world.agents.values()].filter(isListed);
  return { agents: agents.map(agentBody), recovered_agents: [] };
}

export function getState(world: World, hidden: boolean): Json {
  const frameworks = hidden ? [] : [...world.frameworks.values()];
  const running = frameworks.flatMap(({ tasks }) => [...tasks]);
  const isUnreachable = ({ state }: Task) => state === 'TASK_UNREACHABLE';
  return {
    get_tasks: {
      tasks: running.filter((task) => !isUnreachable(task)).map(taskBody),
      unreachable_tasks: running.filter(isUnreachable).map(taskBody),
      completed_tasks: frameworks.flatMap(({ completed }) => completed.map(taskBody)),
    },
    get_executors: { executors: [] },
    get_frameworks: { frameworks: frameworks.map(frameworkBody), completed_frameworks: [] },
    get_agents: getAgents(world, hidden),
  };
}

export function getMaster(face: MasterFace): Json {
  return {
    master_info: {
      id: face.id,
      ip: 16_777_343,
      port: face.port,
      pid: face.pid,
      hostname: face.hostname,
      version: BUILD.version,
      address: { hostname: face.hostname, ip: '127.0.0.1', port: face.port },
      capabilities: MASTER_CAPABILITIES.map((type) => ({ type })),
    },
    start_time: face.startedS,
    elected_time: face.electedS,
  };
}

/** An event of the stream. */
export function eventBody(event: WorldEvent): Json {
  switch (event.kind) {
    case 'task-added':
      return { type: 'TASK_ADDED', task_added: { task: taskBody(event.task) } };
    case 'task-updated': {
      const { task, status } = event;
      const body = {
        framework_id: { value: task.framework.id },
        status: statusBody(task, status),
        state: status.state,
      };
      return { type: 'TASK_UPDATED', task_updated: body };
    }
    case 'agent-added':
      return { type: 'AGENT_ADDED', agent_added: { agent: agentBody(event.agent) } };
    case 'agent-removed':
      return { type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: event.agentId } } };
    case 'framework-added':
      return { type: 'FRAMEWORK_ADDED', framework_added: { framework: frameworkBody(event.framework) } };
    case 'framework-updated':
      return { type: 'FRAMEWORK_UPDATED', framework_updated: { framework: frameworkBody(event.framework) } };
    case 'framework-removed':
      return {
        type: 'FRAMEWORK_REMOVED',
        framework_removed: { framework_info: frameworkBody(event.framework)['framework_info'] },
      };
  }
}

function agentBody(agent: Agent): Json {
  return {
    agent_info: {
      hostname: agent.hostname,
      port: agent.port,
      resources: resourceList(agent, {}),
      attributes: [{ name: 'rack', type: 'TEXT', text: { value: agent.rack } }],
      id: { value: agent.id },
      checkpoint: true,
    },
    active: agent.state === 'active' && !agent.deactivated,
    deactivated: agent.deactivated,
    version: BUILD.version,
    pid: pidOf(agent),
    registered_time: nanoseconds(agent.registeredS),
    ...(agent.reregisteredS === undefined ? {} : { reregistered_time: nanoseconds(agent.reregisteredS) }),
    total_resources: resourceList(agent, { role: '*' }),
    allocated_resources: agent.tasks.size > 0 ? scalars(agent.usedCpus, agent.usedMem, ALLOCATED) : [],
    capabilities: AGENT_CAPABILITIES.map((type) => ({ type })),
    ...(agent.drain
      ? {
          drain_info: {
            state: agent.drain.state,
            config: { max_grace_period: { nanoseconds: 0 }, mark_gone: agent.drain.markGone },
          },
          estimated_drain_start_time: nanoseconds(Math.floor(agent.drain.startedS)),
        }
      : {}),
  };
}

function frameworkBody(framework: Framework): Json {
  let [cpus, mem] = [0, 0];
  for (const task of framework.tasks) {
    cpus += task.cpus;
    mem += task.mem;
  }
  return {
    framework_info: {
      user: 'root',
      name: framework.name,
      id: { value: framework.id },
      failover_timeout: 3600,
      checkpoint: true,
      hostname: framework.hostname,
      roles: [framework.role],
      capabilities: [{ type: 'MULTI_ROLE' }, { type: 'PARTITION_AWARE' }],
    },
    active: framework.active,
    connected: framework.active,
    recovered: false,
    registered_time: nanoseconds(framework.registeredS),
    reregistered_time: nanoseconds(framework.registeredS),
    allocated_resources: framework.tasks.size > 0 ? scalars(cpus, mem, ALLOCATED) : [],
    offer_constraints: {},
  };
}

function taskBody(task: Task): Json {
  const last = task.statuses.length;
  return {
    name: task.name,
    task_id: { value: task.id },
    framework_id: { value: task.framework.id },
    agent_id: { value: task.agentId },
    state: task.state,
    resources: scalars(task.cpus, task.mem, { allocation_info: { role: task.framework.role } }),
    ...(last === 0
      ? {}
      : {
          statuses: task.statuses.map((status) => statusBody(task, status)),
          status_update_state: task.state,
          status_update_uuid: uuidOf(task, last - 1),
        }),
  };
}

function statusBody(task: Task, { state, timeS, message, reason }: Status): Json {
  const head = { task_id: { value: task.id }, state, ...(message === undefined ? {} : { message }) };
  if (state === 'TASK_UNREACHABLE')
    return { ...head, source: 'SOURCE_MASTER', reason: 'REASON_SLAVE_REMOVED', timestamp: timeS };
  return {
    ...head,
    source: 'SOURCE_EXECUTOR',
    ...(reason === undefined ? {} : { reason }),
    agent_id: { value: task.agentId },
    executor_id: { value: task.id },
    timestamp: timeS,
    uuid: uuidOf(
      task,
      task.statuses.findIndex((status) => status.state === state),
    ),
    container_status: {
      container_id: { value: task.containerId },
      network_infos: [{ ip_addresses: [{ protocol: 'IPv4', ip_address: task.agent.ip }] }],
      executor_pid: 1_000 + (task.id.length % 100),
    },
  };
}

function uuidOf({ containerId }: Task, index: number): string {
  return Buffer.from(`${containerId.replaceAll('-', '').slice(0, 14)}${String(index).padStart(2, '0')}`).toString(
    'base64',
  );
}

function nanoseconds(seconds: number): Json {
  return { nanoseconds: Math.round(seconds * 1e9) };
}
