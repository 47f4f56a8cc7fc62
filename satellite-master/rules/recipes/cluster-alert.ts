import type { Stream, StreamEvent } from '../../streams/index.ts';
import type { Satellite } from '../api/index.ts';

export interface ClusterAlertOptions {
  /** Share of the inventory that is on; default 0.7, as the original shipped it. */
  readonly below?: number;
  /** The alert ends when so many are on; default `below`. A little more keeps it from coming and going. */
  readonly endsAt?: number;
}

/**
 * The original's shipped alert: too few hosts are on. The children, mostly channels, get the event as `critical` while
 * that is so and as `ok` while it is not; a channel makes one trigger and one resolve of it.
 * @example clusterAlert(satellite, { below: 0.7 }, email({ from: 'satellite@example.com', to: 'ops@example.com' }))
 */
export function clusterAlert(
  { where, service, notExpired, hysteresis, smap }: Satellite,
  { below = 0.7, endsAt = below }: ClusterAlertOptions,
  ...children: Stream[]
): Stream {
  const fewerThan = (share: number) => (event: StreamEvent) => event.metric !== undefined && event.metric < share;
  const few = hysteresis(fewerThan(below), fewerThan(Math.max(endsAt, below)));
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
