/** Where records are stored: ZooKeeper, the embedded store or memory, behind one interface. */
export { faultsOfDataDir } from './check-data-dir.ts';
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
export { type RecordClock, StoreClock, type StoreTimeMeasurement } from './store-clock.ts';
export { registerStoreClock } from './store-clock-status.ts';
export { ZooKeeperStore } from './zookeeper-store.ts';
