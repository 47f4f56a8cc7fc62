/** The comet cache-state with real HTTP on both sides: an agent that says what it is told to, and masters. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { RECIPES } from '../../satellite-slave/comets/recipes.ts';
import { HttpAgent } from '../../satellite-slave/mesos/agent.ts';
import { MastersKeeper } from '../../satellite-slave/uplink/task-keeper.ts';
import { TaskUplink } from '../../satellite-slave/uplink/task-uplink.ts';
import { Token } from '../../satellite-slave/uplink/token.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { HttpClient } from '../../shared/http-client.ts';
import { until } from '../support/until.ts';
import { logLines } from './support/log-lines.ts';
import { runComet } from './support/run-comet.ts';
import { fileWith } from './support/settings-file.ts';
import { type Reply, type Request, StubServer } from './support/stub-server.ts';

const HOST = parseHostName('a1.example') as HostName;
const CAPTURED = readFileSync('test/fixtures/mesos-1.12/agent1_state.json', 'utf8');

interface Told {
  readonly id: string;
  readonly state: {
    readonly frameworks: readonly [{ readonly executors: readonly [{ readonly tasks: readonly [object] }] }];
  };
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Waits a twentieth of the time, a third where the wait is long; and can be set on by hours. */
function hasty(): Clock & { onMs: number } {
  const clock = {
    ...systemClock,
    onMs: 0,
    monoMs: () => systemClock.monoMs() + clock.onMs,
    after: (delayMs: number, task: () => void) => systemClock.after(delayMs / (delayMs < 3_000 ? 20 : 3), task),
  };
  return clock;
}

const tasksOf = ({ body }: Request) => (JSON.parse(body) as { tasks: Told[] }).tasks;
const takeAll = (request: Request): Reply => ({
  status: 202,
  body: JSON.stringify({ accepted: tasksOf(request).length, rejected: [] }),
});
const lone = (...tasks: object[]) =>
  JSON.stringify({ id: 'S1', frameworks: [{ id: 'F', executors: [{ id: 'E', tasks, completed_tasks: [] }] }] });

class Master {
  readonly server: StubServer;
  readonly uplink: TaskUplink;
  readonly lines: string[];
  readonly entries: Record<string, unknown>[];

  constructor(server: StubServer, uplink: TaskUplink, lines: string[], entries: Record<string, unknown>[]) {
    this.server = server;
    this.uplink = uplink;
    this.lines = lines;
    this.entries = entries;
  }

  /** Of each request the ids, sorted. */
  get told(): string[][] {
    return this.server.requests.map((request) =>
      tasksOf(request)
        .map(({ id }) => id)
        .sort(),
    );
  }
}

async function house(replies: readonly ((request: Request) => Reply)[], { token }: { token?: string } = {}) {
  const agentServer = new StubServer(({ path }) =>
    path === '/state' ? { status: 200, body: agent.body } : { status: 404 },
  );
  const agent = { body: CAPTURED, server: agentServer };
  const http = new HttpAgent({ origin: await agentServer.listen() });
  const clock = hasty();
  const masters: Master[] = [];
  for (const reply of replies) {
    const server = new StubServer(reply);
    const { log, lines, entries } = logLines();
    const client = new HttpClient(await server.listen());
    const uplink = new TaskUplink(
      { client, token: new Token(token), clock, hostName: () => HOST },
      { clock, log, random: () => 0.5 },
    );
    masters.push(new Master(server, uplink, lines, entries));
    closing.push(
      () => server.close(),
      () => uplink.close(),
    );
  }
  closing.push(
    () => agentServer.close(),
    () => http.close(),
  );
  const keeper = new MastersKeeper(
    () => masters.map(({ uplink }) => uplink),
    {
      name: HOST,
      onName: (listener) => {
        listener(HOST);
        return () => undefined;
      },
    },
    clock,
  );
  const recipe = RECIPES.get('cache-state');
  const comet = recipe?.make({ threshold: 3 });
  if (!comet) throw new Error('no comet');
  const run = async (): Promise<Event> => {
    const settings = { name: 'cache-state', periodMs: 60_000, timeoutMs: 10_000, comet };
    const [event] = await runComet(settings, { agent: http, tasks: keeper });
    if (!event) throw new Error('no event');
    return event;
  };
  const [master] = masters;
  if (!master) throw new Error('no master');
  return { agent, masters, master, run, clock };
}

