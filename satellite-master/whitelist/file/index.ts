/** satellite-master/whitelist/file */
export { takeOver } from './import-existing-file.ts';
export { wantedFile } from './publish-policy.ts';
export { type FileState, WhitelistFile } from './whitelist-file.ts';
