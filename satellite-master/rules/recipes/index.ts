/** Rules that many want, on nothing but the public functions: `import { clusterAlert } from 'satellite/recipes'`. */
export { blackHole } from './black-hole.ts';
export { type ClusterAlertOptions, clusterAlert } from './cluster-alert.ts';
export { ensureAllTestsPass } from './ensure-all-tests-pass.ts';
export { type ForwardClusterAlertOptions, forwardClusterAlert } from './forward-cluster-alert.ts';
export { type OffWhileOverOptions, offWhileOver } from './off-while-over.ts';
