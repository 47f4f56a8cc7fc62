import type { Stream } from '../../streams/index.ts';
import type { Satellite } from '../api/index.ts';

export interface OffWhileOverOptions {
  /** The service whose metric counts. */
  readonly service: string;
  /** A host goes off when its metric is above `off`, and may come back when it is no longer above `on`. */
  readonly off: number;
  readonly on: number;
}

/**
 * Hysteresis for a host: two limits, so that a metric that wavers about one of them does not put the host off and on.
 * ```
 * metric   3 12  9  6  4      off: 10, on: 5
 * host     -  off       on
 * ```
 * @example offWhileOver(satellite, { service: 'mesos/slave/load', off: 40, on: 20 })
 */
export function offWhileOver({ rule }: Satellite, { service: name, off, on }: OffWhileOverOptions): Stream {
  return rule(
    `off while ${name} is over ${off}`,
    ({ where, service, by, hysteresis, notExpired, otherwise, offHost, onHost }) =>
      where(
        service(name),
        notExpired(by('host', () => where(hysteresis(off, on), offHost({ reason }), otherwise(onHost({ reason }))))),
      ),
  );

  function reason({ metric }: { readonly metric?: number }): string {
    return `${name} is ${metric}: off above ${off}, on from ${on} down`;
  }
}
