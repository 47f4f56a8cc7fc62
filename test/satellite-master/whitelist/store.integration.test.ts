/** What both stores keep, whatever they are made of. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedStore } from '../../../satellite-master/whitelist/store/embedded-store.ts';
import { type Store, StoreConflict } from '../../../satellite-master/whitelist/store/store.ts';
import { ZooKeeperStore } from '../../../satellite-master/whitelist/store/zookeeper-store.ts';
import { createZooKeeperSession } from '../../../satellite-master/zookeeper/session.ts';
import { systemClock } from '../../../shared/clock.ts';
import { SatelliteError } from '../../../shared/errors.ts';
import { silentLog } from '../../../shared/log.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../support/zookeeper.ts';
import { host, type Recorder, startWhole } from './recorder.ts';

/** Makes stores that share their content, so that closing one and making another is a restart. */
interface Ground {
  make(): Store;
  clear(): Promise<void>;
}

let server: ZooKeeperServer | undefined;
let roots = 0;

const kinds: readonly { name: string; prepare: () => Promise<Ground>; dispose: () => Promise<void> }[] = [
  {
    name: 'embedded store',
    async prepare() {
      const dataDir = await mkdtemp(join(tmpdir(), 'satellite-store-'));
      return {
        make: () => new EmbeddedStore({ dataDir, clock: systemClock, log: silentLog }),
        clear: () => rm(dataDir, { recursive: true }),
      };
    },
    dispose: () => Promise.resolve(),
  },
  {
    name: 'ZooKeeper store',
    async prepare() {
      server ??= await startZooKeeper();
      const { connectString } = server;
      const root = `/test-${roots++}`;
      return {
        make: () => {
          const session = createZooKeeperSession({ connectString, clock: systemClock, log: silentLog });
          return new ZooKeeperStore({ session, connectString, root, clock: systemClock, log: silentLog });
        },
        clear: () => Promise.resolve(),
      };
    },
    dispose: async () => server?.dispose(),
  },
];

