import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_REQUEST_BYTES } from '../../../satellite-master/zookeeper/wire.ts';
import { until } from '../../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../support/zookeeper.ts';
import { closeSessions, makeSession, openSession, outcomeOf, type WatchedSession } from './watched-session.ts';

let server: ZooKeeperServer;
let own: WatchedSession;
let test = 0;
let root = '';

beforeAll(async () => {
  server = await startZooKeeper();
});
afterAll(() => server.dispose());
beforeEach(async () => {
  own = await openSession(server.connectString);
  root = `/operations-${++test}`;
  await own.session.ensurePath(root);
});
afterEach(closeSessions);

const text = (value: string) => Buffer.from(value);

describe('nodes', () => {
  it('are made, read, listed, changed and removed', async () => {
    const { session } = own;
    await session.create(`${root}/a`, text('first'));
    expect((await session.getData(`${root}/a`))?.data.toString()).toBe('first');
    await session.multi([{ op: 'set', path: `${root}/a`, data: text('zwei ü'), version: 0 }]);
    const read = await session.getData(`${root}/a`);
    expect(read?.data.toString()).toBe('zwei ü');
    expect(read?.stat).toMatchObject({ version: 1, ephemeralOwner: 0n, numChildren: 0 });
    expect(read?.stat.mzxid).toBeGreaterThan(read?.stat.czxid ?? 0n);
    expect(Math.abs((read?.stat.ctimeMs ?? 0) - Date.now())).toBeLessThan(60_000);
    await session.create(`${root}/b`, text(''));
    const listed = await session.getChildren(root);
    expect([...(listed?.names ?? [])].sort()).toEqual(['a', 'b']);
    expect(listed?.stat.numChildren).toBe(2);
    await session.multi([{ op: 'remove', path: `${root}/a`, version: 1 }]);
    expect(await session.exists(`${root}/a`)).toBeUndefined();
    expect((await session.exists(root))?.numChildren).toBe(1);
  });

  it('that are not there are undefined, and not an error', async () => {
    const { session } = own;
    expect(await session.exists(`${root}/none`)).toBeUndefined();
    expect(await session.getData(`${root}/none`)).toBeUndefined();
    expect(await session.getChildren(`${root}/none`)).toBeUndefined();
  });

  it('that are ephemeral belong to the session and go with it', async () => {
    const other = await openSession(server.connectString);
    await other.session.create(`${root}/mine`, text('x'), { ephemeral: true });
    expect((await own.session.exists(`${root}/mine`))?.ephemeralOwner).toBe(other.session.sessionId);
    await other.session.close(2_000);
    expect(await own.session.exists(`${root}/mine`)).toBeUndefined();
    expect(other.session.sessionId).toBeUndefined();
  });

  it('above a node are made where they are missing, by many at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => own.session.ensurePath(`${root}/x/y/z`)));
    expect(await own.session.exists(`${root}/x/y/z`)).toBeDefined();
  });
});

describe('what the server refuses', () => {
  it.each([
    ['node-exists', -110, () => own.session.create(root, text(''))],
    ['no-node', -101, () => own.session.create(`${root}/none/below`, text(''))],
    ['refused', -8, () => own.session.exists('no-slash')],
    ['refused', -8, () => own.session.getData(`${root}/`)],
    ['refused', -8, () => own.session.getChildren(`${root}//x`)],
    ['refused', -8, () => own.session.create(`${root}/../up`, text(''))],
    ['refused', -8, () => own.session.multi([{ op: 'remove', path: `${root}/\u0000`, version: -1 }])],
  ] as const)('is told as %s with %i', async (kind, code, call) => {
    await expect(call()).rejects.toMatchObject({ name: 'ZooKeeperError', kind, code });
  });

  it('is told as not-empty where there are children', async () => {
    await own.session.ensurePath(`${root}/a/b`);
    await expect(own.session.multi([{ op: 'remove', path: `${root}/a`, version: -1 }])).rejects.toMatchObject({
      kind: 'not-empty',
      path: `${root}/a`,
    });
  });
});

