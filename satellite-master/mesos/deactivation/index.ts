/** satellite-master/mesos/deactivation */
export { Bridge } from './agent-deactivation.ts';
export type { OffAction } from './deactivation-plan.ts';
export { PlannedHosts } from './hosts-in-maintenance.ts';
