/** Metadata of tasks, kept for some days after Mesos has forgotten them: the stores, and how an entry is read. */
export { LostTasks } from './lost-tasks.ts';
export { openTaskStore, type TaskStoreSettings } from './open.ts';
export { readable } from './readable.ts';
export { newestPath } from './state.ts';
export type { StoredTask, TaskMetadata, TaskStore } from './store.ts';
