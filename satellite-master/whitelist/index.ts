/** This master's copy of all records, and the only writer of records. */
export { RecordEditor, unavailable } from './record-editor.ts';
export { Replica, type ReplicaChange, type ReplicaEntry } from './replica.ts';
