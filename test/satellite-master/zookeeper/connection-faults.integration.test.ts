import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Connection } from '../../../satellite-master/zookeeper/connection.ts';
import type { SessionState } from '../../../satellite-master/zookeeper/types.ts';
import { requests } from '../../../satellite-master/zookeeper/wire.ts';
import { sleep, systemClock } from '../../../shared/clock.ts';
import { type FaultProxy, REQUEST, startFaultProxy } from '../../support/fault-proxy.ts';
import { until } from '../../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../support/zookeeper.ts';
import {
  closeSessions,
  makeNodes,
  makeSession,
  openSession,
  outcomeOf,
  type WatchedSession,
} from './watched-session.ts';

let server: ZooKeeperServer;
let proxy: FaultProxy;
let direct: WatchedSession;
let test = 0;
let root = '';

beforeAll(async () => {
  server = await startZooKeeper({ heapMb: 192 });
});
afterAll(() => server.dispose());
beforeEach(async () => {
  proxy = await startFaultProxy(server.port);
  direct = await openSession(server.connectString);
  root = `/faults-${++test}`;
  await direct.session.ensurePath(root);
});
afterEach(async () => {
  await closeSessions();
  await proxy.refuse();
});

const text = (value: string) => Buffer.from(value);
const kinds = (states: readonly SessionState[]) => states.map((state) => state.kind);

/** Until the session of `watched` is back on a new connection. */
async function resumed(watched: WatchedSession): Promise<void> {
  await watched.is('suspended').catch(() => undefined);
  await until(() => watched.states.at(-1)?.kind === 'connected' && kinds(watched.states).includes('suspended'), {
    what: 'the session to come back',
  });
}

describe('a first connect', () => {
  it('to nobody goes on trying, says that it is connecting, and succeeds when somebody is there', async () => {
    await proxy.refuse();
    const watched = makeSession(`${proxy.connectString}/with-chroot`);
    watched.session.start();
    expect(watched.states).toEqual([{ kind: 'connecting' }]);
    await expect(watched.session.exists('/')).rejects.toMatchObject({ kind: 'unavailable' });
    // Longer than all servers once, so that it is the patient kind of attempt that succeeds.
    await sleep(systemClock, 700);
    expect(kinds(watched.states)).toEqual(['connecting']);
    await proxy.listen();
    await watched.is('connected');
    expect(watched.states).toEqual([{ kind: 'connecting' }, { kind: 'connected', newSession: true }]);
  });

  it('to a server that says nothing goes to the next one', async () => {
    proxy.mode = 'black-hole';
    // The order of the servers is random: until the silent one has been the first.
    while (proxy.connections === 0) {
      await openSession(`${proxy.connectString},${server.connectString}`);
    }
  });

  it('tries again after half a handshake', async () => {
    proxy.mode = 'half-handshake';
    const watched = makeSession(proxy.connectString);
    watched.session.start();
    await until(() => proxy.connections >= 2, { what: 'a second attempt' });
    expect(watched.session.state.kind).toBe('connecting');
    proxy.mode = 'pass';
    await watched.is('connected');
  });
});

describe('a black hole', () => {
  it('is noticed before the session ends at the server, and the session comes back with all it missed', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 3_000 });
    await watched.session.getChildren(root, { watch: true });
    proxy.mode = 'black-hole';
    await watched.is('suspended');
    await direct.session.create(`${root}/meanwhile`, text(''));
    proxy.mode = 'pass';
    proxy.cutAll();
    await resumed(watched);
    expect(watched.states.at(-1)).toEqual({ kind: 'connected', newSession: false });
    await watched.session.sync('/');
    expect(watched.events).toEqual([{ type: 'children', path: root }]);
  });

  it('that lasts makes the session lost no later than at the server, and another follows', async () => {
    const watched = await openSession(proxy.connectString);
    await watched.session.create(`${root}/mine`, text(''), { ephemeral: true });
    await watched.session.getChildren(root, { watch: true });
    let stillThere: Promise<unknown> = Promise.resolve();
    watched.session.onState((state) => {
      if (state.kind === 'lost') stillThere = direct.session.exists(`${root}/mine`);
    });
    proxy.mode = 'black-hole';
    await watched.is('lost');
    expect(await stillThere).toBeDefined();
    proxy.mode = 'pass';
    await watched.is('connected');
    expect(kinds(watched.states)).toEqual(['connecting', 'connected', 'suspended', 'lost', 'connecting', 'connected']);
    expect(watched.states.at(-1)).toEqual({ kind: 'connected', newSession: true });
    // The old session's watch is gone: whoever wants one sets it again.
    await direct.session.create(`${root}/later`, text(''));
    await watched.session.sync('/');
    expect(watched.events).toEqual([]);
  });
});

