/** Which store a master works on, and who leads there: the embedded one alone, or ZooKeeper with others. */
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { MesosClient } from '../shared/mesos/index.ts';
import {
  type Leadership,
  MesosElection,
  MesosLeadership,
  SoleLeadership,
  ZooKeeperLeadership,
} from './leadership/index.ts';
import type { MasterSettings } from './settings.ts';
import type { Store } from './whitelist/store/index.ts';
import { EmbeddedStore, ZooKeeperStore } from './whitelist/store/index.ts';
import { createZooKeeperSession, type ZooKeeperSession } from './zookeeper/index.ts';

export interface StoreParts {
  readonly settings: Pick<MasterSettings, 'zooKeeper' | 'dataDir'>;
  /** undefined: no Mesos here. */
  readonly mesos: MesosClient | undefined;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OpenStore {
  readonly store: Store;
  readonly leadership: Leadership;
  readonly session: ZooKeeperSession | undefined;
  readonly election: MesosElection | undefined;
}

/** Nothing is connected yet. The leadership is to be started before the store. */
export function openStore({ settings, mesos, self, clock, log }: StoreParts): OpenStore {
  const { zooKeeper, dataDir } = settings;
  const election = mesos && new MesosElection(mesos, clock, log);
  if (!zooKeeper) {
    const leadership = election ? new MesosLeadership(election) : new SoleLeadership();
    return { store: new EmbeddedStore({ dataDir, clock, log }), leadership, session: undefined, election };
  }
  const { connectString, auth, root, retry } = zooKeeper;
  const session = createZooKeeperSession({ connectString, auth, retry, clock, log });
  const store = new ZooKeeperStore({ session, connectString, root, clock, log });
  const isStoreWhole = () => store.state.kind === 'whole';
  const leadership = new ZooKeeperLeadership({ session, root, self, isStoreWhole, election, clock, log });
  return { store, leadership, session, election };
}
