/** What only the embedded store does: it prunes by age and by bytes, and lies in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedTaskStore } from '../../../satellite-master/tasks/embedded.ts';
import { TaskFiles } from '../../../satellite-master/tasks/files.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { until } from '../../support/until.ts';
import { taskAt } from './samples.ts';

const HOUR_MS = 3_600_000;
const START_MS = 1_790_000_000_000;

let dataDir: string;
let clock: ManualClock;
const stores: EmbeddedTaskStore[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'satellite-tasks-'));
  clock = new ManualClock(START_MS);
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close(2_000);
  rmSync(dataDir, { recursive: true, force: true });
});

async function open(maxBytes = 1_000_000_000): Promise<EmbeddedTaskStore> {
  const store = new EmbeddedTaskStore({ dataDir, keepMs: HOUR_MS, maxBytes, clock, log: silentLog });
  stores.push(store);
  store.start();
  await until(() => store.fault === undefined, { what: 'the store to be open' });
  return store;
}

const some = (count: number, prefix: string, bytes = 0) =>
  Array.from({ length: count }, (_, at) => taskAt(`${prefix}-${at}`, 1, 'TASK_RUNNING', 'p'.repeat(bytes)));

const untilTasks = (store: EmbeddedTaskStore, tasks: number) =>
  until(() => store.stats()?.tasks === tasks, { what: `${tasks} tasks` }).catch((error: Error) => {
    throw new Error(`${error.message}; ${JSON.stringify(store.stats())}`);
  });

describe('pruning by age', () => {
  test('what is too old is unknown at once, and gone from the disk a little later', async () => {
    const store = await open();
    await store.put(some(3, 'old'));
    clock.advance(HOUR_MS / 2);
    await store.put(some(2, 'young'));
    clock.advance(HOUR_MS / 2 - 1);
    expect(await store.get('old-0')).toBeDefined();
    clock.advance(1);
    expect(await store.get('old-0')).toBeUndefined();
    expect(await store.get('young-0')).toBeDefined();
    clock.advance(60_000);
    await untilTasks(store, 2);
  });

  test('a task that is told again is as young as its last word', async () => {
    const store = await open();
    await store.put(some(2, 'a'));
    clock.advance(HOUR_MS / 2);
    await store.put(some(1, 'a'));
    clock.advance(HOUR_MS / 2 + 60_000);
    await untilTasks(store, 1);
    expect(await store.get('a-0')).toBeDefined();
  });

  test('more than one step takes away at a time', async () => {
    const store = await open();
    await store.put(some(2_500, 'a'));
    clock.advance(HOUR_MS + 60_000);
    await untilTasks(store, 0);
    expect(store.stats()).toEqual({ tasks: 0, bytes: 0 });
  });

  test('while it was closed, too', async () => {
    await (await open()).put(some(3, 'a'));
    await stores.pop()?.close(2_000);
    clock.advance(2 * HOUR_MS);
    await untilTasks(await open(), 0);
  });
});

describe('pruning by bytes', () => {
  test('the oldest go, as many as are too much and no more', async () => {
    const store = await open(1_000_000);
    for (let round = 0; round < 10; round++) {
      await store.put(some(100, `r${round}`, 2_000));
      clock.advance(1_000);
    }
    await until(() => (store.stats()?.bytes ?? 0) <= 1_000_000, { what: 'room' });
    expect(store.stats()?.bytes).toBeGreaterThan(990_000);
    expect(await store.get('r0-0')).toBeUndefined();
    expect(await store.get('r9-99')).toBeDefined();
  });

  test('the sums are those of what is there, also after changes and a new start', async () => {
    const store = await open();
    await store.put(some(10, 'a', 500));
    const once = store.stats();
    await store.put(some(10, 'a', 500));
    expect(store.stats()).toEqual(once);
    await store.put(some(5, 'a', 0));
    await store.close(2_000);
    const files = await TaskFiles.open(join(dataDir, 'tasks'), 0);
    const bytes = (await files.oldest(100)).reduce((sum, entry) => sum + entry.bytes, 0);
    expect(files.sums).toEqual({ tasks: 10, bytes });
    await files.close();
  });
});

test('a store that is closed while it is being opened comes to rest', async () => {
  const store = new EmbeddedTaskStore({ dataDir, keepMs: HOUR_MS, maxBytes: 1_000_000_000, clock, log: silentLog });
  store.start();
  await store.close(2_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(store.fault).toBe('it is closed');
});

test('a folder that another process has is waited for', async () => {
  const files = await TaskFiles.open(join(dataDir, 'tasks'), 0);
  const store = new EmbeddedTaskStore({ dataDir, keepMs: HOUR_MS, maxBytes: 1e9, clock, log: silentLog });
  stores.push(store);
  store.start();
  await until(() => store.fault === 'another process uses it', { what: 'the lock to be met' });
  await expect(store.put(some(1, 'a'))).rejects.toMatchObject({ code: 'store-unavailable' });
  await files.close();
  await until(
    () => {
      clock.advance(5_000);
      return store.fault === undefined;
    },
    { what: 'the store to be open' },
  );
  await store.put(some(1, 'a'));
});

test('more than may wait for the disk is sent away', async () => {
  const store = await open();
  const big = () => store.put(some(8, 'big', 5_000_000));
  const results = await Promise.allSettled([big(), big(), big()]);
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]).toMatchObject({ reason: { code: 'overloaded', status: 503 } });
  expect(results[0]?.status).toBe('fulfilled');
});