describe('a look at the agent', () => {
  test('gives every task to every master, and the event says that none failed', async () => {
    const { masters, run } = await house([takeAll, takeAll]);
    expect(await run()).toMatchObject({ service: 'cache state', metric: 0, state: 'ok', description: '7 tasks' });
    for (const master of masters) {
      await until(() => master.told.length > 0, { what: 'the master to be told' });
      expect(master.told.flat()).toHaveLength(7);
      expect(master.server.requests[0]).toMatchObject({ method: 'POST', path: '/tasks' });
      expect(JSON.parse(master.server.requests[0]?.body ?? '')).toMatchObject({ host: HOST });
    }
  });

  test('the next tells only of what changed', async () => {
    const { master, run, agent } = await house([takeAll]);
    agent.body = lone({ id: 'a', state: 'TASK_STAGING' }, { id: 'b', state: 'TASK_RUNNING' });
    await run();
    await run();
    agent.body = lone({ id: 'a', state: 'TASK_RUNNING' }, { id: 'b', state: 'TASK_RUNNING' });
    await run();
    expect(master.told).toEqual([['a', 'b'], ['a']]);
  });

  test('what has not changed for hours is told again, in case the master has lost it', async () => {
    const { master, run, clock } = await house([takeAll]);
    await run();
    clock.onMs = 5.9 * 3_600_000;
    await run();
    expect(master.told).toHaveLength(1);
    clock.onMs = 6.1 * 3_600_000;
    await run();
    expect(master.told).toHaveLength(2);
  });

  test('an agent that does not answer, or not with a state: unknown', async () => {
    const { run, agent, master } = await house([takeAll]);
    agent.body = '{"frameworks": [';
    expect(await run()).toMatchObject({
      service: 'cache state',
      state: 'unknown',
      description: expect.stringMatching(/no JSON/),
    });
    agent.body = `"${'x'.repeat(33 * 1024 * 1024)}"`;
    expect(await run()).toMatchObject({
      state: 'unknown',
      description: expect.stringMatching(/longer than 33554432 bytes/),
    });
    await agent.server.close();
    expect(await run()).toMatchObject({ state: 'unknown' });
    expect(master.told).toEqual([]);
  });
});

