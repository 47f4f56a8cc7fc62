/** The simulated Mesos against bodies captured from a real 1.12, and how it lives: whitelist, elections, failures. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentService } from '../../demo/simulator/agent-service.ts';
import { type Mesos, type MesosOptions, startMesos } from '../../demo/simulator/mesos.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { until } from '../support/until.ts';
import { differences } from './shapes.ts';

const START_MS = 1_795_343_440_000;

function captured(name: string): unknown {
  return JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}.json`, 'utf8'));
}

function capturedAnswer(name: string): unknown {
  return (captured(name) as { readonly response: { readonly body: unknown } }).response.body;
}

let clock: ManualClock;
let mesos: Mesos;

async function start(options: MesosOptions = {}): Promise<void> {
  mesos = await startMesos({ clock, stepMs: 200, metricsPerSecond: Number.POSITIVE_INFINITY, ...options });
}

interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function ask(path: string, { on = 0, method = 'GET', body = undefined as unknown } = {}): Promise<Got> {
  const answer = await fetch(`${mesos.masters[on]?.url}${path}`, {
    method,
    redirect: 'manual',
    ...(body === undefined
      ? {}
      : {
          headers: { 'content-type': 'application/json' },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

async function read<T = unknown>(path: string, on = 0): Promise<T> {
  return JSON.parse((await ask(path, { on })).body) as T;
}

async function call(body: unknown, on = 0): Promise<Got> {
  return ask('/api/v1', { on, method: 'POST', body });
}

beforeEach(() => {
  clock = new ManualClock(START_MS);
});

afterEach(() => mesos.close());

/** What depends on how the captured cluster was set up, not on Mesos. */
const SET_UP =
  /\.(flags|attributes|labels|completed_frameworks|webui_url|kill_policy)\b|frameworks\[\]\.reregistered_time|statuses\[\]\.reason|\.role: string$|message: string|orphan/;

describe('bodies have the shape of the captured ones', () => {
  beforeEach(async () => {
    await start({ agents: 3, applications: [{ name: 'web', framework: 'f', launchesPerSecond: 5, runsS: [1, 3] }] });
    clock.advance(5_000);
  });

  it('/state', async () => {
    expect(differences(await read('/state'), captured('master_state'), SET_UP)).toEqual({
      missing: [],
      foreign: [],
    });
  });

  it('/state with an unreachable agent', async () => {
    const agent = mesos.world.agent('agent-001.sim.test');
    mesos.world.lose(agent);
    const state = await read<{
      unreachable_slaves: number;
      slaves: unknown[];
      frameworks: { unreachable_tasks: unknown[] }[];
    }>('/state');
    expect(state.unreachable_slaves).toBe(1);
    expect(state.slaves).toHaveLength(2);
    const { missing } = differences(
      { tasks: state.frameworks[0]?.unreachable_tasks },
      { tasks: unreachableTasksCaptured() },
      SET_UP,
    );
    expect(missing).toEqual([]);
  });

  it('/slaves, draining ones too', async () => {
    expect(differences(await read('/slaves'), captured('master_slaves'), SET_UP).missing).toEqual([]);
    const agent = mesos.world.agent('agent-002.sim.test');
    await call({
      type: 'DRAIN_AGENT',
      drain_agent: { agent_id: { value: agent.id }, max_grace_period: { seconds: 9 } },
    });
    const { missing, foreign } = differences(await read('/slaves'), captured('draining_slaves'), SET_UP);
    expect({ missing, foreign }).toEqual({ missing: [], foreign: ['.slaves[].reregistered_time: number'] });
  });

  it('GET_AGENTS, draining ones too', async () => {
    const agents = async () => JSON.parse((await call({ type: 'GET_AGENTS' })).body) as unknown;
    expect(differences(await agents(), capturedAnswer('pair_v1_GET_AGENTS'), SET_UP)).toEqual({
      missing: [],
      foreign: [],
    });
    const agent = mesos.world.agent('agent-002.sim.test');
    await call({
      type: 'DRAIN_AGENT',
      drain_agent: { agent_id: { value: agent.id }, max_grace_period: { seconds: 9 } },
    });
    const { missing } = differences(await agents(), capturedAnswer('pair_draining_GET_AGENTS'), SET_UP);
    expect(missing).toEqual([]);
  });

  it('GET_STATE and GET_MASTER', async () => {
    const state = JSON.parse((await call({ type: 'GET_STATE' })).body) as unknown;
    expect(differences(state, capturedAnswer('pair_v1_GET_STATE'), SET_UP).missing).toEqual([]);
    const master = JSON.parse((await call({ type: 'GET_MASTER' })).body) as unknown;
    expect(differences(master, capturedAnswer('pair_ha2_GET_MASTER'), SET_UP)).toEqual({ missing: [], foreign: [] });
  });

  it('/metrics/snapshot of a leader and of a follower, name for name', async () => {
    const names = (figures: unknown) => Object.keys(figures as object).sort();
    expect(names(await read('/metrics/snapshot'))).toEqual(names(captured('ha2_metrics_snapshot')));
    await mesos.close();
    await start({ masters: 2 });
    expect(names(await read('/metrics/snapshot', 1))).toEqual(names(captured('ha1_metrics_snapshot')));
  });

  it('/state and /metrics/snapshot of an agent', async () => {
    const service = new AgentService(mesos.world, mesos.world.agent('agent-000.sim.test'));
    await service.start();
    const get = async (path: string) => (await fetch(`${service.url}${path}`)).json();
    const { missing, foreign } = differences(await get('/slave(1)/state'), captured('agent2_state'), SET_UP);
    const figures = (await get('/metrics/snapshot')) as object;
    await service.close();
    expect({ missing, foreign }).toEqual({ missing: [], foreign: [] });
    expect(Object.keys(figures).sort()).toEqual(Object.keys(captured('agent1_metrics_snapshot') as object).sort());
  });

  it('the stream: SUBSCRIBED, HEARTBEAT, then tasks, as captured', async () => {
    const lines = await subscribed(() => clock.advance(3_000), 40);
    const theirs = recordsOf(readFileSync('test/fixtures/mesos-1.12/subscribe_stream.txt', 'utf8'));
    expect(lines.slice(0, 2).map(({ type }) => type)).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
    for (const type of ['SUBSCRIBED', 'HEARTBEAT', 'TASK_ADDED', 'TASK_UPDATED']) {
      const of = (records: readonly Named[]) => records.filter((record) => record.type === type);
      expect([type, differences(of(lines), of(theirs), SET_UP).missing]).toEqual([type, []]);
    }
  });
});

