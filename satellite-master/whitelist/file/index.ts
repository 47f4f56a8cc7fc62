/** The whitelist file that mesos-master reads: what it is to hold, when it is held, and how it is written. */

export { BrokenRecordsHold } from './broken-records-hold.ts';
export { faultOfForm, faultsOfPath, warningsOfPath } from './check-path.ts';
export { damageHold } from './damage-hold.ts';
export { DisappearanceHold } from './disappearance-hold.ts';
export { type Confirmation, FilePublisher, type FileReport } from './file-publisher.ts';
export { registerFile } from './file-status.ts';
export type { HoldInput, HoldReason, HoldSource } from './hold.ts';
export { ExistingFile } from './import-existing-file.ts';
