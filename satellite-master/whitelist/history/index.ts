/** What has become of each host, who did it and why: the log line and the stored entry for each change. */
export { ChangeLog } from './change-log.ts';
export { History, type HistoryEntry } from './history.ts';
