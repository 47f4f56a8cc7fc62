/** satellite-master/whitelist/store */
export { EmbeddedStore } from './embedded-store.ts';
export { FencedStore } from './fenced-store.ts';
export { isLocked } from './folder-lock.ts';
export { MemoryStore } from './memory-store.ts';
export {
  type Automation,
  type AutomationCheck,
  type Change,
  type Store,
  StoreConflict,
  type StoreDamage,
  type StoredRecord,
  type StoreListener,
  type StoreState,
} from './store.ts';
export { ZooKeeperStore } from './zookeeper-store.ts';
