/** The whitelist file that mesos-master reads: what it is to hold, and how it is written. */
export { FilePublisher } from './file-publisher.ts';
export { registerFile } from './file-status.ts';
export { takeOver } from './import-existing-file.ts';
export { wantedFile } from './publish-policy.ts';
export { type FileState, WhitelistFile } from './whitelist-file.ts';
