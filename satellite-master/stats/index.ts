/** satellite-master/stats */
export { ClusterFigures, type MesosMetrics } from './cluster-figures.ts';
export { FigureHistory } from './figure-history.ts';
export { FigureRecorder } from './figure-recorder.ts';
export { Metrics, setState } from './metrics.ts';
