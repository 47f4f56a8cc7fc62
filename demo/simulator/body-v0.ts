/** Bodies of `/state` and `/slaves` in the form of 1.12, made piece by piece: a large cluster's is 100 MB. */
import { type Agent, type Framework, isListed, type Task } from './model.ts';
import { AGENT_CAPABILITIES, BUILD, MASTER_CAPABILITIES } from './version.ts';
import type { World } from './world.ts';

/** A master as it shows itself. */
export interface MasterFace {
  readonly id: string;
  readonly hostname: string;
  readonly port: number;
  readonly pid: string;
  readonly startedS: number;
  readonly electedS: number;
  readonly flags: Readonly<Record<string, string>>;
}

export type Json = Readonly<Record<string, unknown>>;

const NONE = { disk: 0, mem: 0, gpus: 0, cpus: 0 } as const;

export function resources(cpus: number, mem: number, disk = 0): Json {
  return { disk, mem, gpus: 0, cpus: rounded(cpus) };
}

/** Sums of tenths without their tail. */
export function rounded(figure: number): number {
  return Math.round(figure * 1000) / 1000;
}

/** @param hidden nobody has registered with this leader yet, or it has no quorum */
export function* stateParts(world: World, face: MasterFace, hidden: boolean): Generator<string> {
  const agents = hidden ? [] : [...world.agents.values()];
  const count = (pick: (agent: Agent) => boolean) => agents.filter(pick).length;
  const head = {
    ...BUILD,
    start_time: face.startedS,
    elected_time: face.electedS,
    id: face.id,
    pid: face.pid,
    hostname: face.hostname,
    capabilities: MASTER_CAPABILITIES,
    activated_slaves: count(({ state, deactivated }) => state === 'active' && !deactivated),
    deactivated_slaves: count((agent) => isListed(agent) && (agent.deactivated || agent.state !== 'active')),
    unreachable_slaves: count(({ state }) => state === 'unreachable'),
    leader: face.pid,
    leader_info: { id: face.id, pid: face.pid, port: face.port, hostname: face.hostname },
    cluster: face.flags['cluster'] ?? 'sim',
    flags: face.flags,
  };
  yield `${JSON.stringify(head).slice(0, -1)},`;
  yield* listParts('slaves', agents.filter(isListed), slave);
  yield ',"recovered_slaves":[],"frameworks":[';
  let first = true;
  for (const framework of hidden ? [] : world.frameworks.values()) {
    yield `${first ? '' : ','}`;
    first = false;
    yield* frameworkParts(framework);
  }
  yield '],"completed_frameworks":[],"orphan_tasks":[],"unregistered_frameworks":[]}';
}

export function* slavesParts(world: World, hidden: boolean): Generator<string> {
  yield '{';
  yield* listParts('slaves', hidden ? [] : [...world.agents.values()].filter(isListed), slaveInFull);
  yield ',"recovered_slaves":[]}';
}

function* listParts<T>(name: string, items: Iterable<T>, body: (item: T) => Json): Generator<string> {
  let part = `"${name}":[`;
  let first = true;
  for (const item of items) {
    part += (first ? '' : ',') + JSON.stringify(body(item));
    first = false;
    if (part.length > 250_000) {
      yield part;
      part = '';
    }
  }
  yield `${part}]`;
}

