/** satellite-master/whitelist */
export { RecordEditor, unavailable } from './record-editor.ts';
export { Replica, type ReplicaChange, type ReplicaEntry } from './replica.ts';
