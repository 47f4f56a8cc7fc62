/** `/metrics/snapshot` of a master and of an agent, with the names of 1.12. What does not move here is 0. */
import { rounded } from './body-v0.ts';
import { type Agent, isListed } from './model.ts';
import type { Counter, World } from './world.ts';

export interface Standing {
  readonly elected: boolean;
  /** No agents are shown. */
  readonly hidden: boolean;
  readonly uptimeS: number;
  readonly subscribers: number;
}

type Figures = Record<string, number>;

const LATENCY = ['', '/count', '/max', '/min', '/p50', '/p90', '/p95', '/p99', '/p999', '/p9999'];
const RESOURCES = ['cpus', 'disk', 'gpus', 'mem'];
const OPERATIONS = ['create', 'create_disk', 'destroy', 'destroy_disk', 'grow_volume', 'reserve', 'shrink_volume'];
const OUTCOMES = ['dropped', 'error', 'failed', 'finished', 'gone_by_operator', 'pending', 'recovering', 'total'];
const MESSAGES = `authenticate deactivate_framework decline_offers executor_to_framework exited_executor
  framework_to_executor kill_task launch_tasks operation_status_update operation_status_update_acknowledgement
  reconcile_operations reconcile_tasks register_framework register_slave reregister_framework reregister_slave
  resource_request revive_offers status_update status_update_acknowledgement suppress_offers unregister_framework
  unregister_slave update_slave`.split(/\s+/);
const OTHERS = `dropped_messages event_queue_dispatches event_queue_http_requests event_queue_messages http_cache_hits
  outstanding_offers recovery_slave_removals slave_shutdowns_canceled slave_shutdowns_completed
  slave_shutdowns_scheduled slave_unreachable_canceled slave_unreachable_completed slave_unreachable_scheduled
  slave_removals/reason_registered slave_removals/reason_unhealthy slave_removals/reason_unregistered
  tasks_dropped tasks_error tasks_gone valid_executor_to_framework_messages valid_framework_to_executor_messages
  valid_operation_status_update_acknowledgements valid_operation_status_updates
  valid_status_update_acknowledgements valid_status_updates`.split(/\s+/);
const INVALID = `executor_to_framework_messages framework_to_executor_messages operation_status_update_acknowledgements
  operation_status_updates status_update_acknowledgements status_updates`.split(/\s+/);
const COUNTERS: readonly Counter[] = [
  'tasks_finished',
  'tasks_failed',
  'tasks_killed',
  'tasks_lost',
  'tasks_gone_by_operator',
  'slave_registrations',
  'slave_reregistrations',
  'slave_removals',
  'messages_launch_tasks',
  'messages_status_update',
];

const ZEROS: Readonly<Figures> = zeros();

function zeros(): Figures {
  const master = [
    ...RESOURCES.flatMap((name) => shares(name)),
    ...MESSAGES.map((name) => `messages_${name}`),
    ...INVALID.map((name) => `invalid_${name}`),
    ...[...OUTCOMES, 'unreachable'].flatMap((outcome) => [
      `operations/${outcome}`,
      ...[...OPERATIONS, 'unreserve'].map((operation) => `operations/${operation}/${outcome}`),
    ]),
    ...OTHERS,
  ].map((name) => `master/${name}`);
  const allocator = [
    ...['allocation_run_latency_ms', 'allocation_run_ms'].flatMap((name) =>
      LATENCY.map((end) => `mesos/${name}${end}`),
    ),
    ...['cpus', 'disk', 'mem'].flatMap((name) => [
      `mesos/resources/${name}/offered_or_allocated`,
      `mesos/resources/${name}/total`,
    ]),
    ...['event_queue_dispatches', 'mesos/allocation_runs', 'mesos/event_queue_dispatches'],
  ].map((name) => `allocator/${name}`);
  const names = [...allocator, ...master, 'registrar/queued_operations'];
  return Object.fromEntries(names.map((name) => [name, 0]));
}

function shares(name: string): string[] {
  return ['percent', 'revocable_percent', 'revocable_total', 'revocable_used', 'total', 'used'].map(
    (part) => `${name}_${part}`,
  );
}

const SYSTEM: Readonly<Figures> = {
  'system/cpus_total': 2,
  'system/load_15min': 0.5,
  'system/load_1min': 0.4,
  'system/load_5min': 0.45,
  'system/mem_free_bytes': 20_000_000_000,
  'system/mem_total_bytes': 25_000_000_000,
};

export function masterMetrics(world: World, { elected, hidden, uptimeS, subscribers }: Standing): Figures {
  const shown = elected && !hidden;
  const agents = shown ? [...world.agents.values()] : [];
  const figures: Figures = {
    ...ZEROS,
    ...SYSTEM,
    'master/elected': elected ? 1 : 0,
    'master/uptime_secs': uptimeS,
    'master/operator_event_stream_subscribers': subscribers,
    'registrar/log/ensemble_size': 3,
    'registrar/log/recovered': 1,
    ...(elected
      ? { 'registrar/registry_size_bytes': 139, 'registrar/state_fetch_ms': 2, 'registrar/state_store_ms': 3 }
      : {}),
  };
  for (const counter of COUNTERS) figures[`master/${counter}`] = shown ? world.counter(counter) : 0;
  countAgents(figures, agents);
  countTasks(figures, shown ? world : undefined);
  return figures;
}

