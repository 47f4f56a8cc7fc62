/** Sending events and task metadata to the masters, to each of them independently. */
export { EventQueue } from './event-queue.ts';
export type { HttpMaster } from './http-transport.ts';
export { type FoundTask, MasterTaskStorage, type StoredTasks, type TaskStorage } from './task-storage.ts';
export { TaskUplink } from './task-uplink.ts';
export { readToken, Token } from './token.ts';
export { reportsTo, riemannAt, Uplink } from './uplink.ts';
