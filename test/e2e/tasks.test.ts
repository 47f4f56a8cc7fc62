/** Task metadata from an agent to two masters, as processes: what was acknowledged stays, and the last word arrives. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StubServer } from '../satellite-slave/support/stub-server.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type MasterProcess, SlaveProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;
interface Executor extends Json {
  id: string;
  tasks: Json[];
  completed_tasks: Json[];
}
interface AgentState extends Json {
  frameworks: (Json & { executors: Executor[]; completed_executors: Executor[] })[];
}

const CAPTURED = readFileSync('test/fixtures/mesos-1.12/agent1_state.json', 'utf8');
const HOST = 'alpha.test';

const folder = mkdtempSync(join(tmpdir(), 'satellite-tasks-'));
let state = JSON.parse(CAPTURED) as AgentState;
const agent = new StubServer(({ path }) =>
  path === '/state' ? { status: 200, body: JSON.stringify(state) } : { status: 404 },
);
const masters: MasterProcess[] = [];
let slave: SlaveProcess;
let redis: RedisServer | undefined;

beforeAll(async () => {
  await agent.listen();
  masters.push(...(await Promise.all(['m1', 'm2'].map((name) => startMaster(join(folder, name))))));
  const comets = [{ name: 'cache-state', period: '200ms', params: { threshold: 1 } }];
  slave = new SlaveProcess(join(folder, 'slave'), HOST, masters, {
    settings: { 'mesos-agent-url': agent.origin, comets },
  });
  slave.launch();
});

afterAll(async () => {
  await Promise.all([slave, ...masters].map((program) => program.kill()));
  await agent.close();
  await redis?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Lays a task of its own executor into the agent's state: still there, or completed. */
function lay(
  id: string,
  statuses: readonly [state: string, timestamp: number][],
  where: 'running' | 'completed',
): void {
  state = structuredClone(state);
  const [framework] = state.frameworks;
  if (!framework) throw new Error('the captured state has a framework');
  const others = (list: Executor[]) => list.filter((executor) => executor.id !== id);
  framework.executors = others(framework.executors);
  framework.completed_executors = others(framework.completed_executors);
  const task = {
    id,
    name: id,
    state: statuses.at(-1)?.[0] ?? 'TASK_STAGING',
    statuses: statuses.map(([word, timestamp]) => ({ state: word, timestamp })),
  };
  const isRunning = where === 'running';
  const executor = {
    id,
    directory: `/work/${id}`,
    tasks: isRunning ? [task] : [],
    completed_tasks: isRunning ? [] : [task],
  };
  (isRunning ? framework.executors : framework.completed_executors).push(executor);
}

const stateAt = async (master: MasterProcess, id: string) =>
  (await master.api('GET', `/tasks/${encodeURIComponent(id)}`)).json['state'];

async function untilAt(all: readonly MasterProcess[], id: string, word: string): Promise<void> {
  for (const master of all)
    await until(async () => (await stateAt(master, id)) === word, { what: `${id} ${word} at ${master.url}` });
}

