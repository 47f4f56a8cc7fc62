/** satellite-master/mesos/metrics */
export { ClusterWatch, hostOfMesos, type MesosSources } from './cluster-reporter.ts';
export { LeaderFigures } from './leader-metrics.ts';