describe.each(kinds)('$name', ({ prepare, dispose }) => {
  const a1 = host('a1.example');
  const a2 = host('a2.example');
  let ground: Ground;
  let store: Store;
  let told: Recorder;

  afterAll(dispose);

  beforeEach(async () => {
    ground = await prepare();
    store = ground.make();
    told = await startWhole(store);
  });

  afterEach(async () => {
    await store.close(2_000);
    await ground.clear();
  });

  async function reopen(): Promise<Recorder> {
    await store.close(2_000);
    store = ground.make();
    return startWhole(store);
  }

  const create = async (data = '{"n":0}', name = a1) =>
    (await store.commit([{ host: name, expect: 'absent', data }]))[0];

  test('tells the automation node and then that it is whole when it is empty', () => {
    expect(told.told.filter((line) => line !== 'unread')).toEqual(['automation 0', 'whole']);
    expect(told.automation).toEqual({ version: 0, data: '{}' });
  });

  test('gives a new record version 0 and tells it before the commit resolves', async () => {
    const created = await create('{"a":1}');
    expect(created).toMatchObject({ host: a1, version: 0, data: '{"a":1}' });
    expect(told.records.get(a1)).toEqual(created);
    expect(await store.read(a1)).toEqual(created);
    expect(Math.abs((created?.createdMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test('raises version and order with each change and keeps the time of creation', async () => {
    const created = await create();
    const [changed] = await store.commit([{ host: a1, expect: 0, data: '{"n":1}' }]);
    expect(changed).toMatchObject({ version: 1, data: '{"n":1}', createdMs: created?.createdMs });
    expect(changed && created && changed.order > created.order).toBe(true);
    const [other] = await store.commit([{ host: a2, expect: 'absent', data: '{}' }]);
    expect(other && changed && other.order > changed.order).toBe(true);
    expect(told.told.slice(told.told.indexOf('whole') + 1)).toEqual([`${a1} 0`, `${a1} 1`, `${a2} 0`]);
  });

  test('keeps text as it is: umlauts, line ends, nothing at all', async () => {
    for (const [index, data] of ['{"ä":"→ 🛰"}', 'two\nlines\n', ''].entries()) {
      const name = host(`t${index}.example`);
      await create(data, name);
      expect((await store.read(name))?.data).toBe(data);
    }
    const after = await reopen();
    expect([...after.records.values()].map((record) => record.data).sort()).toEqual(
      ['', 'two\nlines\n', '{"ä":"→ 🛰"}'].sort(),
    );
  });

  test('deletes a record and begins a later one at version 0 with a higher order', async () => {
    const created = await create();
    expect(await store.commit([{ host: a1, expect: 0, data: null }])).toEqual([undefined]);
    expect(await store.read(a1)).toBeUndefined();
    expect(told.records.has(a1)).toBe(false);
    const again = await create('{"again":true}');
    expect(again?.version).toBe(0);
    expect(again && created && again.order > created.order).toBe(true);
    expect(told.told.slice(told.told.indexOf('whole') + 1)).toEqual([`${a1} 0`, `${a1} gone`, `${a1} 0`]);
  });

  test.each([
    ['creating what is there', 'absent', '{}'],
    ['changing an older version', 0, '{}'],
    ['changing a version yet to come', 2, '{}'],
    ['deleting an older version', 0, null],
  ] as const)('refuses %s and changes nothing', async (_what, expected, data) => {
    await create();
    await store.commit([{ host: a1, expect: 0, data: '{"n":1}' }]);
    const before = told.told.length;
    await expect(store.commit([{ host: a1, expect: expected, data }])).rejects.toBeInstanceOf(StoreConflict);
    expect(await store.read(a1)).toMatchObject({ version: 1, data: '{"n":1}' });
    expect(told.told.slice(before)).toEqual([]);
  });

  test.each([
    ['changing', '{}'],
    ['deleting', null],
  ])('refuses %s what is not there', async (_what, data) => {
    await expect(store.commit([{ host: a1, expect: 0, data }])).rejects.toBeInstanceOf(StoreConflict);
    expect(await store.read(a1)).toBeUndefined();
  });

  test('commits all or none', async () => {
    await create('{"n":0}', a2);
    const steps = [
      { host: a1, expect: 'absent', data: '{}' },
      { host: a2, expect: 7, data: '{"n":1}' },
    ] as const;
    await expect(store.commit(steps)).rejects.toBeInstanceOf(StoreConflict);
    expect(await store.read(a1)).toBeUndefined();
    expect((await store.read(a2))?.version).toBe(0);
    const done = await store.commit([steps[0], { ...steps[1], expect: 0 }]);
    expect(done.map((record) => record?.version)).toEqual([0, 1]);
    expect([...told.records.keys()].sort()).toEqual([a1, a2]);
  });

  test('refuses more than fits one commit and says how much does', async () => {
    const changes = Array.from({ length: store.maxChanges + 1 }, (_, index) => ({
      host: host(`m${index}.example`),
      expect: 'absent' as const,
      data: '{}',
    }));
    const refused = await store.commit(changes).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SatelliteError);
    expect(refused).toMatchObject({ code: 'too-large', members: { most: store.maxChanges } });
    expect(told.records.size).toBe(0);
    await store.commit(changes.slice(1));
    expect(told.records.size).toBe(store.maxChanges);
  });

  test('tells the automation node before the deletion that goes with it', async () => {
    await create();
    const before = told.told.length;
    await store.commit([{ host: a1, expect: 0, data: null }], { expect: 0, data: '{"deleted":"a1"}' });
    expect(told.told.slice(before)).toEqual(['automation 1', `${a1} gone`]);
    expect(told.automation).toEqual({ version: 1, data: '{"deleted":"a1"}' });
    expect(await store.readAutomation()).toEqual({ version: 1, data: '{"deleted":"a1"}' });
  });

  test('lets one of two writers past the same automation version', async () => {
    const attempt = (name: typeof a1) =>
      store.commit([{ host: name, expect: 'absent', data: '{}' }], { expect: 0, data: `{"by":"${name}"}` });
    const outcomes = await Promise.allSettled([attempt(a1), attempt(a2)]);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map((outcome) => outcome.reason)).toEqual([expect.any(StoreConflict)]);
    expect((await store.readAutomation()).version).toBe(1);
    expect(told.records.size).toBe(1);
  });

  test('100 parallel changes of one host all succeed and all show', async () => {
    await create('[]');
    const append = async (number: number): Promise<number> => {
      for (let tries = 1; ; tries++) {
        const now = await store.read(a1);
        if (!now) throw new Error('the record is gone');
        const list = JSON.parse(now.data) as number[];
        try {
          await store.commit([{ host: a1, expect: now.version, data: JSON.stringify([...list, number]) }]);
          return tries;
        } catch (error) {
          if (!(error instanceof StoreConflict)) throw error;
        }
      }
    };
    const tries = await Promise.all(Array.from({ length: 100 }, (_, number) => append(number)));
    const list = JSON.parse(told.data(a1) ?? '') as number[];
    expect(list.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, number) => number));
    expect((await store.read(a1))?.version).toBe(100);
    expect(Math.max(...tries)).toBeGreaterThan(1);
    expect(told.stepsBack).toEqual([]);
  }, 20_000);

  test('keeps everything over a restart, and tells all of it before it is whole', async () => {
    const one = await create('{"one":1}');
    await store.commit([{ host: a2, expect: 'absent', data: '{"two":2}' }], { expect: 0, data: '{"kept":true}' });
    const [two] = await store.commit([{ host: a2, expect: 0, data: '{"two":3}' }]);
    const after = await reopen();
    expect(after.records.get(a1)).toEqual(one);
    expect(after.records.get(a2)).toEqual(two);
    expect(after.automation).toEqual({ version: 1, data: '{"kept":true}' });
    expect(after.told.indexOf('whole')).toBe(after.told.length - 1);
    const [next] = await store.commit([{ host: a1, expect: 0, data: '{}' }]);
    expect(next && two && next.order > two.order).toBe(true);
  });

  test('refuses everything after it was closed', async () => {
    await create();
    await store.close(2_000);
    const refusal = { code: 'store-unavailable' };
    await expect(store.commit([{ host: a2, expect: 'absent', data: '{}' }])).rejects.toMatchObject(refusal);
    await expect(store.read(a1)).rejects.toMatchObject(refusal);
    await expect(store.readAutomation()).rejects.toMatchObject(refusal);
    expect((await reopen()).records.size).toBe(1);
  });
});
