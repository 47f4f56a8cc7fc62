import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { MesosClient, type MesosClientOptions } from '../../../shared/mesos/client.ts';
import { MesosError } from '../../../shared/mesos/error.ts';
import { FiguresReader, MAX_FIGURES } from '../../../shared/mesos/figures-reader.ts';
import { type Answer, byPath, json, MesosServer, raw, redirect, toLeader } from './support/mesos-server.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

async function serve(answers: Readonly<Record<string, Answer>>): Promise<MesosServer> {
  const server = await MesosServer.start(byPath(answers));
  closing.push(server);
  return server;
}

function clientOf(url: string, options: Partial<MesosClientOptions> = {}): MesosClient {
  const client = new MesosClient({ url, role: 'master', ...options });
  closing.unshift(client);
  return client;
}

async function faultOf(promise: Promise<unknown>): Promise<MesosError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MesosError);
  return error as MesosError;
}

const STATE = { id: 'm1', slaves: [] };

describe('where the state lies', () => {
  test.each([
    ['/state', 'master', ['/state', '/state']],
    ['/state.json', 'master', ['/state', '/state.json', '/state.json']],
    [
      '/master/state.json',
      'master',
      ['/state', '/state.json', '/master/state', '/master/state.json', '/master/state.json'],
    ],
    ['/slave(1)/state', 'agent', ['/state', '/state.json', '/slave(1)/state', '/slave(1)/state']],
  ] as const)('%s of a %s is found, and remembered', async (path, role, asked) => {
    const server = await serve({ [path]: json(STATE) });
    const client = clientOf(server.url, { role });
    expect(await client.state()).toEqual(STATE);
    expect(await client.state()).toEqual(STATE);
    expect(server.paths).toEqual(asked);
  });

  test('after an upgrade it is found again', async () => {
    const server = await serve({ '/state.json': json(STATE) });
    const client = clientOf(server.url);
    await client.state();
    server.answer = byPath({ '/state': json(STATE) });
    expect(await client.state()).toEqual(STATE);
  });

  test('below the path of a reverse proxy', async () => {
    const server = await serve({
      '/mesos/state': json(STATE),
      '/mesos/metrics/snapshot': json({ 'master/elected': 1 }),
    });
    const client = clientOf(`${server.url}/mesos/`);
    expect(await client.state()).toEqual(STATE);
    expect(await client.metrics()).toEqual({ 'master/elected': 1 });
  });

  test('nowhere: the address that was tried first', async () => {
    const server = await serve({});
    const error = await faultOf(clientOf(server.url).state());
    expect(error).toMatchObject({ fault: 'absent', message: `${server.url}/state: answered 404: "404 Not Found."` });
  });
});

describe('redirects', () => {
  test('a follower sends us to the leader, with credentials and the call', async () => {
    const leader = await serve({ GET_HEALTH: json({ type: 'GET_HEALTH' }), '/master/state': json(STATE) });
    const follower = await serve({
      '/state': toLeader(leader, '/master/state'),
      GET_HEALTH: toLeader(leader, '/master/api/v1'),
    });
    const client = clientOf(follower.url, { credentials: { principal: 'sat', secret: 's:ecret' } });
    expect(await client.state()).toEqual(STATE);
    expect(await client.call({ type: 'GET_HEALTH' })).toEqual({ type: 'GET_HEALTH' });
    const basic = `Basic ${Buffer.from('sat:s:ecret').toString('base64')}`;
    expect(leader.asked.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/master/state', basic],
      ['/master/api/v1', basic],
    ]);
    expect(leader.asked[1]?.headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' });
  });

  test('two hops, as just after an election', async () => {
    const newest = await serve({ '/master/state': json(STATE) });
    const former = await serve({ '/master/state': toLeader(newest, '/master/state') });
    const follower = await serve({ '/state': toLeader(former, '/master/state') });
    expect(await clientOf(follower.url).state()).toEqual(STATE);
  });

  test('a circle ends', async () => {
    const server = await serve({ '/state': redirect('/state') });
    const error = await faultOf(clientOf(server.url).state());
    expect(error.message).toBe(`${server.url}/state: redirected 4 times: there is no leading master at present`);
    expect(server.asked).toHaveLength(4);
  });

  test.each(['ftp://leader/state', 'http://[', 'javascript:0'])('%s is not followed', async (location) => {
    const server = await serve({ '/state': redirect(location) });
    expect(await faultOf(clientOf(server.url).state())).toMatchObject({ fault: 'garbage' });
  });

  test('figures are never followed: they would be those of another master', async () => {
    const leader = await serve({ '/metrics/snapshot': json({ 'master/elected': 1 }) });
    const follower = await serve({ '/metrics/snapshot': toLeader(leader, '/metrics/snapshot') });
    expect(await faultOf(clientOf(follower.url).metrics())).toMatchObject({ fault: 'status' });
    expect(leader.asked).toEqual([]);
  });
});

