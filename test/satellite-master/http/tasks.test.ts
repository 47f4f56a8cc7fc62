import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SatelliteError } from '../../../shared/errors.ts';
import { ask, type Reply } from '../../support/ask.ts';
import { type HttpMaster, startHttpMaster } from '../../support/http-master.ts';
import { HOST, stateOf } from '../tasks/samples.ts';

let master: HttpMaster;
beforeAll(async () => {
  master = await startHttpMaster();
});
afterAll(() => master.close());

const running = (id: string, timestamp = 5) => ({ id, state: stateOf(id, [{ state: 'TASK_RUNNING', timestamp }]) });
const post = (tasks: readonly unknown[], host: unknown = HOST): Promise<Reply> =>
  ask(master.url, '/tasks', { method: 'POST', body: { host, tasks } });

describe('what a slave tells of a task', () => {
  test('is found again, as it was told and in a readable form', async () => {
    const { id, state } = running('web.1');
    expect(await post([{ id, state }])).toMatchObject({ status: 202, json: { accepted: 1, rejected: [] } });
    const pruned = await ask(master.url, '/state.json?task=web.1');
    expect(pruned).toMatchObject({ status: 200, json: state });
    expect(pruned.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(await ask(master.url, '/tasks/web.1')).toMatchObject({
      status: 200,
      json: { id, name: 'web', host: HOST, state: 'TASK_RUNNING', started: 5, sandbox: '/sandbox/web.1' },
    });
  });

  test('its end is not undone by what comes late', async () => {
    const ended = { id: 'late', state: stateOf('late', [{ state: 'TASK_FINISHED', timestamp: 9 }]) };
    expect((await post([ended])).status).toBe(202);
    expect(await post([running('late', 8)])).toMatchObject({ status: 202, json: { accepted: 1 } });
    expect((await ask(master.url, '/tasks/late')).json).toMatchObject({ state: 'TASK_FINISHED', ended: 9 });
  });

  test.each(['a/b?c=d&e', 'ä €😀', '..', '%2F%', 'a+b c', '#', '\u0001'])('under the id %j', async (id) => {
    expect((await post([running(id)])).status).toBe(202);
    const path = encodeURIComponent(id).replaceAll('.', '%2E');
    expect(await ask(master.url, `/tasks/${path}`)).toMatchObject({ status: 200, json: { id } });
    expect((await ask(master.url, `/state.json?task=${path}`)).status).toBe(200);
  });

  test('of which some is not acceptable: the rest is taken, and each refused one has its place and reason', async () => {
    const tasks = [
      running('good'),
      { id: '', state: {} },
      { id: 'x'.repeat(1025), state: {} },
      { id: 'no state' },
      { id: 'other', state: stateOf('another', []) },
      'text',
      { ...running('more'), more: 1 },
      running('half \ud800'),
    ];
    const reply = await post(tasks);
    expect(reply).toMatchObject({ status: 202, json: { accepted: 1 } });
    expect(reply.json).toMatchObject({
      rejected: [
        { index: 1, reason: 'id: found "", expected 1-1024 characters' },
        { index: 2, reason: expect.stringMatching(/^id: found "x+\.\.\., expected 1-1024 characters$/) },
        { index: 3, reason: "state: found nothing, expected the agent's state, pruned to the task" },
        { index: 4, reason: expect.stringMatching(/^state: found no task "other" in it/) },
        { index: 5, reason: expect.stringMatching(/^the task: found "text"/) },
        { index: 6, reason: expect.stringMatching(/^more: an unknown key/) },
        { index: 7, reason: expect.stringMatching(/^id: found .*, expected text that UTF-8 can hold$/) },
      ],
    });
  });

  test('nested without end is 400: what an agent says has at most 100 levels, the limit of its protobuf', async () => {
    const { state } = running('deep');
    const text = JSON.stringify({ host: HOST, tasks: [running('beside'), { id: 'deep', state }] });
    const depth = 200_000;
    const body = text
      .replace('"id":"S1"', '"id":"S2"')
      .replace(/("id":"deep","state":\{)/, `$1"x":${'['.repeat(depth)}${']'.repeat(depth)},`);
    const reply = await ask(master.url, '/tasks', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(reply).toMatchObject({ status: 400, json: { code: 'bad-json' } });
  });
});

test.each<[string, unknown, number, string]>([
  ['no body', undefined, 400, 'bad-request'],
  ['no host', { tasks: [running('a')] }, 400, 'bad-request'],
  ['no host name', { host: 'a b', tasks: [running('a')] }, 400, 'bad-host-name'],
  ['no tasks', { host: HOST, tasks: [] }, 400, 'bad-request'],
  ['nothing acceptable', { host: HOST, tasks: [{ id: '' }] }, 400, 'no-task-accepted'],
  ['over a thousand', { host: HOST, tasks: Array(1001).fill(running('a')) }, 413, 'too-large'],
  ['over a MiB', { host: HOST, tasks: [{ ...running('a'), more: 'x'.repeat(1024 * 1024) }] }, 413, 'too-large'],
])('%s', async (_what, body, status, code) => {
  expect(await ask(master.url, '/tasks', { method: 'POST', body })).toMatchObject({ status, json: { code } });
});

test('unknown tasks, and no task asked for', async () => {
  expect(await ask(master.url, '/tasks/nobody')).toMatchObject({ status: 404, json: { code: 'unknown-task' } });
  expect(await ask(master.url, '/state.json?task=nobody')).toMatchObject({
    status: 404,
    json: { code: 'unknown-task' },
  });
  const none = await ask(master.url, '/state.json');
  expect(none).toMatchObject({ status: 400, json: { code: 'bad-request' } });
  expect(none.json).toHaveProperty('detail', expect.stringMatching(/query parameter task is required/));
});

test('what happened is counted', async () => {
  const text = await master.services.metrics.text();
  const figure = (name: string) => Number(new RegExp(`^satellite_${name} (\\d+)$`, 'm').exec(text)?.[1]);
  expect(figure('tasks_stored_total')).toBeGreaterThan(10);
  expect(figure('tasks_rejected_total')).toBeGreaterThan(7);
  expect(figure('tasks_lookups_total{outcome="found"}')).toBeGreaterThan(10);
  expect(figure('tasks_lookups_total{outcome="unknown"}')).toBeGreaterThanOrEqual(2);
});

test('a store that is away: 503, and when to come again', async () => {
  const away = () => Promise.reject(new SatelliteError('store-unavailable', 'Redis at r: the connection is closed'));
  const alone = await startHttpMaster({ services: { tasks: { put: away, get: away } } });
  try {
    for (const [path, asked] of [
      ['/tasks', { method: 'POST', body: { host: HOST, tasks: [running('a')] } }],
      ['/tasks/a', {}],
      ['/state.json?task=a', {}],
    ] as const) {
      const reply = await ask(alone.url, path, asked);
      expect(reply).toMatchObject({ status: 503, json: { code: 'store-unavailable' } });
      expect(reply.headers['retry-after']).toBe('5');
    }
    expect(await alone.services.metrics.text()).toContain('satellite_tasks_lookups_total{outcome="failed"} 2');
  } finally {
    await alone.close();
  }
});
