/** What only the ZooKeeper store can meet: other writers, lost answers, dead servers, a tree that somebody wiped. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StoreConflict } from '../../../satellite-master/whitelist/store/store.ts';
import {
  ZooKeeperStore,
  type ZooKeeperStoreOptions,
} from '../../../satellite-master/whitelist/store/zookeeper-store.ts';
import { createZooKeeperSession } from '../../../satellite-master/zookeeper/session.ts';
import type { MultiOp, ZooKeeperSession } from '../../../satellite-master/zookeeper/types.ts';
import { systemClock } from '../../../shared/clock.ts';
import { SatelliteError } from '../../../shared/errors.ts';
import { silentLog } from '../../../shared/log.ts';
import { type FaultProxy, REQUEST, startFaultProxy } from '../../support/fault-proxy.ts';
import { until } from '../../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../support/zookeeper.ts';
import { host, type Recorder, startWhole, untilState } from './recorder.ts';

const a1 = host('a1.example');
const a2 = host('a2.example');
let server: ZooKeeperServer;
let proxy: FaultProxy;
/** Another program on the same tree: not a store, and not through the proxy. */
let other: ZooKeeperSession;
let root: string;
let roots = 0;
let session: ZooKeeperSession;
let store: ZooKeeperStore;
let told: Recorder;

beforeAll(async () => {
  server = await startZooKeeper({ heapMb: 256 });
});
afterAll(() => server.dispose());

beforeEach(async () => {
  root = `/test-${roots++}`;
  proxy = await startFaultProxy(server.port);
  other = createZooKeeperSession({ connectString: server.connectString, clock: systemClock, log: silentLog });
  other.start();
  await until(() => other.state.kind === 'connected', { what: 'the other session' });
});

afterEach(async () => {
  proxy.mode = 'pass';
  await store.close(2_000);
  await other.close(2_000);
  await proxy.refuse();
});

function makeStore(options: Partial<ZooKeeperStoreOptions> = {}): ZooKeeperStore {
  const { connectString } = proxy;
  session = createZooKeeperSession({
    connectString,
    sessionTimeoutMs: 2_000,
    clock: systemClock,
    log: silentLog,
  });
  store = new ZooKeeperStore({ session, connectString, root, clock: systemClock, log: silentLog, ...options });
  return store;
}

async function start(options: Partial<ZooKeeperStoreOptions> = {}): Promise<void> {
  told = await startWhole(makeStore(options));
}

const path = (name: string) => `${root}/whitelist/${name}`;
const put = (name: string, data: string | Buffer) => other.create(path(name), Buffer.from(data));
const set = (name: string, version: number, data: string) =>
  other.multi([{ op: 'set', path: path(name), version, data: Buffer.from(data) }]);
const remove = (name: string, version = -1) => other.multi([{ op: 'remove', path: path(name), version }]);
const untilTold = (condition: () => boolean) =>
  until(condition, { what: `the listener to be told; it was told ${told.told.join(', ')}` });

