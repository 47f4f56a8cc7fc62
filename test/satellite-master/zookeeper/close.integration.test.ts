import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, REQUEST, startFaultProxy } from '../../support/fault-proxy.ts';
import { until } from '../../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../support/zookeeper.ts';
import { closeSessions, makeSession, openSession, outcomeOf } from './watched-session.ts';

let server: ZooKeeperServer;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startZooKeeper();
});
afterAll(() => server.dispose());
beforeEach(async () => {
  proxy = await startFaultProxy(server.port);
});
afterEach(async () => {
  await closeSessions();
  await proxy.refuse();
});

/** A deadline that no test lives to see: whoever is done before it did not wait for it. */
const NEVER_MS = 600_000;

describe('close', () => {
  it('before start ends it for good', async () => {
    const { session, states } = makeSession(proxy.connectString);
    await session.close(1_000);
    session.start();
    expect(states).toEqual([{ kind: 'closed' }]);
    expect(await outcomeOf(session.exists('/'))).toBe('unavailable');
    expect(proxy.connections).toBe(0);
  });

  it('right after start leaves no connection behind', async () => {
    const { session, states } = makeSession(proxy.connectString);
    session.start();
    await session.close(NEVER_MS);
    expect(states.map((state) => state.kind)).toEqual(['connecting', 'closed']);
    // Had an attempt been left, it would come before that of another session.
    await openSession(proxy.connectString);
    expect(proxy.connections).toBe(1);
  });

  it.each([0, 1, 2, 3, 5, 8, 13])('%i ms after start ends quietly', async (delayMs) => {
    const { session } = makeSession(`${proxy.connectString}/close/chroot`);
    session.start();
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await session.close(NEVER_MS);
    expect(session.state.kind).toBe('closed');
  });

  it('during the handshake does not wait for it', async () => {
    proxy.mode = 'half-handshake';
    const { session } = makeSession(proxy.connectString, { sessionTimeoutMs: 10_000 });
    session.start();
    await until(() => proxy.connections === 1, { what: 'the connection' });
    await session.close(NEVER_MS);
  });

  it('when connected ends the session at the server, after the calls before it', async () => {
    const { session, states } = await openSession(proxy.connectString);
    const id = session.sessionId;
    const calls = Array.from({ length: 100 }, (_, n) =>
      outcomeOf(session.create(`/close-${n}`, Buffer.alloc(0), { ephemeral: true })),
    );
    const closed = Promise.all([session.close(NEVER_MS), session.close(1)]);
    expect(await outcomeOf(session.create('/close-too-late', Buffer.alloc(0)))).toBe('unavailable');
    await closed;
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['done']));
    expect(states.at(-1)).toEqual({ kind: 'closed' });
    const other = await openSession(server.connectString);
    expect(id).toBeDefined();
    expect((await other.session.getChildren('/'))?.names.filter((name) => name.startsWith('close-'))).toEqual([]);
    expect(await outcomeOf(session.exists('/'))).toBe('unavailable');
    expect(proxy.count(REQUEST.close)).toBe(1);
  });

  it('keeps its deadline when the server hangs, and every call has an end', async () => {
    const { session } = await openSession(proxy.connectString, { sessionTimeoutMs: 10_000 });
    proxy.mode = 'no-answers';
    const call = outcomeOf(session.getData('/'));
    await session.close(300);
    expect(await call).toBe('uncertain');
    expect(session.state.kind).toBe('closed');
  });

  it('without a connection waits for one, to take its ephemerals with it', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 10_000 });
    await watched.session.create('/ephemeral', Buffer.alloc(0), { ephemeral: true });
    await proxy.refuse();
    await watched.is('suspended');
    const closed = watched.session.close(NEVER_MS);
    await proxy.listen();
    await closed;
    const other = await openSession(server.connectString);
    expect(await other.session.exists('/ephemeral')).toBeUndefined();
  });

  it('without a connection and without hope keeps its deadline', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 10_000 });
    await proxy.refuse();
    await watched.is('suspended');
    await watched.session.close(300);
    await proxy.listen();
    const before = proxy.connections;
    await openSession(proxy.connectString);
    expect(proxy.connections - before).toBe(1);
  });

  it('between two sessions makes no third', async () => {
    const watched = await openSession(proxy.connectString, { sessionTimeoutMs: 500 });
    await proxy.refuse();
    await watched.is('lost');
    await watched.session.close(NEVER_MS);
    expect(watched.states.at(-1)).toEqual({ kind: 'closed' });
  });

  it('may be asked for by a listener that hears of an attempt, and then there is none', async () => {
    const first = makeSession(proxy.connectString);
    first.session.onState(() => void first.session.close(200));
    first.session.start();
    await first.is('closed');
    expect(proxy.connections).toBe(0);

    const second = await openSession(proxy.connectString, { sessionTimeoutMs: 500 });
    await proxy.refuse();
    await second.is('lost');
    await proxy.listen();
    const before = proxy.connections;
    second.session.onState((state) => {
      if (state.kind === 'connecting') void second.session.close(200);
    });
    await second.is('closed');
    await openSession(proxy.connectString);
    expect(proxy.connections - before).toBe(1);
  });

  it('may be asked for by a listener, whatever it was told', async () => {
    for (const kind of ['connected', 'suspended', 'lost'] as const) {
      const { session, is } = makeSession(proxy.connectString, { sessionTimeoutMs: 500 });
      session.onState((state) => {
        if (state.kind === kind) void session.close(200);
      });
      session.start();
      if (kind !== 'connected') {
        await is('connected');
        await proxy.refuse();
      }
      await is('closed');
      if (kind !== 'connected') await proxy.listen();
    }
  });
});
