import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { until } from '../../support/until.ts';
import { startZooKeeperEnsemble, type ZooKeeperEnsemble } from '../../support/zookeeper.ts';
import { closeSessions, openSession, outcomeOf } from './watched-session.ts';

let ensemble: ZooKeeperEnsemble;

beforeAll(async () => {
  ensemble = await startZooKeeperEnsemble();
});
afterAll(() => ensemble.dispose());
afterEach(async () => {
  await closeSessions();
  await ensemble.start();
});

const text = (value: string) => Buffer.from(value);
const OPTIONS = { sessionTimeoutMs: 6_000 };

describe('an ensemble', () => {
  it('that loses its leader keeps the session, its watches and its ephemerals', async () => {
    const watched = await openSession(ensemble.connectString, OPTIONS);
    await watched.session.create('/mine', text('1'), { ephemeral: true });
    await watched.session.getData('/mine', { watch: true });
    const id = watched.session.sessionId;
    const leader = await ensemble.leader();
    await leader.stop();
    await ensemble.leader();
    await until(async () => (await outcomeOf(watched.session.sync('/'))) === 'done', { what: 'the session to go on' });
    expect(watched.session.sessionId).toBe(id);
    expect((await watched.session.getData('/mine'))?.stat.ephemeralOwner).toBe(id);
    await watched.session.multi([{ op: 'set', path: '/mine', data: text('2'), version: 0 }]);
    await until(() => watched.events.length > 0, { what: 'the watch' });
    expect(watched.events).toEqual([{ type: 'data', path: '/mine' }]);
  });

  it('without a majority gives no session; when it is back the session goes on or is replaced, and works', async () => {
    const watched = await openSession(ensemble.connectString, { sessionTimeoutMs: 2_000 });
    await watched.session.ensurePath('/kept');
    const [first, second] = ensemble.members;
    await Promise.all([first?.stop(), second?.stop()]);
    await watched.is('lost');
    expect(await outcomeOf(watched.session.getData('/kept'))).toBe('unavailable');
    await until(() => watched.session.state.kind === 'connecting', { what: 'another attempt' });
    expect(await outcomeOf(watched.session.create('/never', text('')))).toBe('unavailable');
    await ensemble.start();
    await watched.is('connected');
    expect(watched.states.at(-1)).toEqual({ kind: 'connected', newSession: true });
    await watched.session.sync('/');
    expect(await watched.session.exists('/kept')).toBeDefined();
    expect(await watched.session.exists('/never')).toBeUndefined();
  });

  it('with a follower that hangs keeps its session through another member', async () => {
    // The order of the servers is random: until one session is at a follower.
    const { session, states, follower } = await until(
      async () => {
        const watched = await openSession(ensemble.connectString, { sessionTimeoutMs: 3_000 });
        const id = `sid=0x${watched.session.sessionId?.toString(16)}`;
        for (const member of ensemble.members)
          if ((await member.mode()) === 'follower' && (await member.ask('cons')).includes(id))
            return { ...watched, follower: member };
        return undefined;
      },
      { what: 'a session at a follower' },
    );
    const id = session.sessionId;
    follower.pause();
    try {
      await until(() => states.some((state) => state.kind === 'suspended'), { what: 'the loss to be noticed' });
      await until(async () => (await outcomeOf(session.sync('/'))) === 'done', {
        what: 'an answer from another member',
      });
      expect(session.sessionId).toBe(id);
    } finally {
      follower.resume();
    }
  });

  it('shows after sync what was committed before, through any member', async () => {
    const [one, two, three] = ensemble.members;
    if (!one || !two || !three) throw new Error('three members');
    const writer = (await openSession(one.connectString)).session;
    const readers = [
      (await openSession(two.connectString)).session,
      (await openSession(three.connectString)).session,
    ] as const;
    await writer.create('/counter', text('0'));
    for (let turn = 1; turn <= 100; turn++) {
      await writer.multi([{ op: 'set', path: '/counter', data: text(String(turn)), version: turn - 1 }]);
      for (const reader of readers) {
        const [, read] = await Promise.all([reader.sync('/counter'), reader.getData('/counter')]);
        expect(read?.data.toString()).toBe(String(turn));
      }
    }
  });

  it('is reached past a member that takes connections and says nothing', async () => {
    const [silent, ...others] = ensemble.members;
    const proxy = await startFaultProxy(silent?.port ?? 0);
    proxy.mode = 'black-hole';
    const connectString = [proxy, ...others].map((member) => member.connectString).join(',');
    // The order is random: until the silent one has been tried.
    while (proxy.connections === 0) {
      await openSession(connectString, OPTIONS);
    }
    await proxy.refuse();
  });
});