describe('faults name the address and what came', () => {
  const truncated: Answer = (_asked, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"slaves":[');
    response.destroy();
  };
  test.each<[string, Answer, Partial<MesosError>]>([
    ['no leader', raw('No leader elected', 503), { fault: 'no-leader', message: 'answered 503: "No leader elected"' }],
    [
      'a leader without log quorum',
      raw('Master has not finished recovery', 503),
      { fault: 'no-leader', message: 'answered 503: "Master has not finished recovery"' },
    ],
    [
      'no rights',
      raw('401 Unauthorized.', 401),
      {
        fault: 'refused',
        message: 'answered 401 (the setting mesos-credentials is missing or wrong): "401 Unauthorized."',
      },
    ],
    ['an error', raw('', 500), { fault: 'status', message: 'answered 500' }],
    ['no JSON', raw('<html>'), { fault: 'garbage', message: 'no JSON object, or not all of one' }],
    ['cut JSON', raw('{"slaves":['), { fault: 'garbage', message: 'no JSON object, or not all of one' }],
    ['another type', raw('[]'), { fault: 'garbage', message: 'no JSON object' }],
    ['a connection that breaks', truncated, { fault: 'unreachable', message: 'does not answer' }],
    [
      'more than is read',
      (_asked, response) => void response.writeHead(200).end(Buffer.alloc(65 * 1024 * 1024, 0x20)),
      { fault: 'too-long', message: 'the answer is longer than 67108864 bytes' },
    ],
  ])('%s', async (_name, answer, { fault, message }) => {
    const server = await serve({ '/state': answer });
    const error = await faultOf(clientOf(server.url).state());
    expect([error.fault, error.message]).toEqual([fault, `${server.url}/state: ${message}`]);
  });

  test('nobody there', async () => {
    const server = await MesosServer.start(() => undefined);
    const { url } = server;
    await server.close();
    expect(await faultOf(clientOf(url).metrics())).toMatchObject({
      fault: 'unreachable',
      address: `${url}/metrics/snapshot`,
    });
  });

  test('what Mesos says to a call that it refuses is in the message', async () => {
    const server = await serve({ REACTIVATE_AGENT: raw('Agent is not deactivated', 400) });
    expect((await faultOf(clientOf(server.url).call({ type: 'REACTIVATE_AGENT' }))).message).toBe(
      `${server.url}/api/v1: answered 400: "Agent is not deactivated"`,
    );
  });

  test('a call that changes something has an empty answer', async () => {
    const server = await serve({ DEACTIVATE_AGENT: raw('') });
    expect(await clientOf(server.url).call({ type: 'DEACTIVATE_AGENT' })).toBeUndefined();
  });
});

describe('figures', () => {
  test('of a real master, numbers only', async () => {
    const captured = readFileSync('test/fixtures/mesos-1.12/ha2_metrics_snapshot.json', 'utf8');
    const server = await serve({ '/metrics/snapshot': raw(captured) });
    expect(await clientOf(server.url).metrics()).toEqual(JSON.parse(captured));
    server.answer = raw('{"a":1.24344978758018e-14,"b":"2","c":null,"d":{}}');
    expect(await clientOf(server.url).metrics()).toEqual({ a: 1.24344978758018e-14 });
  });

  test('of a master with 200,000 frameworks are read, some 20 MB, and those of frameworks make room', async () => {
    const body = Array.from({ length: 200_000 }, (_, n) => `"master/frameworks/f${n}/${'x'.repeat(70)}": ${n}.5`);
    body.push('"master/elected":1.0', '"system/load_1min":\n0.25');
    const server = await serve({ '/metrics/snapshot': raw(`{${body.join(',')}}`) });
    const client = clientOf(server.url);
    const figures = await client.metrics();
    expect(figures).toMatchObject({ 'master/elected': 1, 'system/load_1min': 0.25 });
    expect(Object.keys(figures)).toHaveLength(MAX_FIGURES);
    expect(await client.elected()).toBe(true);
  });

  test('are read whatever the chunks they arrive in', () => {
    const text = ' {"a" : 1.5e3,"\\u00e9\\"é":-2 , "skipped":"}","b":{},"c":[1,2],"d":3}\n';
    for (let size = 1; size < 12; size++) {
      const reader = new FiguresReader();
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
      expect([...reader.end()]).toEqual([
        ['a', 1500],
        ['é"é', -2],
        ['d', 3],
      ]);
    }
  });

  test.each<[string, string, Readonly<Record<string, number>> | 'garbage']>([
    ['an empty object', ' { } ', {}],
    ['nothing', '', 'garbage'],
    ['a page', '<html>', 'garbage'],
    ['a list', '[1]', 'garbage'],
    ['cut off', '{"a":1,', 'garbage'],
    ['more behind it', '{"a":1}x', 'garbage'],
    ['one endless text', `{"${'a'.repeat(100_000)}`, 'garbage'],
  ])('%s', async (_name, body, expected) => {
    const server = await serve({ '/metrics/snapshot': raw(body) });
    const answer = clientOf(server.url).metrics();
    if (expected === 'garbage') expect(await faultOf(answer)).toMatchObject({ fault: 'garbage' });
    else expect(await answer).toEqual(expected);
  });

  test('at most two requests a second, whoever asks, and everybody hears of each answer', async () => {
    const server = await serve({ '/metrics/snapshot': json({ 'master/elected': 1 }) });
    const clock = new ManualClock();
    const client = clientOf(server.url, { clock });
    const heard: number[] = [];
    client.onFigures((_figures, atMs) => heard.push(atMs));
    await Promise.all([client.metrics(), client.metrics(), client.metrics()]);
    expect(server.asked).toHaveLength(1);
    await client.metrics();
    expect(await client.metrics()).toEqual({ 'master/elected': 1 });
    expect(server.asked).toHaveLength(2);
    clock.advance(999);
    await client.metrics();
    expect(server.asked).toHaveLength(2);
    clock.advance(1);
    await client.metrics();
    expect(server.asked).toHaveLength(3);
    expect(heard).toEqual([0, 0, 1000]);
  });

  test('who leads is asked at most once a second', async () => {
    const server = await serve({ '/redirect': redirect('//10.0.0.2:5050') });
    const clock = new ManualClock();
    const client = clientOf(server.url, { clock });
    expect(await Promise.all([client.leader(), client.leader()])).toEqual(Array(2).fill('http://10.0.0.2:5050'));
    clock.advance(999);
    await client.leader();
    expect(server.asked).toHaveLength(1);
    clock.advance(1);
    await client.leader();
    expect(server.asked).toHaveLength(2);
  });

  test('a fault is shared too, and is over with the second', async () => {
    const server = await serve({});
    const clock = new ManualClock();
    const client = clientOf(server.url, { clock });
    for (let i = 0; i < 5; i++) await faultOf(client.metrics());
    expect(server.asked).toHaveLength(2);
    server.answer = json({ a: 1 });
    clock.advance(1_000);
    expect(await client.metrics()).toEqual({ a: 1 });
  });
});