describe('a transaction', () => {
  it('takes version 0 for 0, and not for any', async () => {
    const { session } = own;
    const path = `${root}/versioned`;
    await session.create(path, text('0'));
    await session.multi([{ op: 'set', path, data: text('1'), version: 0 }]);
    for (const op of [
      { op: 'set', path, data: text('lost update'), version: 0 },
      { op: 'check', path, version: 0 },
      { op: 'remove', path, version: 0 },
    ] as const)
      await expect(session.multi([op])).rejects.toMatchObject({ kind: 'bad-version', path, code: -103 });
    expect((await session.getData(path))?.data.toString()).toBe('1');
    await session.multi([{ op: 'set', path, data: text('any'), version: -1 }]);
  });

  it('is done whole or not at all, and names the step that failed', async () => {
    const { session } = own;
    await session.create(`${root}/there`, text(''));
    await expect(
      session.multi([
        { op: 'create', path: `${root}/new`, data: text('') },
        { op: 'set', path: `${root}/there`, data: text('x'), version: 0 },
        { op: 'create', path: `${root}/there`, data: text('') },
        { op: 'remove', path: `${root}/none`, version: -1 },
      ]),
    ).rejects.toMatchObject({ kind: 'node-exists', path: `${root}/there` });
    expect(await session.exists(`${root}/new`)).toBeUndefined();
    expect((await session.exists(`${root}/there`))?.version).toBe(0);
  });

  it('lets one of many writers win each version', async () => {
    const path = `${root}/contended`;
    await own.session.create(path, text(''));
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        outcomeOf(own.session.multi([{ op: 'set', path, data: text(String(n)), version: 0 }])),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'bad-version')).toHaveLength(49);
  });

  it('of nothing does nothing', async () => {
    await own.session.multi([]);
  });
});

describe('the size of a request', () => {
  it('is refused before it is sent where the server would cut the connection', async () => {
    const { session, states } = own;
    const path = `${root}/large`;
    await session.create(path, text(''));
    const set = (bytes: number) => session.multi([{ op: 'set', path, data: Buffer.alloc(bytes), version: -1 }]);
    // header, three multi headers' worth of a set, its path and its version
    const around = 8 + 9 + 4 + path.length + 4 + 4 + 9;
    await expect(set(MAX_REQUEST_BYTES - around + 1)).rejects.toMatchObject({ kind: 'refused' });
    await expect(session.create(`${path}-2`, Buffer.alloc(2_000_000))).rejects.toMatchObject({ kind: 'refused' });
    await set(MAX_REQUEST_BYTES - around);
    expect((await session.getData(path))?.data.length).toBe(MAX_REQUEST_BYTES - around);
    expect(states.map((state) => state.kind)).toEqual(['connecting', 'connected']);
  });
});

describe('watches', () => {
  it('tell of data, creation, deletion and children, once each', async () => {
    const { session, events } = own;
    const other = (await openSession(server.connectString)).session;
    await session.create(`${root}/a`, text(''));
    await session.getData(`${root}/a`, { watch: true });
    await session.getData(`${root}/a`, { watch: true });
    await session.exists(`${root}/later`, { watch: true });
    await session.getChildren(root, { watch: true });
    await other.multi([{ op: 'set', path: `${root}/a`, data: text('1'), version: -1 }]);
    await other.multi([{ op: 'set', path: `${root}/a`, data: text('2'), version: -1 }]);
    await other.create(`${root}/later`, text(''));
    await session.sync('/');
    expect(events).toEqual([
      { type: 'data', path: `${root}/a` },
      { type: 'created', path: `${root}/later` },
      { type: 'children', path: root },
    ]);
    await session.exists(`${root}/a`, { watch: true });
    await other.multi([{ op: 'remove', path: `${root}/a`, version: -1 }]);
    await session.sync('/');
    expect(events.slice(3)).toEqual([{ type: 'deleted', path: `${root}/a` }]);
  });

  it('are not set on what is not there, save by exists', async () => {
    const { session } = own;
    await session.getData(`${root}/none`, { watch: true });
    await session.getChildren(`${root}/none`, { watch: true });
    await session.create(`${root}/none`, text(''));
    await session.sync('/');
    expect(own.events).toEqual([]);
  });

  it('go on when a listener throws', async () => {
    const { session, events } = own;
    session.onWatch(() => {
      throw new Error('a listener at fault');
    });
    for (const turn of [1, 2]) {
      await session.getData(root, { watch: true });
      await session.multi([{ op: 'set', path: root, data: text(String(turn)), version: -1 }]);
    }
    await session.sync('/');
    expect(events).toHaveLength(2);
    expect(session.state.kind).toBe('connected');
  });
});

