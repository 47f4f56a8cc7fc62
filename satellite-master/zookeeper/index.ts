/** A ZooKeeper session that is replaced when it expires. It hides the client library and mends its faults. */
export { parseConnectString } from './connect-string.ts';
export { createZooKeeperSession } from './session.ts';
export {
  type MultiOp,
  type SessionState,
  type Stat,
  type WatchEvent,
  ZooKeeperError,
  type ZooKeeperSession,
} from './types.ts';
