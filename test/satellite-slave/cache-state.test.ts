/** The comet cache-state with real HTTP on both sides: an agent that says what it is told to, and masters. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { RECIPES } from '../../satellite-slave/comets/recipes.ts';
import { HttpAgent } from '../../satellite-slave/mesos/agent.ts';
import { MasterTaskStorage } from '../../satellite-slave/uplink/task-storage.ts';
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

interface SentTask {
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
function fastClock(): Clock & { onMs: number } {
  const clock = {
    ...systemClock,
    onMs: 0,
    monoMs: () => systemClock.monoMs() + clock.onMs,
    after: (delayMs: number, task: () => void) => systemClock.after(delayMs / (delayMs < 3_000 ? 20 : 3), task),
  };
  return clock;
}

const tasksOf = ({ body }: Request) => (JSON.parse(body) as { tasks: SentTask[] }).tasks;
const acceptAll = (request: Request): Reply => ({
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
  get sent(): string[][] {
    return this.server.requests.map((request) =>
      tasksOf(request)
        .map(({ id }) => id)
        .sort(),
    );
  }
}

async function setUp(replies: readonly ((request: Request) => Reply)[], { token }: { token?: string } = {}) {
  const agentServer = new StubServer(({ path }) =>
    path === '/state' ? { status: 200, body: agent.body } : { status: 404 },
  );
  const agent = { body: CAPTURED, server: agentServer };
  const http = new HttpAgent({ origin: await agentServer.listen() });
  const clock = fastClock();
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
  const keeper = new MasterTaskStorage(
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
  test('every task is sent to every master, and the event reports no failure', async () => {
    const { masters, run } = await setUp([acceptAll, acceptAll]);
    expect(await run()).toMatchObject({ service: 'cache state', metric: 0, state: 'ok', description: '7 tasks' });
    for (const master of masters) {
      await until(() => master.sent.length > 0, { what: 'the master to be told' });
      expect(master.sent.flat()).toHaveLength(7);
      expect(master.server.requests[0]).toMatchObject({ method: 'POST', path: '/tasks' });
      expect(JSON.parse(master.server.requests[0]?.body ?? '')).toMatchObject({ host: HOST });
    }
  });

  test('the next run sends only what has changed', async () => {
    const { master, run, agent } = await setUp([acceptAll]);
    agent.body = lone({ id: 'a', state: 'TASK_STAGING' }, { id: 'b', state: 'TASK_RUNNING' });
    await run();
    await run();
    agent.body = lone({ id: 'a', state: 'TASK_RUNNING' }, { id: 'b', state: 'TASK_RUNNING' });
    await run();
    expect(master.sent).toEqual([['a', 'b'], ['a']]);
  });

  test('what has not changed for hours is sent again, in case the master has lost it', async () => {
    const { master, run, clock } = await setUp([acceptAll]);
    await run();
    clock.onMs = 5.9 * 3_600_000;
    await run();
    expect(master.sent).toHaveLength(1);
    clock.onMs = 6.1 * 3_600_000;
    await run();
    expect(master.sent).toHaveLength(2);
  });

  test('an agent that does not answer, or not with a state: unknown', async () => {
    const { run, agent, master } = await setUp([acceptAll]);
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
    expect(master.sent).toEqual([]);
  });
});

describe('a master that does not take them', () => {
  test('does not matter as long as another does; a digest counts for each by itself', async () => {
    let open = false;
    const {
      masters,
      run,
      master: away,
    } = await setUp([(request) => (open ? acceptAll(request) : { status: 503 }), acceptAll]);
    expect(await run()).toMatchObject({ metric: 0, state: 'ok' });
    const before = away.sent.length;
    open = true;
    await until(() => away.sent.slice(before).length > 0, { what: 'the master to be told again' });
    expect(away.sent.at(-1)).toHaveLength(7);
    expect(masters[1]?.sent.flat()).toHaveLength(7);
  });

  test('of all masters none: so many failed, critical from the threshold on', async () => {
    const { run, agent } = await setUp([() => ({ status: 202, body: '{"rejected":[{"index":0,"reason":"odd"}]}' })]);
    agent.body = lone({ id: 'a' });
    expect(await run()).toMatchObject({ metric: 1, state: 'ok', description: '1 of 1 tasks could not be stored' });
    const other = await setUp([() => ({ status: 400, body: '{"detail":"none is acceptable"}' })]);
    expect(await other.run()).toMatchObject({ metric: 7, state: 'critical' });
  });

  test('what a master refused for good is not sent again, and still counts as failed', async () => {
    const { run, master, agent } = await setUp([() => ({ status: 400, body: '{"detail":"odd"}' })]);
    agent.body = lone({ id: 'a' });
    await run();
    expect(await run()).toMatchObject({ metric: 1 });
    expect(master.sent).toEqual([['a']]);
  });

  test('no master within reach: unknown, for that is not the fault of this machine', async () => {
    const { run, master } = await setUp([acceptAll]);
    await master.server.close();
    expect(await run()).toMatchObject({
      metric: 7,
      state: 'unknown',
      description: expect.stringMatching(/^7 of 7 .*ECONNREFUSED/),
    });
  });

  test('away, then back: the newest of each task arrives, also of tasks that the agent has forgotten', async () => {
    let open = false;
    const { run, master, agent } = await setUp([(request) => (open ? acceptAll(request) : { status: 503 })]);
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

  test('413: halved until it fits; a single task that does not fit is dropped', async () => {
    const { run, master } = await setUp([
      (request) => {
        const ids = tasksOf(request).map(({ id }) => id);
        return ids.length > 2 || ids.includes('web-1-1') ? { status: 413 } : acceptAll(request);
      },
    ]);
    expect(await run()).toMatchObject({ metric: 1 });
    expect(master.lines).toEqual(['too large to send, dropped: one of the task metadata']);
  });

  test('404: no satellite-master that keeps tasks', async () => {
    const { run, master } = await setUp([() => ({ status: 404 })]);
    await run();
    expect(master.entries[0]).toMatchObject({
      msg: 'failed to send task metadata, trying again',
      err: expect.stringMatching(/^answered 404 for \/tasks: this looks like an original/),
    });
  });

  test('the token goes along', async () => {
    const { run, master } = await setUp([acceptAll], { token: fileWith('secret\n') });
    await run();
    expect(master.server.requests[0]?.headers.authorization).toBe('Bearer secret');
  });
});

test('batches are of at most 1 MiB and 1,000 tasks', async () => {
  const { run, master, agent } = await setUp([acceptAll]);
  const many = Array.from({ length: 2_500 }, (_, at) => ({ id: `t${at}`, state: 'TASK_RUNNING' }));
  const large = Array.from({ length: 30 }, (_, at) => ({ id: `l${at}`, data: 'x'.repeat(100_000) }));
  agent.body = lone(...many, ...large);
  await run();
  await until(() => master.sent.flat().length === 2_530, { what: 'all to be told' });
  expect(Math.max(...master.sent.map(({ length }) => length))).toBe(1_000);
  for (const { body } of master.server.requests) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1024 * 1024);
});

test('the queue is bounded by bytes: what has waited longest is dropped', async () => {
  const { run, master, agent } = await setUp([() => ({ status: 503 })]);
  agent.body = lone(...Array.from({ length: 100 }, (_, at) => ({ id: `l${at}`, data: 'x'.repeat(100_000) })));
  expect(await run()).toMatchObject({
    metric: 100,
    state: 'unknown',
    description: '100 of 100 tasks could not be stored: answered 503',
  });
  expect(master.uplink.waiting).toBeGreaterThan(70);
  expect(master.uplink.waiting).toBeLessThan(84);
});