interface Named {
  readonly type: string;
}

function unreachableTasksCaptured(): unknown[] {
  const { frameworks } = captured('agent2_unreachable_state') as { frameworks: { unreachable_tasks: unknown[] }[] };
  return frameworks.flatMap(({ unreachable_tasks }) => unreachable_tasks);
}

function recordsOf(stream: string): Named[] {
  const records: Named[] = [];
  let rest = Buffer.from(stream);
  for (let end = rest.indexOf('\n'); end > 0; end = rest.indexOf('\n')) {
    const length = Number(rest.subarray(0, end).toString());
    if (rest.length < end + 1 + length) break;
    records.push(JSON.parse(rest.subarray(end + 1, end + 1 + length).toString()) as Named);
    rest = rest.subarray(end + 1 + length);
  }
  return records;
}

/** @returns at least so many records of a stream during which `meanwhile` went on */
async function subscribed(meanwhile: () => void, least: number): Promise<Named[]> {
  let stream = '';
  const asking = request(`${mesos.masters[0]?.url}/api/v1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
  });
  asking.on('error', () => undefined);
  asking.on('response', (answer) => {
    answer.setEncoding('utf8').on('data', (text: string) => {
      stream += text;
    });
    answer.on('error', () => undefined);
  });
  asking.end(JSON.stringify({ type: 'SUBSCRIBE' }));
  await until(() => stream.includes('HEARTBEAT'), { what: 'the stream to begin' });
  meanwhile();
  const records = await until(() => (recordsOf(stream).length >= least ? recordsOf(stream) : undefined), {
    what: `${least} records`,
  });
  asking.destroy();
  return records;
}

describe('the operator API refuses in the words of the captured answers', () => {
  interface Call {
    readonly name: string;
    readonly method: string;
    readonly path: string;
    readonly request: unknown;
    readonly status: number;
    readonly response: unknown;
  }
  const calls = captured('operator_calls') as Call[];
  const by = (prefix: string) =>
    calls
      .filter(({ name }) => name.startsWith(prefix))
      .sort((one, other) => Number(one.name.split('_')[1]) - Number(other.name.split('_')[1]));

  /** The captured cluster's second agent is the one that the calls are about. */
  const bravo = 'f1dc2551-bbf5-45ac-8eaa-6c039bfe9557-S1';

  async function replay({ method, path, request: body, status, response, name }: Call): Promise<void> {
    const { id, ip } = mesos.world.agent('bravo.test');
    const ours = (text: string) => text.replaceAll(bravo, id).replaceAll('127.0.0.1', ip);
    const sent =
      body === null || body === undefined
        ? undefined
        : typeof body === 'string'
          ? body
          : (JSON.parse(ours(JSON.stringify(body))) as unknown);
    const got = await ask(path, { method, body: sent });
    const expected =
      typeof response === 'string' ? ours(response) : (JSON.parse(ours(JSON.stringify(response))) as unknown);
    const body2 = typeof expected === 'string' ? got.body : (JSON.parse(got.body) as unknown);
    expect([name, got.status, body2]).toEqual([name, status, expected]);
  }

  beforeEach(() =>
    start({ agents: 2, nameOf: (index) => ['alpha.test', 'bravo.test'][index] ?? '', applications: [] }),
  );

  it('DEACTIVATE and REACTIVATE', async () => {
    for (const each of by('reactivate_0')) await replay(each);
    for (const each of by('deactivate')) await replay(each);
    for (const each of by('reactivate_1')) await replay(each);
    for (const each of calls.filter(({ name }) => name === 'mark_gone_unknown')) await replay(each);
  });

  it('DRAIN, which can be taken back only when it is done', async () => {
    for (const each of by('drain_').filter(({ name }) => !/_1[12]_/.test(name))) {
      await replay(each);
      if (/drain_(4|6|8|9)_/.test(each.name)) clock.advance(20_000);
    }
  });

  it('the maintenance schedule', async () => {
    for (const each of by('maint')) await replay(each);
  });

  it('before 1.9 the calls are unknown', async () => {
    await mesos.close();
    await start({ agents: 1, before19: true });
    const answer = await call({ type: 'DEACTIVATE_AGENT', deactivate_agent: { agent_id: { value: 'x' } } });
    expect([answer.status, answer.body]).toEqual([
      400,
      "Failed to convert JSON into Call protobuf: Failed to find enum for 'DEACTIVATE_AGENT'",
    ]);
  });
});

describe('masters', () => {
  const figure = async (on: number, name: string) =>
    (await read<Record<string, number>>('/metrics/snapshot', on))[name];

  it('only the leader answers; the others say where it is, and have no .json', async () => {
    await start({ masters: 3 });
    const port = new URL(mesos.masters[0]?.url ?? '').port;
    const redirected = await ask('/state', { on: 1 });
    expect([redirected.status, redirected.headers.get('location')]).toEqual([307, `//127.0.0.1:${port}/master/state`]);
    expect((await ask('/redirect', { on: 2 })).headers.get('location')).toBe(`//127.0.0.1:${port}`);
    expect([(await ask('/state.json')).status, (await ask('/master/state')).status]).toEqual([404, 200]);
    expect([await figure(0, 'master/elected'), await figure(1, 'master/elected')]).toEqual([1, 0]);
  });

  it('a leader that dies is followed by another, which counts from 0 and shows no agents at first', async () => {
    await start({ masters: 3, applications: [{ name: 'a', framework: 'f', launchesPerSecond: 20, runsS: [0, 1] }] });
    clock.advance(10_000);
    expect(await figure(0, 'master/tasks_finished')).toBeGreaterThan(50);
    await mesos.killLeader();
    expect((await ask('/state', { on: 1 })).status).toBe(307);
    clock.advance(8_500);
    expect(await figure(1, 'master/elected')).toBe(1);
    expect(await figure(1, 'master/slaves_active')).toBe(0);
    clock.advance(500);
    expect(await figure(1, 'master/slaves_active')).toBe(10);
    expect(await figure(1, 'master/tasks_finished')).toBeLessThan(10);
    const first = mesos.masters[0];
    if (first) await mesos.restart(first);
    expect([await figure(0, 'master/elected'), (await ask('/state')).status]).toEqual([0, 307]);
  });

  it('without ZooKeeper there is no leader, without quorum one with no agents', async () => {
    await start({ masters: 2 });
    mesos.loseQuorum();
    expect(await figure(0, 'master/elected')).toBe(1);
    expect((await read<{ slaves: unknown[] }>('/slaves')).slaves).toEqual([]);
    mesos.findQuorum();
    await mesos.loseZooKeeper();
    const answer = await ask('/state', { on: 1 });
    expect([answer.status, answer.body]).toEqual([503, 'No leader elected']);
    mesos.findZooKeeper();
    clock.advance(9_000);
    expect(await figure(1, 'master/slaves_active')).toBe(10);
  });

  it('one that is stopped answers nobody, and another is elected', async () => {
    await start({ masters: 2, applications: [] });
    mesos.pauseLeader();
    const answer = fetch(`${mesos.masters[0]?.url}/metrics/snapshot`).then(
      ({ status }) => status,
      () => 'broken',
    );
    clock.advance(9_000);
    expect(await figure(1, 'master/elected')).toBe(1);
    expect(await answer).toBe('broken');
  });

  it('answers /metrics/snapshot twice a second', async () => {
    await start({ metricsPerSecond: 2 });
    await read('/metrics/snapshot');
    let second = false;
    const later = read('/metrics/snapshot').then(() => {
      second = true;
    });
    await read('/version');
    expect(second).toBe(false);
    clock.advance(500);
    await later;
  });

  it('wants a name and a secret where it is told so', async () => {
    await start({ credentials: { principal: 'satellite', secret: 'word' } });
    const answer = await ask('/slaves');
    expect([answer.status, answer.body, (await ask('/version')).status]).toEqual([401, '401 Unauthorized.', 200]);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="mesos-master-readonly"');
  });
});

