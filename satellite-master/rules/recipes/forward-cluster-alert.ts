import type { Stream } from '../../streams/index.ts';
import type { Satellite } from '../api/index.ts';
import { type ClusterAlertOptions, clusterAlert } from './cluster-alert.ts';

export interface ForwardClusterAlertOptions extends ClusterAlertOptions {
  /** Of a Riemann or another Satellite: `host` or `host:port`. */
  readonly address: string;
}

/** `clusterAlert` for those who have their alerts in another Riemann: it gets the event whenever it is said. */
export function forwardClusterAlert(satellite: Satellite, { address, ...options }: ForwardClusterAlertOptions): Stream {
  return clusterAlert(satellite, options, satellite.forward(address));
}
