/** satellite-master/whitelist/history */
export { Chronicle } from './change-log.ts';
export { History, type HistoryEntry } from './history.ts';