describe('a call', () => {
  it('without a connection fails at once and is never done later', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 10_000 });
    await proxy.refuse();
    await watched.is('suspended');
    const calls = Array.from({ length: 2_000 }, (_, n) => watched.session.create(`${root}/late-${n}`, text('')));
    const outcomes = await Promise.all(calls.map(outcomeOf));
    expect(new Set(outcomes)).toEqual(new Set(['unavailable']));
    await proxy.listen();
    await resumed(watched);
    await watched.session.sync('/');
    expect((await direct.session.getChildren(root))?.names).toEqual([]);
    expect(proxy.count(REQUEST.create)).toBe(0);
  });

  it('whose answer is lost is uncertain, and may have been done', async () => {
    const watched = await openSession(proxy.connectString);
    proxy.onRequest = (type) => {
      if (type === REQUEST.create) proxy.mode = 'no-answers';
      return undefined;
    };
    const call = outcomeOf(watched.session.create(`${root}/done-unseen`, text('')));
    await until(() => direct.session.exists(`${root}/done-unseen`), { what: 'the server to do it' });
    proxy.cutAll();
    expect(await call).toBe('uncertain');
  });

  it('that the kernel did not take yet when the connection went is unavailable, and never done', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 4_000 });
    proxy.mode = 'stalled';
    const data = Buffer.alloc(1_000_000);
    const calls = Array.from({ length: 40 }, (_, n) => outcomeOf(watched.session.create(`${root}/n-${n}`, data)));
    await watched.is('suspended');
    const outcomes = await Promise.all(calls);
    expect(outcomes).toContain('uncertain');
    expect(outcomes.filter((outcome) => outcome === 'unavailable').length).toBeGreaterThan(20);
    proxy.mode = 'pass';
    await watched.is('connected');
    await watched.session.sync('/');
    const made = (await direct.session.getChildren(root))?.names ?? [];
    expect(made.filter((name) => outcomes[Number(name.slice(2))] === 'unavailable')).toEqual([]);
  });

  it('after which the answer is cut in the middle fails, and the next connection reads from its beginning', async () => {
    const watched = await openSession(proxy.connectString);
    await direct.session.create(`${root}/read`, Buffer.alloc(20_000, 'x'));
    proxy.cutNextAnswer = true;
    expect(await outcomeOf(watched.session.getData(`${root}/read`))).toBe('uncertain');
    await resumed(watched);
    expect((await watched.session.getData(`${root}/read`))?.data.length).toBe(20_000);
    expect(watched.states.at(-1)).toEqual({ kind: 'connected', newSession: false });
  });

  it.each([
    [-125, 'refused'],
    [-119, 'refused'],
    [-4711, 'refused'],
    [-118, 'unavailable'],
    [-122, 'uncertain'],
  ])('that the server answers with %i, which the library does not know, is %s', async (code, kind) => {
    const watched = await openSession(proxy.connectString);
    for (const call of [
      () => watched.session.getData(root),
      () => watched.session.sync('/'),
      () => watched.session.multi([{ op: 'check', path: root, version: -1 }]),
    ]) {
      proxy.nextErrorCode = code;
      await expect(call()).rejects.toMatchObject({ kind, code });
    }
    await watched.session.getData(root);
    expect(kinds(watched.states)).toEqual(['connecting', 'connected']);
  });

  it('has an end when the server hangs, and nothing is sent beyond the limit', async () => {
    const watched = await openSession(proxy.connectString, {
      sessionTimeoutMs: 20_000,
      callTimeoutMs: 400,
      mostInFlight: 7,
    });
    proxy.mode = 'no-answers';
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => outcomeOf(watched.session.getData(root))));
    expect(outcomes.slice(0, 7)).toEqual(Array(7).fill('uncertain'));
    expect(outcomes.slice(7)).toEqual(Array(23).fill('unavailable'));
    // The seven are still with the server: nobody takes their place before it answered.
    expect(await outcomeOf(watched.session.getData(root))).toBe('unavailable');
    expect(proxy.count(REQUEST.getData)).toBe(7);
    proxy.mode = 'pass';
    proxy.cutAll();
    await resumed(watched);
    await watched.session.getData(root);
  });
});

