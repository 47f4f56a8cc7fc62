import type { Stream } from '../../streams/stream.ts';
import type { Satellite } from '../satellite.ts';

export interface ClusterAlertOptions {
  /** Share of the inventory that is on; default 0.7, as the original shipped it. */
  readonly below?: number;
  /** The alert ends above it; default `below`. A little more keeps it from coming and going. */
  readonly clearAbove?: number;
}

/**
 * The original's shipped alert: too few hosts are on. The children, mostly channels, hear the event as `critical` while
 * that is so and as `ok` while it is not; a channel makes one trigger and one resolve of it.
 * @example clusterAlert(satellite, { below: 0.7 }, email({ from: 'satellite@example.com', to: 'ops@example.com' }))
 */
export function clusterAlert(
  { where, service, notExpired, hysteresis, smap }: Satellite,
  { below = 0.7, clearAbove = below }: ClusterAlertOptions,
  ...children: Stream[]
): Stream {
  const few = hysteresis(
    ({ metric }) => metric !== undefined && metric < below,
    ({ metric }) => metric !== undefined && metric <= clearAbove && metric < Math.max(clearAbove, below),
  );
  return where(
    service('mesos/prop-available-hosts'),
    notExpired(
      smap(
        (event) => {
          const share = `${((event.metric ?? 0) * 100).toFixed(1)}% of the hosts are on`;
          return few(event)
            ? { ...event, state: 'critical', description: `${share}: fewer than ${below * 100}%` }
            : { ...event, state: 'ok', description: share };
        },
        ...children,
      ),
    ),
  );
}