function* frameworkParts(framework: Framework): Generator<string> {
  const { id, name, role, hostname, active, registeredS, tasks, completed } = framework;
  let [cpus, mem] = [0, 0];
  for (const task of tasks) {
    cpus += task.cpus;
    mem += task.mem;
  }
  const head = {
    id,
    name,
    used_resources: resources(cpus, mem),
    offered_resources: NONE,
    capabilities: ['MULTI_ROLE', 'PARTITION_AWARE'],
    hostname,
    webui_url: '',
    active,
    connected: active,
    recovered: false,
    user: 'root',
    failover_timeout: 3600,
    checkpoint: true,
    registered_time: registeredS,
    unregistered_time: 0,
    resources: resources(cpus, mem),
    roles: [role],
  };
  yield `${JSON.stringify(head).slice(0, -1)},`;
  const running = [...tasks];
  const isUnreachable = ({ state }: Task) => state === 'TASK_UNREACHABLE';
  yield* listParts(
    'tasks',
    running.filter((task) => !isUnreachable(task)),
    taskBody,
  );
  yield ',';
  yield* listParts('unreachable_tasks', running.filter(isUnreachable), taskBody);
  yield ',';
  yield* listParts('completed_tasks', completed, taskBody);
  yield ',"offers":[],"executors":[],"offer_constraints":{}}';
}

export function taskBody(task: Task): Json {
  const container_status = {
    container_id: { value: task.containerId },
    network_infos: [{ ip_addresses: [{ protocol: 'IPv4', ip_address: task.agent.ip }] }],
  };
  return {
    id: task.id,
    name: task.name,
    framework_id: task.framework.id,
    executor_id: '',
    slave_id: task.agentId,
    state: task.state,
    resources: resources(task.cpus, task.mem),
    role: task.framework.role,
    // An unreachable task's last status comes from the master, which knows no container.
    statuses: task.statuses.map(({ state, timeS }) =>
      state === 'TASK_UNREACHABLE' ? { state, timestamp: timeS } : { state, timestamp: timeS, container_status },
    ),
  };
}

function slave(agent: Agent): Json {
  const all = { ...resources(agent.cpus, agent.mem, agent.disk), ports: '[31000-32000]' };
  return {
    id: agent.id,
    hostname: agent.hostname,
    port: agent.port,
    attributes: { rack: agent.rack },
    pid: pidOf(agent),
    registered_time: agent.registeredS,
    ...(agent.reregisteredS === undefined ? {} : { reregistered_time: agent.reregisteredS }),
    resources: all,
    used_resources: resources(agent.usedCpus, agent.usedMem),
    offered_resources: NONE,
    reserved_resources: {},
    unreserved_resources: all,
    active: agent.state === 'active' && !agent.deactivated,
    deactivated: agent.deactivated,
    version: BUILD.version,
    capabilities: AGENT_CAPABILITIES,
    ...(agent.drain
      ? {
          drain_info: {
            state: agent.drain.state,
            config: { max_grace_period: { nanoseconds: 0 }, mark_gone: agent.drain.markGone },
          },
          estimated_drain_start_time_seconds: agent.drain.startedS,
        }
      : {}),
  };
}

function slaveInFull(agent: Agent): Json {
  const used = agent.usedCpus > 0 || agent.usedMem > 0 ? [agent.usedCpus, agent.usedMem] : undefined;
  return {
    ...slave(agent),
    reserved_resources_full: {},
    unreserved_resources_full: resourceList(agent, { role: '*' }),
    used_resources_full: used ? scalars(agent.usedCpus, agent.usedMem, ALLOCATED) : [],
    offered_resources_full: [],
  };
}

export const ALLOCATED = { role: '*', allocation_info: { role: '*' } } as const;

/** An agent's resources in v1's form. */
export function resourceList(agent: Agent, extra: Json): readonly Json[] {
  return [
    ...scalars(agent.cpus, agent.mem, extra),
    { name: 'disk', type: 'SCALAR', scalar: { value: agent.disk }, ...extra },
    { name: 'ports', type: 'RANGES', ranges: { range: [{ begin: 31_000, end: 32_000 }] }, ...extra },
  ];
}

export function scalars(cpus: number, mem: number, extra: Json): readonly Json[] {
  return [
    { name: 'cpus', type: 'SCALAR', scalar: { value: rounded(cpus) }, ...extra },
    { name: 'mem', type: 'SCALAR', scalar: { value: mem }, ...extra },
  ];
}

export function pidOf({ ip, port }: Agent): string {
  return `slave(1)@${ip}:${port}`;
}
