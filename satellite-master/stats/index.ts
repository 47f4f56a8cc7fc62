/** Figures: metrics for Prometheus, the snapshot, its history, and the readiness checks that parts register. */
export { ClusterFigures, type MesosMetrics } from './cluster-figures.ts';
export { FigureHistory } from './figure-history.ts';
export { FigureRecorder } from './figure-recorder.ts';
export { hostFigures } from './host-figures.ts';
export { Metrics, setState } from './metrics.ts';
export { Readiness } from './readiness.ts';
export { snapshotOf } from './snapshot.ts';
