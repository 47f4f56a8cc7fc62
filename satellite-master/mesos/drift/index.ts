/** Where whitelist, inventory, reports and Mesos disagree (`GET /drift`). Changes none of them. */

export type { Finding } from './drift.ts';
export { type DriftReport, DriftWatch } from './drift-watch.ts';
export { unknownHostWarning } from './unknown-host.ts';
