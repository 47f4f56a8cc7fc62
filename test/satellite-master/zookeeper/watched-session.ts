import { createZooKeeperSession, type ZooKeeperSessionOptions } from '../../../satellite-master/zookeeper/session.ts';
import {
  type SessionState,
  type WatchEvent,
  ZooKeeperError,
  type ZooKeeperSession,
} from '../../../satellite-master/zookeeper/types.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLog } from '../../../shared/log.ts';
import { until } from '../../support/until.ts';

/** A session and all that it told. */
export interface WatchedSession {
  readonly session: ZooKeeperSession;
  readonly states: SessionState[];
  readonly events: WatchEvent[];
  /** Resolves when its present state is that one. */
  is(kind: SessionState['kind']): Promise<void>;
}

export type Options = Partial<Omit<ZooKeeperSessionOptions, 'connectString'>>;

const opened: ZooKeeperSession[] = [];

/** Not started. The session's timeout is 1.5 s unless said otherwise. */
export function makeSession(connectString: string, options: Options = {}): WatchedSession {
  const session = createZooKeeperSession({
    connectString,
    sessionTimeoutMs: 1_500,
    clock: systemClock,
    log: silentLog,
    ...options,
  });
  opened.push(session);
  const states: SessionState[] = [];
  const events: WatchEvent[] = [];
  session.onState((state) => states.push(state));
  session.onWatch((event) => events.push(event));
  const is = async (kind: SessionState['kind']) => {
    await until(() => session.state.kind === kind, { what: `a session that is ${kind}`, everyMs: 2 });
  };
  return { session, states, events, is };
}

/** Started and connected. */
export async function openSession(connectString: string, options: Options = {}): Promise<WatchedSession> {
  const watched = makeSession(connectString, options);
  watched.session.start();
  await watched.is('connected');
  return watched;
}

/** For afterEach. */
export async function closeSessions(): Promise<void> {
  await Promise.all(opened.splice(0).map((session) => session.close(500)));
}

/** Why it failed, as `kind`; `done` when it did not. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => (error instanceof ZooKeeperError ? error.kind : `threw ${String(error)}`),
  );
}

/** Makes `count` nodes below `parent`, in transactions. */
export async function makeNodes(session: ZooKeeperSession, parent: string, count: number): Promise<string[]> {
  await session.ensurePath(parent);
  const paths = Array.from({ length: count }, (_, index) => `${parent}/host-${index}.rack-7.example.org`);
  for (let from = 0; from < count; from += 500) {
    const part = paths.slice(from, from + 500);
    await session.multi(part.map((path) => ({ op: 'create', path, data: Buffer.from('{}') })));
  }
  return paths;
}
