import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { RECIPES } from '../../satellite-slave/comets/recipes.ts';
import { HttpAgent } from '../../satellite-slave/mesos/agent.ts';
import { messageOf } from '../../shared/errors.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { runComet } from './support/run-comet.ts';
import { closedPort, type Reply, StubServer } from './support/stub-server.ts';

const captured = (name: string) => readFileSync(`test/fixtures/${name}`, 'utf8');
/** The body of a captured answer of the v1 API. */
function responseIn(name: string): string {
  const { response } = JSON.parse(captured(name)) as { response: { body: object } };
  return JSON.stringify(response.body);
}

const FLAGS = captured('mesos-1.12/agent1_flags.json');
const STATE = captured('mesos-1.12/agent1_state.json');
const METRICS = captured('mesos-1.12/agent1_metrics_snapshot.json');
const GET_AGENT = responseIn('mesos-1.12/pair_v1agent_GET_AGENT.json');

/** Flags of an agent that was started without `--hostname`. */
function flagsWithoutName(): string {
  const { flags } = JSON.parse(FLAGS) as { flags: Record<string, string> };
  const { hostname, ...others } = flags;
  expect(hostname).toBe('alpha.test');
  return JSON.stringify({ flags: others });
}

/** Both addresses of the v1 API. */
const V1 = ['/api/v1', '/slave(1)/api/v1'];

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function agentThatAnswers(answers: Record<string, Reply>) {
  const server = new StubServer(({ path }) => (path in answers ? answers[path] : { status: 404 }));
  const agent = new HttpAgent({ origin: await server.listen() });
  closing.push(
    () => agent.close(),
    () => server.close(),
  );
  return { agent, server, paths: () => server.requests.map(({ path }) => path) };
}

const ok = (body: string): Reply => ({ status: 200, body });

describe('the name of the agent', () => {
  test('from its flags, which are small', async () => {
    const { agent, paths } = await agentThatAnswers({ '/flags': ok(FLAGS), '/state': ok(STATE) });
    expect(await agent.hostName()).toBe('alpha.test');
    expect(paths()).toEqual(['/flags']);
  });

  test.each<[string, Record<string, Reply>, string[]]>([
    [
      'from its state, where no flag gave it',
      { '/flags': ok(flagsWithoutName()), '/state': ok(STATE) },
      ['/flags', ...V1, '/metrics/snapshot', '/state'],
    ],
    [
      'from GET_AGENT, where no flag gave it',
      { '/flags': ok(flagsWithoutName()), '/api/v1': ok(GET_AGENT), '/state': ok(STATE) },
      ['/flags', '/api/v1'],
    ],
    ['where flags may not be read', { '/flags': { status: 403 }, '/api/v1': ok(GET_AGENT) }, ['/flags', '/api/v1']],
    [
      'from /state.json before Mesos 1.0',
      { '/state.json': ok(STATE) },
      ['/flags', ...V1, '/metrics/snapshot', '/state', '/state.json'],
    ],
    [
      'where flags are garbage',
      { '/flags': ok('<html>'), '/state': ok(STATE) },
      ['/flags', ...V1, '/metrics/snapshot', '/state'],
    ],
  ])('%s', async (_name, answers, asked) => {
    const { agent, paths } = await agentThatAnswers(answers);
    expect(await agent.hostName()).toBe('alpha.test');
    expect(paths()).toEqual(asked);
  });

  test.each<[string, Record<string, Reply>, RegExp]>([
    ['garbage', { '/state': ok('<html>') }, /is no Mesos agent/],
    ['an array', { '/state': ok('[]') }, /is no Mesos agent/],
    ['a state without name', { '/state': ok('{}') }, /is no Mesos agent/],
    ['a name that is none', { '/state': ok('{"hostname":"a b"}') }, /is named "a b", expected a host name/],
    ['an error', { '/state': { status: 500 } }, /answered 500/],
    ['nothing that it knows', {}, /answered 404/],
    ['flags beyond every size', { '/flags': ok('x'.repeat(33 * 1024 * 1024)) }, /longer than 33554432 bytes/],
  ])('%s is an error that says so', async (_name, answers, message) => {
    const { agent } = await agentThatAnswers(answers);
    const error: unknown = await agent.hostName().catch((thrown: unknown) => thrown);
    expect(messageOf(error)).toMatch(message);
    expect(error).toBeInstanceOf(Error);
  });

  test('nobody there', async () => {
    const agent = new HttpAgent({ origin: `http://127.0.0.1:${await closedPort()}` });
    await expect(agent.hostName()).rejects.toThrow('does not answer');
  });
});

