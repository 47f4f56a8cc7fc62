/** satellite-master/mesos/drift */

export type { Finding } from './drift.ts';
export { type DriftReport, DriftWatch } from './drift-watch.ts';
