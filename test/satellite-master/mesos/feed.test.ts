import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { ClusterTask } from '../../../satellite-master/mesos/cluster/cluster.ts';
import { ClusterModel } from '../../../satellite-master/mesos/cluster/cluster-model.ts';
import type { ClusterMessage } from '../../../satellite-master/mesos/cluster/messages.ts';
import { Feed } from '../../../satellite-master/mesos/feed/feed.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { MesosClient } from '../../../shared/mesos/client.ts';
import { until } from '../../support/until.ts';
import { logLines } from './support/log-lines.ts';
import { type Answer, byPath, json, MesosServer, raw, toLeader } from './support/mesos-server.ts';

type Json = Record<string, unknown>;
const captured = (name: string) => JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}.json`, 'utf8')) as Json;
/** The body of a captured pair of request and response. */
const answered = (name: string) => (captured(`pair_${name}`)['response'] as { readonly body: Json }).body;
const STREAM = readFileSync('test/fixtures/mesos-1.12/subscribe_stream.txt');
/** Where the first event ends. */
const SUBSCRIBED_BYTES = 37_797 + '37797\n'.length;
const BRAVO = 'bravo.test' as HostName;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(answers: Readonly<Record<string, Answer>>): Promise<MesosServer> {
  const server = await MesosServer.start(byPath(answers));
  closing.push(() => server.close());
  return server;
}

/** A state of which only the beginning arrives. */
function halfOf(then: 'destroy' | 'hang'): Answer {
  return (_asked, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"slaves":[', () => {
      if (then === 'destroy') response.destroy();
    });
  };
}

/** A reader of that server that tells a picture, both on a clock that the test turns. */
function read(server: MesosServer, pollIntervalMs = 60_000) {
  const clock = new ManualClock(1_795_345_000_000);
  const { log, lines } = logLines();
  const view = new ClusterModel({ url: server.url, pollIntervalMs, clock, log });
  const tasks: [string, string | undefined, ClusterTask][] = [];
  view.onTask((task, before) => tasks.push([task.state, before?.state, task]));
  const messages: ClusterMessage[] = [];
  const client = new MesosClient({ url: server.url, role: 'master', clock });
  const post = async (message: ClusterMessage) => {
    messages.push(message);
    view.apply(message);
  };
  const reader = new Feed({ client, pollIntervalMs, clock, post, answerTimeoutMs: 500 });
  const running = reader.run();
  closing.unshift(async () => {
    reader.stop();
    await client.close();
    await running;
  });
  const count = (kind: ClusterMessage['kind']) => messages.filter((message) => message.kind === kind).length;
  /** Turns the clock until it has come: who waits may be late to begin. */
  const turnUntil = (what: string, condition: () => boolean, stepMs = 1_000) =>
    until(
      () => {
        if (!condition()) clock.advance(stepMs);
        return condition();
      },
      { what },
    );
  const answers = (times: number) => turnUntil(`${times} answers`, () => count('answered') >= times);
  return { clock, view, tasks, messages, lines, count, turnUntil, answers };
}

/** A master with the v1 stream; the test writes on it. */
function streaming(further: Readonly<Record<string, Answer>> = {}) {
  const streams: ServerResponse[] = [];
  const answers: Readonly<Record<string, Answer>> = {
    SUBSCRIBE: (_asked, response) => {
      streams.push(response.writeHead(200, { 'content-type': 'application/json' }));
      response.write(STREAM.subarray(0, SUBSCRIBED_BYTES));
    },
    GET_AGENTS: json(answered('v1_GET_AGENTS')),
    GET_FRAMEWORKS: json(answered('v1_GET_FRAMEWORKS')),
    ...further,
  };
  return { streams, answers };
}

describe('the v1 stream', () => {
  test('tells the whole cluster, and then each step of a task', async () => {
    const { streams, answers: serving } = streaming();
    const { view, tasks, answers } = read(await serve(serving));
    await answers(1);
    expect(view.agentsOf(BRAVO)).toMatchObject([{ active: true, pid: 'slave(1)@127.0.0.1:5052' }]);
    expect(view.taskCounts()).toMatchObject({ TASK_RUNNING: 4 });
    expect([...view.frameworks().values()].map(({ name }) => name).sort()).toEqual(['probe', 'sleeper']);
    const told = tasks.length;
    streams[0]?.write(STREAM.subarray(SUBSCRIBED_BYTES));
    await until(() => tasks.length === told + 4, { what: 'four steps' });
    expect(tasks.slice(told).map(([state, before]) => [before, state])).toEqual([
      [undefined, 'TASK_STAGING'],
      ['TASK_STAGING', 'TASK_STARTING'],
      ['TASK_STARTING', 'TASK_RUNNING'],
      ['TASK_RUNNING', 'TASK_FINISHED'],
    ]);
    expect(tasks.at(-1)?.[2]).toMatchObject({
      id: 'seen-by-subscriber-21',
      name: 'seen-by-subscriber',
      frameworkName: 'probe',
      host: 'alpha.test',
      startedS: 1795345156.92182,
      timeS: 1795345158.107798,
      message: 'Command exited with status 0',
    });
  });

  test('drain and maintenance are polled beside it', async () => {
    const server = await serve({
      ...streaming().answers,
      GET_AGENTS: json(answered('draining_GET_AGENTS')),
      '/maintenance/status': json(answered('maint_9_status')),
      '/maintenance/schedule': json({ windows: [] }),
    });
    const { view, answers } = read(server);
    await answers(1);
    expect(view.agentsOf(BRAVO)).toMatchObject([{ draining: undefined, maintenance: 'scheduled' }]);
    server.answer = byPath({
      ...streaming().answers,
      GET_AGENTS: json(answered('draining_GET_AGENTS')),
      '/maintenance/status': json(answered('maint_16_status_down')),
      '/maintenance/schedule': json({ windows: [] }),
    });
    await answers(2);
    expect(view.agentsOf(BRAVO)).toMatchObject([{ draining: 'DRAINING', deactivated: true, maintenance: 'down' }]);
  });

  test('a follower sends us to the leader', async () => {
    const leader = await serve(streaming().answers);
    const follower = await serve({ SUBSCRIBE: toLeader(leader, '/master/api/v1') });
    const { view, answers } = read(follower);
    await answers(1);
    expect(view.agents().size).toBe(2);
  });

  test('five heartbeats missed: it is subscribed again, and what was told before is no news', async () => {
    const { answers: serving } = streaming();
    const server = await serve(serving);
    const { clock, tasks, lines, answers, turnUntil } = read(server, 600_000);
    await answers(1);
    const told = tasks.length;
    clock.advance(74_000);
    expect(server.paths.filter((path) => path === 'SUBSCRIBE')).toHaveLength(1);
    await turnUntil('a second subscription', () => server.paths.filter((path) => path === 'SUBSCRIBE').length === 2);
    await answers(2);
    expect(tasks).toHaveLength(told);
    expect(lines()[0]?.err).toContain('no event and no heartbeat for 75 s');
  });

  test('an end of the stream, or garbage on it, begins it anew', async () => {
    const { streams, answers: serving } = streaming();
    const { lines, answers } = read(await serve(serving));
    await answers(1);
    streams[0]?.end();
    await answers(2);
    streams[1]?.write('no length\n');
    await answers(3);
    const faults = lines().map(({ err }) => err ?? '');
    expect(faults.some((fault) => fault.includes('the stream of events ended'))).toBe(true);
    expect(faults.some((fault) => fault.includes('no RecordIO'))).toBe(true);
  });

  test.each([
    ['No leader elected', 'no leader'],
    ['Master has not finished recovery', 'a leader without log quorum'],
  ])('%s is waited for', async (body) => {
    const server = await serve({ SUBSCRIBE: raw(body, 503) });
    const { view, count, answers, turnUntil } = read(server);
    await turnUntil('three faults', () => count('failed') >= 3);
    expect(view.stale).toBe(`no good answer yet: ${server.url}/api/v1: answered 503: ${JSON.stringify(body)}`);
    expect(server.paths).not.toContain('/state');
    server.answer = byPath(streaming().answers);
    await answers(1);
    expect(view.stale).toBeUndefined();
  });
});

describe('where there is no such stream', () => {
  test.each([404, 405, 403])('a master that says %i is polled', async (status) => {
    const server = await serve({ '/state': json(captured('master_state')), SUBSCRIBE: raw('no', status) });
    const { view, count, answers } = read(server);
    await answers(2);
    expect(view.agents().size).toBe(2);
    expect(count('failed')).toBe(0);
    expect(server.paths.filter((path) => path === '/state')).toHaveLength(2);
    expect(server.asked.filter(({ call }) => call === 'SUBSCRIBE').length).toBeLessThanOrEqual(2);
  });

  test('only differences are told', async () => {
    const server = await serve({ '/state': json(captured('draining_state')) });
    const { messages, answers } = read(server);
    await answers(1);
    const first = messages.length;
    await answers(2);
    expect(messages.slice(first)).toEqual([{ kind: 'answered', unreachable: 0 }]);
    server.answer = byPath({ '/state': json(captured('drained_state')) });
    await answers(3);
    const changes = messages.slice(first).flatMap((message) => (message.kind === 'changes' ? message.changes : []));
    expect(changes.map((change) => Object.keys(change)[0]).sort()).toEqual(['agent', 'framework', 'task']);
  });

  test('after another master has answered the stream is tried again', async () => {
    const server = await serve({ '/state': json(captured('master_state')) });
    const { view, answers } = read(server);
    await answers(1);
    server.answer = byPath({ ...streaming().answers, '/state': json({ ...captured('master_state'), id: 'another' }) });
    await answers(3);
    expect(server.paths.at(-1)).not.toBe('/state');
    expect(view.agents().size).toBe(2);
  });

  test('a follower of before 1.0 answers itself: then its leader is asked', async () => {
    const leader = await serve({});
    const pid = `master@${new URL(leader.url).host}`;
    leader.answer = byPath({ '/state.json': json({ ...captured('master_state'), pid, leader: pid }) });
    const follower = await serve({
      '/state.json': json({ ...captured('ha2_state'), pid: 'master@127.0.0.1:1', leader: pid }),
    });
    const { view, answers } = read(follower);
    await answers(1);
    expect(view.agents().size).toBe(2);
  });
});

describe('bad answers keep the last good picture', () => {
  const good = JSON.stringify(captured('master_state'));
  test.each<[string, Answer, string]>([
    ['garbage', raw('<html>'), 'Unexpected token'],
    ['half of it', raw(good.slice(0, good.length / 2)), 'the text ends within a list'],
    ['another form', json({ frameworks: [] }), "not a master's state: no list of slaves"],
    ['a wrong type', json({ slaves: { a: 1 } }), "not a master's state: no list of slaves"],
    ['a list', json([]), "not a master's state: no list of slaves"],
    ['an error', raw('', 500), 'answered 500'],
    ['an answer that breaks off', halfOf('destroy'), 'the answer broke off'],
    ['an answer that never ends', halfOf('hang'), 'no answer within 500ms'],
  ])('%s', async (_name, answer, message) => {
    const server = await serve({ '/state': raw(good) });
    const { view, lines, answers, turnUntil } = read(server, 1_000);
    await answers(1);
    const counts = view.taskCounts();
    server.answer = byPath({ '/state': answer });
    await turnUntil('a stale model that says why', () => view.stale?.includes(`${server.url}/state: `) === true);
    expect(view.stale).toContain(message);
    expect([view.agents().size, view.taskCounts()]).toEqual([2, counts]);
    expect(lines()).toHaveLength(1);
    server.answer = byPath({ '/state': raw(good) });
    await turnUntil('a fresh picture', () => view.stale === undefined);
  });

  test('single elements that are none are left out, and said once by list with the address', async () => {
    const server = await serve({
      '/state': json({
        slaves: [{ id: 'S0', hostname: 'a1.test' }, { id: 'S1' }, 'x', null, { id: 3, hostname: 'b' }],
        frameworks: [{ id: 'F', tasks: [{ id: 't', framework_id: 'F', state: 'TASK_RUNNING' }, {}] }, 7],
      }),
    });
    const { view, lines, answers } = read(server);
    await answers(3);
    expect([...view.agents().keys()]).toEqual(['S0']);
    expect(view.taskCounts()).toEqual({ TASK_RUNNING: 1 });
    expect(lines().map(({ url, detail }) => [url, detail])).toEqual([
      [
        server.url,
        `4 elements of slaves have an unexpected form, for example ${JSON.stringify('{"id":3,"hostname":"b"}')}`,
      ],
      [server.url, '1 elements of frameworks.tasks have an unexpected form, for example "{}"'],
    ]);
  });
});