function countAgents(figures: Figures, agents: readonly Agent[]): void {
  const listed = agents.filter(isListed);
  const count = (pick: (agent: Agent) => boolean) => listed.filter(pick).length;
  figures['master/slaves_connected'] = count(({ state }) => state === 'active');
  figures['master/slaves_disconnected'] = count(({ state }) => state !== 'active');
  figures['master/slaves_active'] = count(({ state, deactivated }) => state === 'active' && !deactivated);
  figures['master/slaves_inactive'] = count(({ state, deactivated }) => state !== 'active' || deactivated);
  figures['master/slaves_unreachable'] = agents.filter(({ state }) => state === 'unreachable').length;
  const sum = (pick: (agent: Agent) => number) => rounded(listed.reduce((all, agent) => all + pick(agent), 0));
  for (const [name, total, used] of [
    ['cpus', sum(({ cpus }) => cpus), sum(({ usedCpus }) => usedCpus)],
    ['mem', sum(({ mem }) => mem), sum(({ usedMem }) => usedMem)],
    ['disk', sum(({ disk }) => disk), 0],
  ] as const) {
    figures[`master/${name}_total`] = total;
    figures[`master/${name}_used`] = used;
    figures[`master/${name}_percent`] = total === 0 ? 0 : used / total;
    figures[`allocator/mesos/resources/${name}/total`] = total;
    figures[`allocator/mesos/resources/${name}/offered_or_allocated`] = used;
  }
}

function countTasks(figures: Figures, world: World | undefined): void {
  for (const state of ['staging', 'starting', 'running', 'killing', 'unreachable'])
    figures[`master/tasks_${state}`] = 0;
  const frameworks = world ? [...world.frameworks.values()] : [];
  const active = frameworks.filter((framework) => framework.active).length;
  figures['master/frameworks_active'] = active;
  figures['master/frameworks_connected'] = active;
  figures['master/frameworks_inactive'] = frameworks.length - active;
  figures['master/frameworks_disconnected'] = frameworks.length - active;
  for (const { tasks } of frameworks)
    for (const { state } of tasks) {
      const name = `master/tasks_${state.slice('TASK_'.length).toLowerCase()}`;
      figures[name] = (figures[name] ?? 0) + 1;
    }
}

export function agentMetrics(agent: Agent, uptimeS: number): Figures {
  const { counted, tasks } = agent;
  const running = [...tasks].filter(({ state }) => state === 'TASK_RUNNING').length;
  const used = { cpus: rounded(agent.usedCpus), mem: agent.usedMem, disk: 0, gpus: 0 };
  const total = { cpus: agent.cpus, mem: agent.mem, disk: agent.disk, gpus: 0 };
  const figures: Figures = { ...Object.fromEntries(AGENT_NAMES.map((name) => [name, 0])), ...SYSTEM };
  for (const name of ['cpus', 'mem', 'disk', 'gpus'] as const) {
    for (const part of shares(name)) figures[`slave/${part}`] = 0;
    figures[`slave/${name}_total`] = total[name];
    figures[`slave/${name}_used`] = used[name];
    figures[`slave/${name}_percent`] = total[name] === 0 ? 0 : used[name] / total[name];
  }
  return Object.assign(figures, {
    'slave/registered': agent.state === 'active' ? 1 : 0,
    'slave/uptime_secs': uptimeS,
    'slave/frameworks_active': new Set([...tasks].map(({ framework }) => framework.id)).size,
    'slave/executors_running': tasks.size,
    'slave/executors_terminated': agent.completed.length,
    'slave/container_launch_errors': counted.launchErrors,
    'slave/tasks_finished': counted.finished,
    'slave/tasks_failed': counted.failed,
    'slave/tasks_killed': counted.killed,
    'slave/tasks_lost': counted.lost,
    'slave/tasks_running': running,
    'slave/tasks_starting': tasks.size - running,
  });
}

const AGENT_NAMES = [
  ...['cache_size_total_bytes', 'cache_size_used_bytes', 'task_fetches_failed', 'task_fetches_succeeded'].map(
    (name) => `containerizer/fetcher/${name}`,
  ),
  'containerizer/mesos/container_destroy_errors',
  'containerizer/mesos/provisioner/bind/remove_rootfs_errors',
  'containerizer/mesos/provisioner/remove_container_errors',
  ...['failed', 'pending', 'succeeded'].map((name) => `gc/path_removals_${name}`),
  ...['events/disconnect', 'events/subscribe', 'subscribed'].map((name) => `resource_provider_manager/${name}`),
  ...`executor_directory_max_allowed_age_secs executors_preempted executors_registering executors_terminating
    invalid_framework_messages invalid_status_updates recovery_errors recovery_time_secs tasks_gone tasks_killing
    tasks_staging valid_framework_messages valid_status_updates`
    .split(/\s+/)
    .map((name) => `slave/${name}`),
];