describe('a master that does not take them', () => {
  test('does not matter as long as another does; a digest counts for each by itself', async () => {
    let open = false;
    const {
      masters,
      run,
      master: away,
    } = await house([(request) => (open ? takeAll(request) : { status: 503 }), takeAll]);
    expect(await run()).toMatchObject({ metric: 0, state: 'ok' });
    const before = away.told.length;
    open = true;
    await until(() => away.told.slice(before).length > 0, { what: 'the master to be told again' });
    expect(away.told.at(-1)).toHaveLength(7);
    expect(masters[1]?.told.flat()).toHaveLength(7);
  });

  test('of all masters none: so many failed, critical from the threshold on', async () => {
    const { run, agent } = await house([() => ({ status: 202, body: '{"rejected":[{"index":0,"reason":"odd"}]}' })]);
    agent.body = lone({ id: 'a' });
    expect(await run()).toMatchObject({ metric: 1, state: 'ok', description: '1 of 1 tasks could not be stored' });
    const other = await house([() => ({ status: 400, body: '{"detail":"none is acceptable"}' })]);
    expect(await other.run()).toMatchObject({ metric: 7, state: 'critical' });
  });

  test('what a master refused for good is not sent again, and still counts as failed', async () => {
    const { run, master, agent } = await house([() => ({ status: 400, body: '{"detail":"odd"}' })]);
    agent.body = lone({ id: 'a' });
    await run();
    expect(await run()).toMatchObject({ metric: 1 });
    expect(master.told).toEqual([['a']]);
  });

  test('no master within reach: unknown, for that is not the fault of this machine', async () => {
    const { run, master } = await house([takeAll]);
    await master.server.close();
    expect(await run()).toMatchObject({
      metric: 7,
      state: 'unknown',
      description: expect.stringMatching(/^7 of 7 .*ECONNREFUSED/),
    });
  });

  test('away, then back: the newest of each task arrives, also of tasks that the agent has forgotten', async () => {
    let open = false;
    const { run, master, agent } = await house([(request) => (open ? takeAll(request) : { status: 503 })]);
    agent.body = lone({ id: 'a', state: 'TASK_STAGING' }, { id: 'b', state: 'TASK_RUNNING' });
    await run();
    agent.body = lone({ id: 'a', state: 'TASK_FAILED' });
    await run();
    agent.body = lone();
    expect(await run()).toMatchObject({ metric: 0, description: '0 tasks' });
    const before = master.server.requests.length;
    open = true;
    await until(() => master.server.requests.length > before, { what: 'the master to be told again' });
    const taken = master.server.requests.slice(-1).map(tasksOf)[0];
    const tasks = taken?.map(({ state }) => state.frameworks[0].executors[0].tasks[0]);
    expect(tasks).toEqual([
      { id: 'a', state: 'TASK_FAILED' },
      { id: 'b', state: 'TASK_RUNNING' },
    ]);
  });

  test('413: halved until it fits; one alone that does not fit is given up', async () => {
    const { run, master } = await house([
      (request) => {
        const ids = tasksOf(request).map(({ id }) => id);
        return ids.length > 2 || ids.includes('web-1-1') ? { status: 413 } : takeAll(request);
      },
    ]);
    expect(await run()).toMatchObject({ metric: 1 });
    expect(master.lines).toEqual(['too large to send, dropped: one of the task metadata']);
  });

  test('404: no satellite-master that keeps tasks', async () => {
    const { run, master } = await house([() => ({ status: 404 })]);
    await run();
    expect(master.entries[0]).toMatchObject({
      msg: 'failed to send task metadata, trying again',
      err: expect.stringMatching(/^answered 404 for \/tasks: this looks like an original/),
    });
  });

  test('the token goes along', async () => {
    const { run, master } = await house([takeAll], { token: fileWith('secret\n') });
    await run();
    expect(master.server.requests[0]?.headers.authorization).toBe('Bearer secret');
  });
});

test('batches are of at most 1 MiB and 1,000 tasks', async () => {
  const { run, master, agent } = await house([takeAll]);
  const many = Array.from({ length: 2_500 }, (_, at) => ({ id: `t${at}`, state: 'TASK_RUNNING' }));
  const large = Array.from({ length: 30 }, (_, at) => ({ id: `l${at}`, data: 'x'.repeat(100_000) }));
  agent.body = lone(...many, ...large);
  await run();
  await until(() => master.told.flat().length === 2_530, { what: 'all to be told' });
  expect(Math.max(...master.told.map(({ length }) => length))).toBe(1_000);
  for (const { body } of master.server.requests) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1024 * 1024);
});

test('what waits is bounded by bytes: who waits longest is given up', async () => {
  const { run, master, agent } = await house([() => ({ status: 503 })]);
  agent.body = lone(...Array.from({ length: 100 }, (_, at) => ({ id: `l${at}`, data: 'x'.repeat(100_000) })));
  expect(await run()).toMatchObject({
    metric: 100,
    state: 'unknown',
    description: '100 of 100 tasks could not be stored: answered 503',
  });
  expect(master.uplink.waiting).toBeGreaterThan(70);
  expect(master.uplink.waiting).toBeLessThan(84);
});
