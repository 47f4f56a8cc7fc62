/** The model of the Mesos cluster: agents, frameworks and tasks, as the feed reports them. Reads nothing from Mesos itself. */
export { AgentTable } from './agent-table.ts';
export type { Cluster, ClusterAgent, ClusterFramework, ClusterTask } from './cluster.ts';
export { ClusterModel } from './cluster-model.ts';
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
