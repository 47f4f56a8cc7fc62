/** satellite-master/mesos/cluster */
export { HeldAgents } from './agent-table.ts';
export type { Cluster, ClusterAgent, ClusterFramework, ClusterTask } from './cluster.ts';
export { ClusterView } from './cluster-model.ts';
export { CLUSTER_STATES, clusterState } from './cluster-state.ts';
export {
  type AgentRow,
  type Change,
  type ClusterMessage,
  type FrameworkRow,
  hasEnded,
  type TaskRow,
  type TaskUpdate,
  taskKey,
} from './messages.ts';
