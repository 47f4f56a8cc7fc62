/** Hosts that are off are also taken out of scheduling in Mesos itself, and hosts in a maintenance window are known as such. */
export { AgentDeactivation } from './agent-deactivation.ts';
export type { OffAction } from './deactivation-plan.ts';
export { HostsInMaintenance } from './hosts-in-maintenance.ts';