test("every task of a real agent's state is at both masters, and the event says so", async () => {
  for (const id of ['running-a-3', 'web-1-1']) await untilAt(masters, id, 'TASK_RUNNING');
  await untilAt(masters, 'badcmd-18', 'TASK_FAILED');
  const answer = await masters[0]?.api('GET', '/tasks/finished-1');
  expect(answer?.json).toMatchObject({ host: HOST, state: 'TASK_FINISHED', framework: { name: 'probe' } });
  expect(String(answer?.json['sandbox'])).toMatch(/executors\/finished-1\/runs\//);
  const pruned = await masters[0]?.api('GET', '/state.json?task=finished-1');
  expect(pruned?.json).toMatchObject({ hostname: HOST, completed_frameworks: [] });
  const found = async () => {
    const events = (await masters[0]?.api('GET', '/events'))?.json['events'] as Json[];
    return events.find(({ service }) => service === 'mesos/slave/cache state');
  };
  expect(await until(found, { what: 'the event' })).toMatchObject({ state: 'ok', metric: 0, host: HOST });
});

test('a task seen staging, then only as completed, ends as finished at both', async () => {
  lay('short', [], 'running');
  await untilAt(masters, 'short', 'TASK_STAGING');
  lay(
    'short',
    [
      ['TASK_RUNNING', 10],
      ['TASK_FINISHED', 11],
    ],
    'completed',
  );
  await untilAt(masters, 'short', 'TASK_FINISHED');
  for (const master of masters)
    expect((await master.api('GET', '/tasks/short')).json).toMatchObject({
      started: 10,
      ended: 11,
      sandbox: '/work/short',
    });
});

test('kill -9 of a master in the midst of it: what it acknowledged is there again', async () => {
  const [master] = masters;
  if (!master) throw new Error('no master');
  const acknowledged: string[] = [];
  let going = true;
  const send = async (sender: number) => {
    for (let n = 0; going; n++) {
      const id = `sent-${sender}-${n}`;
      const pruned = { frameworks: [{ executors: [{ tasks: [{ id, state: 'TASK_RUNNING', statuses: [] }] }] }] };
      const answer = await master
        .api('POST', '/tasks', { host: HOST, tasks: [{ id, state: pruned }] })
        .catch(() => undefined);
      if (answer?.status !== 202) return;
      acknowledged.push(id);
    }
  };
  const senders = [0, 1, 2, 3].map(send);
  await until(() => acknowledged.length > 100, { what: 'a hundred acknowledged' });
  await master.kill();
  going = false;
  await Promise.all(senders);
  master.launch();
  await master.untilReady();
  await until(async () => (await master.api('GET', '/readyz')).json['tasks'] === 'ok', { what: 'its task store' });
  for (const id of acknowledged)
    expect({ id, state: await stateAt(master, id) }).toEqual({ id, state: 'TASK_RUNNING' });
});

test('a master that was away gets the newest of everything, also of what Mesos has forgotten', async () => {
  const [away, there] = masters;
  if (!away || !there) throw new Error('no masters');
  lay('long', [['TASK_RUNNING', 20]], 'running');
  await untilAt(masters, 'long', 'TASK_RUNNING');
  await away.kill();
  lay('gone', [['TASK_RUNNING', 21]], 'running');
  await untilAt([there], 'gone', 'TASK_RUNNING');
  lay(
    'gone',
    [
      ['TASK_RUNNING', 21],
      ['TASK_KILLED', 22],
    ],
    'completed',
  );
  lay(
    'long',
    [
      ['TASK_RUNNING', 20],
      ['TASK_FAILED', 23],
    ],
    'completed',
  );
  await untilAt([there], 'gone', 'TASK_KILLED');
  await untilAt([there], 'long', 'TASK_FAILED');
  state = JSON.parse(CAPTURED) as AgentState;
  away.launch();
  await untilAt([away], 'gone', 'TASK_KILLED');
  await untilAt([away], 'long', 'TASK_FAILED');
});

test('a slave without tasks stays below 60 MB', async () => {
  const idle = new StubServer(() => ({ status: 200, body: JSON.stringify({ ...state, frameworks: [] }) }));
  await idle.listen();
  const comets = [{ name: 'cache-state', period: '100ms', params: { threshold: 1 } }];
  const alone = new SlaveProcess(join(folder, 'alone'), 'bravo.test', masters, {
    settings: { 'mesos-agent-url': idle.origin, comets },
  });
  try {
    alone.launch();
    await until(() => idle.requests.length >= 30, { what: 'thirty looks' });
    const kb = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${alone.pid}/status`, 'utf8'))?.[1]);
    expect(kb).toBeGreaterThan(0);
    expect(kb / 1024).toBeLessThan(60);
  } finally {
    await alone.kill();
    await idle.close();
  }
});

test('a Redis behind a master: away, the slave is told to come again; back, the newest arrives', async () => {
  redis = await startRedis();
  const settings = { 'task-store': { kind: 'redis', url: redis.url, keep: '1hour' } };
  const master = await startMaster(join(folder, 'm3'), settings);
  const comets = [{ name: 'cache-state', period: '200ms', params: { threshold: 1 } }];
  const other = new SlaveProcess(join(folder, 'slave3'), HOST, [master], {
    settings: { 'mesos-agent-url': agent.origin, comets },
  });
  try {
    lay('kept', [['TASK_RUNNING', 30]], 'running');
    other.launch();
    await untilAt([master], 'kept', 'TASK_RUNNING');
    await redis.stop();
    lay('kept', [['TASK_FINISHED', 31]], 'completed');
    const away = async () => (await master.api('GET', '/tasks/kept')).status === 503;
    await until(away, { what: 'the loss of Redis' });
    expect((await master.api('GET', '/readyz')).status).toBe(200);
    const refused = () => other.log.some((line) => line.includes('failed to send task metadata'));
    await until(refused, { what: 'the slave to be sent away' });
    await redis.start();
    await untilAt([master], 'kept', 'TASK_FINISHED');
  } finally {
    await Promise.all([other.kill(), master.kill()]);
  }
});