test('a state is read again only when the agent has started again', async () => {
  let uptime = 100;
  const answers: Record<string, Reply> = { '/flags': ok(flagsWithoutName()), '/state': ok(STATE) };
  const server = new StubServer(({ path }) =>
    path === '/metrics/snapshot'
      ? ok(JSON.stringify({ 'slave/uptime_secs': uptime }))
      : (answers[path] ?? { status: 404 }),
  );
  const clock = new ManualClock();
  const agent = new HttpAgent({ origin: await server.listen() }, clock);
  closing.push(
    () => agent.close(),
    () => server.close(),
  );
  const states = () => server.requests.filter(({ path }) => path === '/state').length;
  await agent.hostName();
  clock.advance(10_000);
  uptime = 110;
  await agent.hostName();
  expect(states()).toBe(1);
  clock.advance(10_000);
  uptime = 5;
  await agent.hostName();
  expect(states()).toBe(2);
});

describe('credentials', () => {
  test('are sent with every request', async () => {
    const server = new StubServer(({ headers }) =>
      headers.authorization === `Basic ${Buffer.from('satellite:s3cret').toString('base64')}`
        ? ok(FLAGS)
        : { status: 401 },
    );
    const agent = new HttpAgent({
      origin: await server.listen(),
      credentials: { principal: 'satellite', secret: 's3cret' },
    });
    closing.push(
      () => agent.close(),
      () => server.close(),
    );
    expect(await agent.hostName()).toBe('alpha.test');
  });

  test('that are missing are named', async () => {
    const { agent } = await agentThatAnswers({
      '/flags': { status: 401 },
      '/state': { status: 401 },
      '/api/v1': { status: 401 },
      '/metrics/snapshot': { status: 401 },
    });
    await expect(agent.hostName()).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringMatching(/answered 401 \(the setting mesos-credentials is missing or wrong\)/),
    });
  });
});

describe('total-tasks', () => {
  const run = (name: string, agent: HttpAgent | undefined) => {
    const recipe = RECIPES.get(name);
    if (!recipe) throw new Error(name);
    return runComet({ name, periodMs: 60_000, timeoutMs: 10_000, comet: recipe.make({}) }, { agent });
  };

  const { cases } = JSON.parse(captured('riemann-vectors/slave-mesos-metrics.json')) as {
    cases: { name: string; function: string; args: [object]; result?: number; exception?: string }[];
  };

  test.each(cases.map((vector) => [vector.name, vector] as const))('as the original: %s', async (_name, vector) => {
    const { agent } = await agentThatAnswers({ '/metrics/snapshot': ok(JSON.stringify(vector.args[0])) });
    const name = vector.function.replace('num-', 'total-');
    const [event] = await run(name, agent);
    if (vector.exception)
      expect(event).toMatchObject({
        service: name,
        state: 'unknown',
        description: expect.stringContaining('metrics have no slave/tasks_failed'),
      });
    else expect(event).toMatchObject({ service: name, state: 'ok', metric: vector.result, ttl: 300 });
  });

  test.each([
    ['total-tasks-failed', 1],
    ['total-tasks-finished', 2],
    ['total-tasks-started', 7],
  ])('%s of a real agent', async (name, metric) => {
    const { agent } = await agentThatAnswers({ '/metrics/snapshot': ok(METRICS) });
    expect(await run(name, agent)).toMatchObject([{ service: name, state: 'ok', metric }]);
  });

  test.each<[string, Reply, string]>([
    ['garbage', ok('{'), 'no JSON object'],
    ['refuses', { status: 403 }, 'answered 403'],
  ])('an agent that answers %s leaves the machine unjudged', async (_name, reply, description) => {
    const { agent } = await agentThatAnswers({ '/metrics/snapshot': reply });
    const [event] = await run('total-tasks-started', agent);
    expect(event).toMatchObject({ state: 'unknown', description: expect.stringContaining(description) });
  });

  test('a silent agent is unknown too when the time of the comet is over', async () => {
    const { agent } = await agentThatAnswers({ '/metrics/snapshot': undefined });
    const recipe = RECIPES.get('total-tasks-failed');
    if (!recipe) throw new Error('no recipe');
    const settings = { name: 'total-tasks-failed', periodMs: 60_000, timeoutMs: 50, comet: recipe.make({}) };
    expect(await runComet(settings, { agent })).toMatchObject([
      { state: 'unknown', description: 'timed out after 50ms' },
    ]);
  });

  test('three comets at once cost one request: the agent allows two a second', async () => {
    const { agent, server } = await agentThatAnswers({ '/metrics/snapshot': ok(METRICS) });
    await Promise.all(['failed', 'finished', 'started'].map((what) => run(`total-tasks-${what}`, agent)));
    expect(server.requests).toHaveLength(1);
    await run('total-tasks-failed', agent);
    expect(server.requests).toHaveLength(2);
    expect(server.connections).toBe(1);
  });
});