describe('other writers', () => {
  test('what they create, change and delete is told, each in order', async () => {
    await start();
    await put(a1, '{"n":0}');
    await untilTold(() => told.data(a1) === '{"n":0}');
    await set(a1, 0, '{"n":1}');
    await untilTold(() => told.data(a1) === '{"n":1}');
    expect(told.records.get(a1)?.version).toBe(1);
    await remove(a1);
    await untilTold(() => !told.records.has(a1));
    await put(a1, '{"n":2}');
    await untilTold(() => told.data(a1) === '{"n":2}');
    expect(told.stepsBack).toEqual([]);
  });

  test('a deletion is told after the automation node that goes with it', async () => {
    await start();
    await put(a1, '{}');
    await untilTold(() => told.records.has(a1));
    const before = told.told.length;
    await other.multi([
      { op: 'set', path: `${root}/automation`, version: 0, data: Buffer.from('{"deleted":"a1"}') },
      { op: 'remove', path: path(a1), version: 0 },
    ]);
    await untilTold(() => !told.records.has(a1));
    expect(told.told.slice(before)).toEqual(['automation 1', `${a1} gone`]);
  });

  test('a record that was deleted and made again is told as gone first', async () => {
    await start();
    await put(a1, '{}');
    await untilTold(() => told.records.has(a1));
    const before = told.told.length;
    await other.multi([
      { op: 'remove', path: path(a1), version: 0 },
      { op: 'create', path: path(a1), data: Buffer.from('{"again":1}') },
    ]);
    await untilTold(() => told.data(a1) === '{"again":1}');
    expect(told.told.slice(before)).toEqual([`${a1} gone`, `${a1} 0`]);
  });

  test('whatever lies in a node is passed on as text, and a name that is no host name is said once', async () => {
    await other.ensurePath(`${root}/whitelist`);
    await put(a1, 'not JSON');
    await put(a2, Buffer.from([0x7b, 0xff, 0x7d]));
    await put('no host', '{}');
    await start();
    expect(told.data(a1)).toBe('not JSON');
    expect(told.data(a2)).toBe('{\ufffd}');
    await put('-neither', '{}');
    await put('a3.example', '');
    await untilTold(() => told.data(host('a3.example')) === '');
    await untilTold(() => told.unfitNames.length === 2);
    expect(told.unfitNames).toEqual(['no host', '-neither']);
  });

  test('a node that others forbid us to read costs only itself: it is told as an empty one', async () => {
    await other.ensurePath(`${root}/whitelist`);
    const owner = createZooKeeperSession({
      connectString: server.connectString,
      auth: { scheme: 'digest', credentials: 'owner:secret' },
      clock: systemClock,
      log: silentLog,
    });
    owner.start();
    await until(() => owner.state.kind === 'connected', { what: "the owner's session" });
    await owner.create(path(a1), Buffer.from('{"secret":1}'));
    await put(a2, '{}');
    await start();
    expect([told.data(a1), told.data(a2)]).toEqual(['', '{}']);
    await owner.multi([{ op: 'remove', path: path(a1), version: 0 }]);
    await untilTold(() => !told.records.has(a1));
    await owner.close(2_000);
  });

  test('what was changed before an automation version is told before that version is answered', async () => {
    await start();
    for (let round = 0; round < 20; round++) {
      const creates = Array.from(
        { length: 50 },
        (_, index): MultiOp => ({ op: 'create', path: path(`r${round}-${index}.example`), data: Buffer.from('{}') }),
      );
      const writing = Promise.all([
        ...creates.map((create) => other.multi([create])),
        other.multi([{ op: 'set', path: `${root}/automation`, version: round, data: Buffer.from('{}') }]),
      ]);
      await until(async () => (await store.readAutomation()).version === round + 1, {
        what: 'the version',
        everyMs: 0,
      });
      expect(told.records.size).toBe(50 * (round + 1));
      await writing;
    }
  });

  test('a commit over a version that another has made is refused, and so is one over a deleted record', async () => {
    await start();
    await store.commit([{ host: a1, expect: 'absent', data: '{"n":0}' }]);
    await set(a1, 0, '{"n":1}');
    await expect(store.commit([{ host: a1, expect: 0, data: '{"n":2}' }])).rejects.toBeInstanceOf(StoreConflict);
    await remove(a1);
    await expect(store.commit([{ host: a1, expect: 1, data: '{"n":2}' }])).rejects.toBeInstanceOf(StoreConflict);
    expect(await store.read(a1)).toBeUndefined();
  });
});

describe('a tree that somebody harms', () => {
  test('wiped whole: every record is told as gone, and the next change finds its place again', async () => {
    await start();
    const names = Array.from({ length: 50 }, (_, index) => host(`h${index}.example`));
    await store.commit(names.map((name) => ({ host: name, expect: 'absent', data: '{}' })));
    const steps = [...names.map((name) => path(name)), `${root}/whitelist`, `${root}/automation`, root];
    await other.multi(steps.map((step) => ({ op: 'remove', path: step, version: -1 })));
    await untilTold(() => told.records.size === 0);
    await until(() => store.commit([{ host: a1, expect: 'absent', data: '{}' }]), { what: 'a change to succeed' });
    expect((await other.getData(path(a1)))?.data.toString()).toBe('{}');
    expect((await store.readAutomation()).data).toBe('{}');
    await put(a2, '{}');
    await untilTold(() => told.records.has(a2));
  });

  test('the automation node deleted: it is made again', async () => {
    await start();
    await store.commit([], { expect: 0, data: '{"n":1}' });
    await other.multi([{ op: 'remove', path: `${root}/automation`, version: -1 }]);
    await untilTold(() => told.automation?.version === 0);
    expect(await store.commit([{ host: a1, expect: 'absent', data: '{}' }], { expect: 0, data: '{}' })).toHaveLength(1);
  });
});