describe('many at once', () => {
  it('go through in turn, never more than the limit with the server', async () => {
    const watched = await openSession(proxy.connectString, { mostInFlight: 5, callTimeoutMs: 20_000 });
    let ended = 0;
    let most = 0;
    proxy.onRequest = (type) => {
      if (type === REQUEST.getData) most = Math.max(most, proxy.count(REQUEST.getData) - ended);
      return undefined;
    };
    await Promise.all(
      Array.from({ length: 500 }, async () => {
        await watched.session.getData(root);
        ended++;
      }),
    );
    expect(proxy.count(REQUEST.getData)).toBe(500);
    // The session sees an answer a little before the test counts it.
    expect(most).toBeGreaterThanOrEqual(5);
    expect(most).toBeLessThanOrEqual(10);
  });
});

describe('reconnects', () => {
  it('send the credentials and the watches once each, before anything else', async () => {
    const auth = { scheme: 'digest', credentials: 'a:b' } as const;
    const watched = await openSession(proxy.connectString, { auth, sessionTimeoutMs: 10_000 });
    await watched.session.getChildren(root, { watch: true });
    await proxy.refuse();
    // Each attempt that fails in the handshake would leave one more of both behind.
    proxy.mode = 'half-handshake';
    await proxy.listen();
    for (let turn = 0; turn < 3; turn++) {
      const attempts = proxy.connections;
      await until(() => proxy.connections > attempts, { what: 'an attempt that fails', timeoutMs: 4_000 });
      if (turn < 2) proxy.cutAll();
    }
    proxy.requests.length = 0;
    proxy.mode = 'pass';
    proxy.cutAll();
    watched.session.onState((state) => {
      if (state.kind === 'connected') void outcomeOf(watched.session.getData(root));
    });
    await resumed(watched);
    await watched.session.sync('/');
    expect(proxy.requests.filter((type) => type !== REQUEST.ping)).toEqual([
      REQUEST.auth,
      REQUEST.setWatches,
      REQUEST.getData,
      REQUEST.sync,
    ]);
  });

  it('wait longer and longer where a server cuts after each handshake', async () => {
    const watched = await openSession(proxy.connectString);
    const before = proxy.connections;
    watched.session.onState((state) => {
      if (state.kind === 'connected') proxy.cutAll();
    });
    proxy.cutAll();
    await sleep(systemClock, 1_500);
    expect(proxy.connections - before).toBeGreaterThan(1);
    expect(proxy.connections - before).toBeLessThan(20);
  });

  it('keep 30,000 watches, and tell of each change that was missed', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 10_000, callTimeoutMs: 20_000 });
    const paths = await makeNodes(direct.session, root, 30_000);
    await Promise.all(paths.map((path) => watched.session.getData(path, { watch: true })));
    await watched.session.getChildren(root, { watch: true });
    await proxy.refuse();
    await watched.is('suspended');
    const missed = paths.filter((_, index) => index % 10_000 === 17);
    for (const path of missed) await direct.session.multi([{ op: 'set', path, data: text('x'), version: 0 }]);
    await proxy.listen();
    await resumed(watched);
    await watched.session.sync('/');
    expect(watched.states.at(-1)).toEqual({ kind: 'connected', newSession: false });
    expect(watched.events.map((event) => event.path).sort()).toEqual([...missed].sort());
    expect(proxy.count(REQUEST.setWatches)).toBeGreaterThan(5);
    // All others are still watched.
    const [path = ''] = paths.slice(-1);
    await direct.session.multi([{ op: 'set', path, data: text('y'), version: 0 }]);
    await watched.session.sync('/');
    expect(watched.events.at(-1)).toEqual({ type: 'data', path });
  });

  it('lose no change when the connection is cut while the watches are being set again', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 10_000, callTimeoutMs: 20_000 });
    const paths = await makeNodes(direct.session, root, 8_000);
    await Promise.all(paths.map((path) => watched.session.getData(path, { watch: true })));
    await proxy.refuse();
    await watched.is('suspended');
    // One watched by the first of the requests, one by the last, which does not come through at first.
    const missed = [paths[0] ?? '', paths.at(-1) ?? ''];
    for (const path of missed) await direct.session.multi([{ op: 'set', path, data: text('x'), version: 0 }]);
    let first = true;
    proxy.onRequest = (type) => (type === REQUEST.setWatches && proxy.count(type) > 1 && first ? 'drop' : undefined);
    proxy.onAnswer = () => {
      if (first) proxy.endAll();
      first = false;
    };
    await proxy.listen();
    await until(() => watched.events.length >= 2, { what: 'both changes to be told' });
    expect(watched.events.map((event) => event.path).sort()).toEqual([...missed].sort());
  });
});

