/** The figures of the Mesos cluster, as `mesos/…` events and for `/metrics/snapshot`. */
export { ClusterReporter, hostOfMesos, type MesosSources } from './cluster-reporter.ts';
export { LeaderMetrics } from './leader-metrics.ts';
