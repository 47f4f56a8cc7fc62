/** satellite-master/whitelist */
export { unavailable, Whitelist } from './record-editor.ts';
export { Replica, type ReplicaChange, type ReplicaEntry } from './replica.ts';
