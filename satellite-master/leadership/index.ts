/** Who leads automation: one master alone, the one beside the elected mesos-master, or the holder of a node in ZooKeeper. */

export { FILE_KEEPER_STATES } from './file-keeper.ts';
export { FileKeeperWatch } from './file-keeper-watch.ts';
export { type Leadership, type Leading, SoleLeadership } from './leading.ts';
export type { MasterEntry, MasterStates } from './master-entry.ts';
export { Masters } from './masters.ts';
export { type ElectionFacts, MesosElection } from './mesos-election.ts';
export { MesosLeadership } from './mesos-leadership.ts';
export { ZooKeeperLeadership } from './zookeeper-leadership.ts';
