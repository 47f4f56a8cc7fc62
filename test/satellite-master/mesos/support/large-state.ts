/** A `/state` as large as that of the largest clusters: 35,000 agents, 100,000 tasks, about 100 MB. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface LargeStateOptions {
  readonly agents: number;
  readonly tasks: number;
  /** Every so many-th task has failed; 0: none. */
  readonly failedEvery?: number;
}

const RESOURCES = { disk: 4096, mem: 65536, gpus: 0, cpus: 32, ports: '[1025-2180, 2182-3887, 3889-5049, 5052-32000]' };
const USED = { disk: 0, mem: 20480, gpus: 0, cpus: 1.24344978758018e-14 };
const PADDING = 'x'.repeat(240);

function agent(index: number): object {
  return {
    id: `0a1b2c3d-4e5f-6789-abcd-ef0123456789-S${index}`,
    hostname: `agent-${index}.cluster.example`,
    port: 5051,
    attributes: { rack: `r${index % 700}`, zone: `z${index % 3}`, kind: PADDING },
    pid: `slave(1)@10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:5051`,
    registered_time: 1795343440.256733 + index,
    resources: RESOURCES,
    used_resources: USED,
    offered_resources: USED,
    reserved_resources: {},
    unreserved_resources: RESOURCES,
    active: true,
    deactivated: false,
    version: '1.12.0',
    capabilities: ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT', 'RESOURCE_PROVIDER', 'AGENT_DRAINING'],
  };
}

function task(index: number, agents: number, failed: boolean): object {
  const status = (state: string, timestamp: number) => ({
    state,
    timestamp,
    container_status: { container_id: { value: '06834f37-c316-4c0f-82ab-940a5da4a68d' }, executor_pid: 32102 },
  });
  const statuses = [status('TASK_STARTING', 1795345017.96 + index), status('TASK_RUNNING', 1795345018.1 + index)];
  const state = failed ? 'TASK_FAILED' : 'TASK_RUNNING';
  return {
    id: `service-${index % 500}.${index}.1fe7-28d9-11e8-964a`,
    name: `service-${index % 500}`,
    framework_id: `0a1b2c3d-4e5f-6789-abcd-ef0123456789-000${index % 5}`,
    executor_id: '',
    slave_id: `0a1b2c3d-4e5f-6789-abcd-ef0123456789-S${index % agents}`,
    state,
    resources: USED,
    role: '*',
    statuses: failed ? [...statuses, status(state, 1795345019.1 + index)] : statuses,
    labels: [{ key: 'team', value: 'web' }],
  };
}

function* text({ agents, tasks, failedEvery = 0 }: LargeStateOptions): Iterable<string> {
  yield '{"version":"1.12.0","id":"m1","pid":"master@10.0.0.1:5050","leader":"master@10.0.0.1:5050","slaves":[';
  yield* list(agents, agent);
  yield '],"recovered_slaves":[],"unreachable_slaves":0,"frameworks":[';
  for (let framework = 0; framework < 5; framework++) {
    const of = Math.ceil((tasks - framework) / 5);
    yield `${framework === 0 ? '' : ','}{"id":"0a1b2c3d-4e5f-6789-abcd-ef0123456789-000${framework}","name":"marathon-${framework}","tasks":[`;
    yield* list(of, (i) => {
      const index = i * 5 + framework;
      return task(index, agents, failedEvery > 0 && index % failedEvery === 0);
    });
    yield '],"completed_tasks":[]}';
  }
  yield '],"completed_frameworks":[],"orphan_tasks":[]}';
}

function* list(count: number, element: (index: number) => object): Iterable<string> {
  for (let from = 0; from < count; from += 100) {
    const some = Array.from({ length: Math.min(100, count - from) }, (_, i) => JSON.stringify(element(from + i)));
    yield `${from === 0 ? '' : ','}${some.join(',')}`;
  }
}

export async function writeLargeState(path: string, options: LargeStateOptions): Promise<void> {
  await pipeline(Readable.from(text(options)), createWriteStream(path));
}