describe('limits', () => {
  test('a commit beyond one packet is refused, and says how many of its changes fit', async () => {
    await start();
    const changes = [a1, a2, host('a3.example')].map((name) => ({
      host: name,
      expect: 'absent' as const,
      data: 'x'.repeat(400_000),
    }));
    await expect(store.commit(changes)).rejects.toMatchObject({ code: 'too-large', members: { most: 2 } });
    expect(await store.commit(changes.slice(0, 2))).toHaveLength(2);
    const tooLarge = [{ host: a1, expect: 0, data: 'x'.repeat(1_100_000) }];
    await expect(store.commit(tooLarge)).rejects.toMatchObject({ code: 'too-large', members: { most: 0 } });
  });

  test('40,000 records are read whole, and changes follow', { timeout: 120_000 }, async () => {
    await other.ensurePath(`${root}/whitelist`);
    const data = Buffer.from(JSON.stringify({ filling: 'x'.repeat(300) }));
    for (let from = 0; from < 40_000; from += 500)
      await other.multi(
        Array.from({ length: 500 }, (_, index) => ({ op: 'create', path: path(`h${from + index}.example`), data })),
      );
    told = await startWhole(makeStore({}), 100_000);
    expect(told.records.size).toBe(40_000);
    for (let version = 0; version < 3; version++)
      await store.commit([{ host: host('h7.example'), expect: version, data: `{"n":${version}}` }]);
    expect(told.records.get(host('h7.example'))?.data).toBe('{"n":2}');
  });
});

