/** How far the model of the cluster can be trusted, for readiness and metrics. */
import type { Cluster } from './cluster.ts';

export const CLUSTER_STATES = ['unknown', 'fresh', 'stale'] as const;

export interface ClusterState {
  readonly kind: (typeof CLUSTER_STATES)[number];
  /** With the reason. */
  readonly text: string;
}

export function clusterState({ answeredMs, stale }: Pick<Cluster, 'answeredMs' | 'stale'>): ClusterState {
  if (stale === undefined) return { kind: 'fresh', text: 'fresh' };
  const kind = answeredMs === undefined ? 'unknown' : 'stale';
  return { kind, text: `${kind}: ${stale}` };
}
