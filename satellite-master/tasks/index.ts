/** satellite-master/tasks */
export { openTaskStore, type TaskStoreSettings } from './open.ts';
export { readable } from './readable.ts';
export { newestPath } from './state.ts';
export type { StoredTask, TaskMetadata, TaskStore } from './store.ts';