describe('a server out of reach', () => {
  test('killed and back: lost with a reason, then whole with what others changed meanwhile', async () => {
    await start();
    const names = [a1, a2, host('gone.example')];
    await store.commit(names.map((name) => ({ host: name, expect: 'absent', data: '{"n":0}' })));
    // Its watch is now the youngest, so that it is the last to fire when the session goes on.
    await store.commit([], { expect: 0, data: '{}' });
    await proxy.refuse();
    await untilState(store, 'lost');
    expect(store.state).toMatchObject({ reason: expect.stringContaining(proxy.connectString) });
    await set(a1, 0, '{"n":1}');
    await other.multi([
      { op: 'set', path: `${root}/automation`, version: 1, data: Buffer.from('{"deleted":"gone"}') },
      { op: 'remove', path: path('gone.example'), version: 0 },
    ]);
    await put('new.example', '{}');
    const before = told.told.length;
    await server.restart();
    expect(told.data(a1)).toBe('{"n":0}');
    await proxy.listen();
    await untilState(store, 'whole');
    await untilTold(() => told.data(a1) === '{"n":1}');
    expect([...told.records.keys()].sort()).toEqual([a1, a2, 'new.example']);
    const since = told.told.slice(before);
    expect(since.indexOf('gone.example gone')).toBeGreaterThan(since.indexOf('automation 2'));
    expect(since).toContain('automation 2');
    expect(told.stepsBack).toEqual([]);
  });

  test('a change whose reading failed is read again when the session goes on', async () => {
    await start();
    await store.commit([{ host: a1, expect: 'absent', data: '{"n":0}' }]);
    const first = session.sessionId;
    proxy.onRequest = (type) => {
      if (type !== REQUEST.getData) return;
      proxy.onRequest = () => undefined;
      proxy.cutAll();
    };
    await set(a1, 0, '{"n":1}');
    await untilTold(() => told.data(a1) === '{"n":1}');
    await untilState(store, 'whole');
    expect(session.sessionId).toBe(first);
    expect(told.states.map(({ kind }) => kind).slice(-2)).toEqual(['lost', 'whole']);
  });

  test('nothing is applied later of what was refused meanwhile', async () => {
    await start();
    await proxy.refuse();
    await untilState(store, 'lost');
    const refusal = { code: 'store-unavailable' };
    await expect(store.commit([{ host: a1, expect: 'absent', data: '{}' }])).rejects.toMatchObject(refusal);
    await expect(store.read(a1)).rejects.toMatchObject(refusal);
    await expect(store.readAutomation()).rejects.toMatchObject(refusal);
    await proxy.listen();
    await untilState(store, 'whole');
    await store.commit([{ host: a2, expect: 'absent', data: '{}' }]);
    expect(await store.read(a1)).toBeUndefined();
    expect((await other.getChildren(`${root}/whitelist`))?.names).toEqual([a2]);
  });

  test('away for longer than the session lasts: all is read again', async () => {
    await start();
    const gone = host('gone.example');
    await store.commit([a1, a2, gone].map((name) => ({ host: name, expect: 'absent', data: '{"n":0}' })));
    const first = session.sessionId;
    proxy.mode = 'black-hole';
    await set(a1, 0, '{"n":1}');
    await other.multi([
      { op: 'remove', path: path(a2), version: 0 },
      { op: 'create', path: path(a2), data: Buffer.from('{"again":1}') },
    ]);
    await remove(gone);
    await until(async () => !(await server.ask('dump')).includes(`0x${first?.toString(16)}`), {
      what: 'the server to end the session',
    });
    await untilState(store, 'lost');
    const before = told.told.length;
    proxy.mode = 'pass';
    proxy.cutAll();
    await untilState(store, 'whole');
    expect(told.data(a1)).toBe('{"n":1}');
    expect(session.sessionId).not.toBe(first);
    expect(told.told.slice(before)).toEqual(expect.arrayContaining([`${a2} gone`, `${a2} 0`]));
    expect([...told.records.keys()].sort()).toEqual([a1, a2]);
    // The new session's watches stand.
    await set(a1, 1, '{"n":2}');
    await untilTold(() => told.data(a1) === '{"n":2}');
  });

  test('never there: unread, and whole as soon as it comes', async () => {
    await proxy.refuse();
    makeStore();
    const starting = startWhole(store);
    expect(store.state.kind).toBe('unread');
    await expect(store.commit([{ host: a1, expect: 'absent', data: '{}' }])).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    await proxy.listen();
    told = await starting;
    expect(told.records.size).toBe(0);
  });
});