describe('rights', () => {
  const auth = { scheme: 'digest', credentials: 'satellite:secret' } as const;

  it('of what is made with a name are for that name alone', async () => {
    const path = `${root}/secret`;
    const first = (await openSession(server.connectString, { auth })).session;
    await first.create(path, text('x'));
    await first.multi([{ op: 'create', path: `${path}/inner`, data: text('y') }]);
    const again = (await openSession(server.connectString, { auth })).session;
    expect((await again.getData(`${path}/inner`))?.data.toString()).toBe('y');
    const wrong = await openSession(server.connectString, { auth: { scheme: 'digest', credentials: 'satellite:x' } });
    for (const { session } of [own, wrong]) {
      expect(await outcomeOf(session.getData(path))).toBe('no-auth');
      expect(await outcomeOf(session.getChildren(path))).toBe('no-auth');
      expect(await outcomeOf(session.create(`${path}/b`, text('')))).toBe('no-auth');
      expect(await outcomeOf(session.multi([{ op: 'set', path, data: text(''), version: -1 }]))).toBe('no-auth');
    }
  });

  it('hold again after a reconnect', async () => {
    const watched = await openSession(server.connectString, { auth, sessionTimeoutMs: 20_000 });
    await watched.session.create(`${root}/mine`, text('x'));
    await server.restart();
    await until(() => watched.states.some((state) => state.kind === 'connected' && !state.newSession), {
      what: 'the session to come back',
    });
    expect((await watched.session.getData(`${root}/mine`))?.data.toString()).toBe('x');
  });
});

describe('a chroot', () => {
  it('is made where it is missing, and stands before every path', async () => {
    const { session, events } = await openSession(`${server.connectString}${root}/satellite-prod/deep`);
    await session.ensurePath('/a/b');
    await session.getChildren('/', { watch: true });
    await session.getData('/a', { watch: true });
    expect((await own.session.getChildren(`${root}/satellite-prod/deep`))?.names).toEqual(['a']);
    await own.session.create(`${root}/satellite-prod/deep/c`, text(''));
    await own.session.multi([{ op: 'set', path: `${root}/satellite-prod/deep/a`, data: text(''), version: -1 }]);
    await session.sync('/');
    expect(events).toEqual([
      { type: 'children', path: '/' },
      { type: 'data', path: '/a' },
    ]);
    expect((await session.getChildren('/'))?.names).toHaveLength(2);
    await expect(session.create('/c', text(''))).rejects.toMatchObject({ kind: 'node-exists', path: '/c' });
  });

  it('that cannot be made is tried again until it can, and until then there is no session', async () => {
    const auth = { scheme: 'digest', credentials: 'owner:secret' } as const;
    const owner = (await openSession(server.connectString, { auth })).session;
    await owner.create(`${root}/locked`, text(''));
    const said: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => said.push(line) });
    const watched = makeSession(`${server.connectString}${root}/locked/inner`, { log });
    watched.session.start();
    const [first] = await until(() => said.length > 0 && said, { what: 'the reason to be said' });
    expect(first).toContain(`cannot make ${root}/locked/inner`);
    expect(watched.states).toEqual([{ kind: 'connecting' }]);
    await owner.create(`${root}/locked/inner`, text(''));
    await watched.is('connected');
    expect(await outcomeOf(watched.session.create('/x', text('')))).toBe('no-auth');
  });
});