describe('life', () => {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-simulator-'));
  const file = join(folder, 'whitelist');
  afterEach(() => rmSync(file, { force: true }));

  function launches(): Map<string, number> {
    const by = new Map<string, number>();
    mesos.world.listen((event) => {
      if (event.kind === 'task-added') by.set(event.task.agent.hostname, (by.get(event.task.agent.hostname) ?? 0) + 1);
    });
    return by;
  }

  const busy = [{ name: 'a', framework: 'f', launchesPerSecond: 50, runsS: [1, 2] as const }];

  it('tasks are launched on listed hosts only, 5 s after the list changed; an empty list stops all', async () => {
    await start({ agents: 4, applications: busy, whitelistOf: () => file });
    const all = launches();
    clock.advance(3_000);
    expect([...all.keys()]).toHaveLength(4);
    writeFileSync(file, 'agent-000.sim.test\nAgent-001.sim.test\nagent-002.sim.test \n');
    clock.advance(5_000);
    const listed = launches();
    clock.advance(5_000);
    expect([...listed.keys()]).toEqual(['agent-000.sim.test']);
    writeFileSync(file, '');
    clock.advance(5_000);
    const none = launches();
    clock.advance(5_000);
    expect(none.size).toBe(0);
    rmSync(file);
    clock.advance(10_000);
    expect(none.size).toBe(0);
  });

  it('is the same again with the same seed', async () => {
    const told: string[][] = [];
    for (const _ of [1, 2]) {
      clock = new ManualClock(START_MS);
      await start({ agents: 5, applications: busy, seed: 7 });
      const lines: string[] = [];
      mesos.world.listen((event) =>
        lines.push(
          event.kind.startsWith('task') && 'task' in event
            ? `${event.task.id} ${event.task.state} ${event.task.agent.hostname}`
            : event.kind,
        ),
      );
      clock.advance(5_000);
      told.push(lines);
      if (told.length === 1) await mesos.close();
    }
    expect(told[0]?.length).toBeGreaterThan(500);
    expect(told[0]).toEqual(told[1]);
  });

  it('a black hole fails what it gets and draws more than others; an application that fails, fails everywhere', async () => {
    await start({
      agents: 10,
      applications: [
        { name: 'a', framework: 'f', launchesPerSecond: 40, runsS: [4, 6] as const },
        { name: 'bad', framework: 'f', launchesPerSecond: 20, failShare: 1 },
      ],
    });
    const hole = mesos.world.agent('agent-003.sim.test');
    hole.failsWithinMs = 200;
    clock.advance(20_000);
    const others = [...mesos.world.agents.values()].filter((agent) => agent !== hole);
    expect(hole.counted.finished).toBe(0);
    expect(hole.counted.launchErrors).toBe(hole.counted.failed);
    expect(hole.counted.failed).toBeGreaterThan(Math.max(...others.map(({ counted }) => counted.failed)));
    const failedElsewhere = others.flatMap(({ completed }) => completed).filter(({ state }) => state === 'TASK_FAILED');
    expect(new Set(failedElsewhere.map(({ application }) => application.name))).toEqual(new Set(['bad']));
    expect(others.every(({ counted }) => counted.failed > 0)).toBe(true);
  });

  it('a deactivated or draining agent gets nothing; a drain ends its tasks', async () => {
    await start({ agents: 2, applications: busy });
    clock.advance(2_000);
    const agent = mesos.world.agent('agent-001.sim.test');
    await call({
      type: 'DRAIN_AGENT',
      drain_agent: { agent_id: { value: agent.id }, max_grace_period: { nanoseconds: 1_000_000 } },
    });
    const after = launches();
    clock.advance(2_000);
    expect([...after.keys()]).toEqual(['agent-000.sim.test']);
    expect([agent.tasks.size, agent.drain?.state, agent.counted.killed > 0]).toEqual([0, 'DRAINED', true]);
  });

  it('an agent comes back with a new id under its old name', async () => {
    await start({ agents: 2, applications: busy });
    clock.advance(2_000);
    const agent = mesos.world.agent('agent-001.sim.test');
    const before = agent.id;
    mesos.world.lose(agent);
    mesos.world.reregister(agent);
    const { slaves } = await read<{ slaves: { id: string; hostname: string }[] }>('/slaves');
    const now = slaves.find(({ hostname }) => hostname === 'agent-001.sim.test');
    expect(now?.id).toBe(agent.id);
    expect(now?.id).not.toBe(before);
  });
});