describe('a commit whose answer is lost', () => {
  /** What befalls the next multi as it passes the proxy. */
  function onNextMulti(befall: () => void): void {
    proxy.onRequest = (type) => {
      if (type !== REQUEST.multi) return;
      proxy.onRequest = () => undefined;
      befall();
    };
  }

  beforeEach(async () => {
    await start({ settleMs: 3_000 });
    await store.commit([{ host: a1, expect: 'absent', data: '{"n":0}' }]);
  });

  const change = () => store.commit([{ host: a1, expect: 0, data: '{"n":"ours"}' }]);

  test('applied: it resolves, is told, and was sent once', async () => {
    const sent = proxy.count(REQUEST.multi);
    onNextMulti(() => {
      proxy.cutNextAnswer = true;
    });
    expect(await change()).toEqual([expect.objectContaining({ version: 1, data: '{"n":"ours"}' })]);
    expect(told.data(a1)).toBe('{"n":"ours"}');
    expect(proxy.count(REQUEST.multi) - sent).toBe(1);
  });

  test('never arrived: it is sent once more', async () => {
    const sent = proxy.count(REQUEST.multi);
    onNextMulti(() => proxy.cutAll());
    expect(await change()).toEqual([expect.objectContaining({ version: 1, data: '{"n":"ours"}' })]);
    expect(proxy.count(REQUEST.multi) - sent).toBe(2);
    expect((await other.getData(path(a1)))?.stat.version).toBe(1);
  });

  test('never arrived, and somebody else was first: a conflict, and theirs stands', async () => {
    onNextMulti(() => {
      void proxy.refuse();
    });
    const outcome = change().catch((error: unknown) => error);
    await untilState(store, 'lost');
    await set(a1, 0, '{"n":"theirs"}');
    await proxy.listen();
    expect(await outcome).toBeInstanceOf(StoreConflict);
    expect((await other.getData(path(a1)))?.data.toString()).toBe('{"n":"theirs"}');
  });

  test('applied, and somebody has written over it since: uncertain', async () => {
    onNextMulti(() => {
      proxy.mode = 'no-answers';
    });
    const outcome = change().catch((error: unknown) => error);
    await until(async () => (await other.getData(path(a1)))?.stat.version === 1, { what: 'the change to arrive' });
    await set(a1, 1, '{"n":"theirs"}');
    proxy.mode = 'pass';
    proxy.cutAll();
    expect(await outcome).toMatchObject({ code: 'store-uncertain' });
  });

  test('a deletion that was applied resolves, with its automation node told first', async () => {
    const before = told.told.length;
    onNextMulti(() => {
      proxy.cutNextAnswer = true;
    });
    const deletion = [{ host: a1, expect: 0, data: null }];
    expect(await store.commit(deletion, { expect: 0, data: '{"deleted":"a1"}' })).toEqual([undefined]);
    const since = told.told.slice(before).filter((line) => line !== 'lost' && line !== 'whole');
    expect(since).toEqual(['automation 1', `${a1} gone`]);
  });

  test('no connection in time: uncertain, and only reading again tells', async () => {
    onNextMulti(() => {
      void proxy.refuse();
    });
    await expect(change()).rejects.toMatchObject({ code: 'store-uncertain' });
    await proxy.listen();
    await untilState(store, 'whole');
    expect((await store.read(a1))?.version).toBe(0);
  });

  test('confirmed, but the connection broke before it was read back: it resolves once it was told', async () => {
    onNextMulti(() => {
      proxy.onRequest = (type) => {
        if (type !== REQUEST.getData) return;
        proxy.onRequest = () => undefined;
        proxy.cutAll();
      };
    });
    expect(await change()).toEqual([expect.objectContaining({ version: 1 })]);
    expect(told.data(a1)).toBe('{"n":"ours"}');
  });

  test('under a connection that breaks all the time every answer is true, and what was told is what lies there', async () => {
    const acknowledged: string[] = [];
    const uncertain: string[] = [];
    let breaks = 0;
    let requestsToBreak = 10;
    proxy.onRequest = () => {
      if (--requestsToBreak > 0 || breaks === 6) return;
      requestsToBreak = 5 + ((breaks * 37) % 100);
      if (breaks++ % 2 === 0) proxy.cutNextAnswer = true;
      else proxy.cutAll();
    };

    /** Adds the token to the list that is the record, until the store says that it is there or cannot say. */
    async function add(name: typeof a1, token: string): Promise<void> {
      for (;;) {
        try {
          const now = await store.read(name);
          const data = JSON.stringify([...(now ? (JSON.parse(now.data) as string[]) : []), token]);
          await store.commit([{ host: name, expect: now?.version ?? 'absent', data }]);
          acknowledged.push(token);
          return;
        } catch (error) {
          if (error instanceof SatelliteError && error.code === 'store-uncertain') {
            uncertain.push(token);
            return;
          }
          const again = error instanceof StoreConflict || (error as SatelliteError).code === 'store-unavailable';
          if (!again) throw error;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    }

    const names = ['l0.example', 'l1.example', 'l2.example'].map(host);
    const workers = Array.from({ length: 6 }, async (_, worker) => {
      for (let turn = 0; turn < 25; turn++) {
        const name = names[(worker + turn) % names.length];
        if (name) await add(name, `${worker}-${turn}`);
      }
    });
    await Promise.all(workers);
    await untilState(store, 'whole');
    const nodes = await Promise.all(names.map((name) => other.getData(path(name))));
    const there = nodes.flatMap((node) => JSON.parse(node?.data.toString() ?? '[]') as string[]);
    expect(breaks).toBe(6);
    expect(there.length).toBe(new Set(there).size);
    expect(acknowledged.filter((token) => !there.includes(token))).toEqual([]);
    expect(there.filter((token) => !acknowledged.includes(token) && !uncertain.includes(token))).toEqual([]);
    await untilTold(() => names.every((name, index) => told.data(name) === nodes[index]?.data.toString()));
    expect(told.stepsBack).toEqual([]);
  });
});
