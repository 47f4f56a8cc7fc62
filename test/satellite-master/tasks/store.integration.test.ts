/** One set of promises for every store of task metadata: the embedded one, and a real Redis. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedTaskStore } from '../../../satellite-master/tasks/embedded.ts';
import { RedisTaskStore } from '../../../satellite-master/tasks/redis.ts';
import type { TaskStore } from '../../../satellite-master/tasks/store.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLog } from '../../../shared/log.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { HOST, taskAt } from './samples.ts';

const KEEP_MS = 3_600_000;
let folder: string;
let redis: RedisServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-tasks-'));
  redis = await startRedis();
});
afterAll(async () => {
  await redis.dispose();
  await rm(folder, { recursive: true, force: true });
});

const own = { keepMs: KEEP_MS, clock: systemClock, log: silentLog };
const kinds: [string, () => TaskStore][] = [
  ['embedded', () => new EmbeddedTaskStore({ ...own, dataDir: folder, maxBytes: 1_000_000_000 })],
  ['redis', () => new RedisTaskStore({ ...own, url: redis.url })],
];

/** Of each test its own, so that no test sees another's tasks. */
let turn = 0;
const id = (name = 'app') => `${name}.${turn}`;

async function opened(store: TaskStore): Promise<TaskStore> {
  store.start();
  await until(() => store.fault === undefined, { what: `${store.address} to be open` });
  return store;
}

describe.each(kinds)('the %s store', (_kind, create) => {
  let store: TaskStore;

  beforeEach(async () => {
    turn++;
    store = await opened(create());
  });
  afterEach(() => store.close(2_000));

  test('gives back what was put, with the time of it', async () => {
    const before = Date.now();
    const task = taskAt(id(), 100.25);
    await store.put([task]);
    const found = await store.get(id());
    expect(found).toEqual({ ...task, storedAtMs: expect.any(Number) });
    expect(found?.storedAtMs).toBeGreaterThanOrEqual(before);
    expect(found?.storedAtMs).toBeLessThanOrEqual(Date.now());
    expect(await store.get(id('another'))).toBeUndefined();
  });

  test('has it after it was closed and opened again', async () => {
    await store.put([taskAt(id(), 100)]);
    await store.close(2_000);
    store = await opened(create());
    expect(await store.get(id())).toMatchObject({ host: HOST, newestS: 100 });
  });

  test.each<[string, number | undefined, number | undefined, boolean]>([
    ['newer', 100, 100.001, true],
    ['as new', 100, 100, true],
    ['older', 100, 99.999, false],
    ['without a time', 100, undefined, true],
    ['the first with a time', undefined, 1, true],
  ])('what arrives later and is %s', async (_what, kept, arrived, wins) => {
    await store.put([taskAt(id(), kept, 'TASK_FINISHED')]);
    await store.put([taskAt(id(), arrived, 'TASK_STAGING')]);
    const found = await store.get(id());
    expect(found?.state).toContain(wins ? 'TASK_STAGING' : 'TASK_FINISHED');
    expect(found?.newestS).toBe(wins ? arrived : kept);
  });

  test('the same rule within one request', async () => {
    await store.put([taskAt(id(), 5, 'TASK_RUNNING'), taskAt(id(), 9, 'TASK_FAILED'), taskAt(id(), 7, 'TASK_KILLED')]);
    expect((await store.get(id()))?.state).toContain('TASK_FAILED');
  });

  test('many requests at once, of the same tasks too', async () => {
    const requests = Array.from({ length: 20 }, (_, request) =>
      Array.from({ length: 50 }, (__, at) => taskAt(id(`many-${at}`), request + 1)),
    );
    await Promise.all(requests.map((tasks) => store.put(tasks)));
    for (const at of [0, 25, 49]) expect(await store.get(id(`many-${at}`))).toMatchObject({ newestS: 20 });
  });

  test.each(['a/b', 'ä €😀', 'x\ny', '..', 'time:', '*', 'a b%2F', '\u0000', 'x'.repeat(1024)])(
    'an id may be %j',
    async (name) => {
      await store.put([taskAt(name, 1)]);
      expect(await store.get(name)).toMatchObject({ id: name, newestS: 1 });
    },
  );

  test('a thousand of two kilobytes with one request', async () => {
    const tasks = Array.from({ length: 1000 }, (_, at) => taskAt(id(`k-${at}`), 1, 'TASK_RUNNING', 'p'.repeat(2000)));
    await store.put(tasks);
    expect((await store.get(id('k-999')))?.state).toHaveLength(tasks[999]?.state.length ?? 0);
  });

  test('closed, it takes nothing and says so', async () => {
    await store.close(2_000);
    await expect(store.put([taskAt(id(), 1)])).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(store.get(id())).rejects.toMatchObject({ code: 'store-unavailable' });
  });
});

describe('Redis', () => {
  let store: TaskStore;
  beforeEach(async () => {
    turn++;
    store = await opened(new RedisTaskStore({ ...own, url: redis.url }));
  });
  afterEach(() => store.close(2_000));

  test('lets a task go when its time is over, and begins anew with each word on it', async () => {
    await store.put([taskAt('ttl', 1)]);
    const left = async () => Number(/^:(-?\d+)/.exec(await redis.ask('PTTL satellite:task:ttl'))?.[1]);
    expect(await left()).toBeGreaterThan(KEEP_MS - 10_000);
    expect(await left()).toBeLessThanOrEqual(KEEP_MS);
    await redis.ask('PEXPIRE satellite:task:ttl 1000');
    await store.put([taskAt('ttl', 1)]);
    expect(await left()).toBeGreaterThan(KEEP_MS - 10_000);
  });

  test('away: refused at once, nothing is queued; back: taken again, and what was there is there', async () => {
    await store.put([taskAt('before', 1)]);
    await redis.stop();
    await until(() => store.fault !== undefined, { what: 'the loss to be noticed' });
    await expect(store.put([taskAt('meanwhile', 1)])).rejects.toMatchObject({ code: 'store-unavailable', status: 503 });
    await expect(store.get('before')).rejects.toMatchObject({ code: 'store-unavailable' });
    await redis.start();
    await until(() => store.fault === undefined, { what: 'the connection to be back' });
    expect(await store.get('before')).toMatchObject({ newestS: 1 });
    expect(await store.get('meanwhile')).toBeUndefined();
  });

  test('hung: a request ends nevertheless', async () => {
    redis.pause();
    try {
      await expect(store.put([taskAt('hung', 1)])).rejects.toMatchObject({ code: 'store-unavailable' });
    } finally {
      redis.resume();
    }
  });

  test('its address bears no password', () => {
    expect(new RedisTaskStore({ ...own, url: 'redis://u:secret@r.example:6380/2' }).address).toBe(
      'Redis at r.example:6380',
    );
  });
});