describe('the session', () => {
  it('lives on under a steady stream of notifications', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 600 });
    const [writer, node] = [direct.session, `${root}/busy`];
    await writer.create(node, text(''));
    const paths = await makeNodes(writer, `${root}/many`, 400);
    for (const path of paths) await watched.session.exists(path, { watch: true });
    // Notifications come all the time, and the session itself sends nothing.
    for (const path of paths) {
      await writer.multi([{ op: 'set', path, data: text('x'), version: 0 }]);
      await sleep(systemClock, 5);
    }
    await until(() => watched.events.length === paths.length, { what: 'all notifications' });
    expect(proxy.count(REQUEST.ping)).toBeGreaterThan(3);
    expect(kinds(watched.states)).toEqual(['connecting', 'connected']);
  });

  it('goes on when the numbers of its requests have run out', async () => {
    const connection = new Connection({
      servers: [{ host: '127.0.0.1', port: server.port }],
      sessionTimeoutMs: 5_000,
      clock: systemClock,
      connected: () => undefined,
      disconnected: () => undefined,
      ended: () => undefined,
      watchFired: () => undefined,
    });
    connection.connect();
    await until(() => connection.usable, { what: 'the connection' });
    connection.xid = 2 ** 31 - 5;
    const codes: unknown[] = [];
    for (let n = 0; n < 10; n++)
      connection.send(requests.sync('/'), (outcome) =>
        codes.push(outcome.kind === 'answered' ? outcome.code : outcome),
      );
    await until(() => codes.length === 10, { what: 'ten answers' });
    expect(new Set(codes)).toEqual(new Set([0]));
    connection.kill('the test is over');
  });

  it('that has expired at the server is lost, and the next one works', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 600 });
    const id = watched.session.sessionId;
    await watched.session.create(`${root}/mine`, text(''), { ephemeral: true });
    // The server goes on with its clock while the session's process believes to have time: as after a long stop.
    await watched.session.exists(root, { watch: true });
    server.pause();
    await watched.is('suspended');
    server.resume();
    await watched.is('connected');
    await proxy.refuse();
    await watched.is('lost');
    await until(async () => !(await direct.session.exists(`${root}/mine`)), { what: 'the server to end the session' });
    await proxy.listen();
    await watched.is('connected');
    expect(watched.session.sessionId).not.toBe(id);
    await watched.session.create(`${root}/mine`, text(''), { ephemeral: true });
  });
});
