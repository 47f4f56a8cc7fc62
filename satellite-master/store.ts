/** Which store a master works on, and who leads there: the embedded one alone, or ZooKeeper with others. */
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { MesosClient } from '../shared/mesos/index.ts';
import { type Leadership, MesosLeadership, SoleLeadership, StoreLeadership } from './leadership/index.ts';
import type { MasterSettings } from './settings.ts';
import type { Store } from './whitelist/store/index.ts';
import { EmbeddedStore, ZooKeeperStore } from './whitelist/store/index.ts';
import { createZooKeeperSession } from './zookeeper/index.ts';

export interface StoreParts {
  readonly settings: Pick<MasterSettings, 'zooKeeper' | 'dataDir'>;
  /** undefined: no Mesos here. */
  readonly mesos: MesosClient | undefined;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Nothing is connected yet. The leadership is to be started before the store. */
export function openStore({ settings, mesos, self, clock, log }: StoreParts): { store: Store; leadership: Leadership } {
  const { zooKeeper, dataDir } = settings;
  const byMesos = mesos && new MesosLeadership(mesos, clock, log);
  if (!zooKeeper)
    return { store: new EmbeddedStore({ dataDir, clock, log }), leadership: byMesos ?? new SoleLeadership() };
  const { connectString, auth, root, retry } = zooKeeper;
  const session = createZooKeeperSession({ connectString, auth, retry, clock, log });
  const store = new ZooKeeperStore({ session, connectString, root, clock, log });
  return { store, leadership: byMesos ?? new StoreLeadership({ session, root, self, clock, log }) };
}
