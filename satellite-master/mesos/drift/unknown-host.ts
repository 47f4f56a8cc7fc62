/** What to say of a host that an operator names and nobody knows. */
import type { HostName } from '../../../shared/host-name.ts';
import type { ClusterModel } from '../cluster/index.ts';
import { findLikelyNames } from './likely-name.ts';

export interface UnknownHostOptions {
  /** undefined: no Mesos is configured. */
  readonly cluster: Pick<ClusterModel, 'registrationOf' | 'agents' | 'stale'> | undefined;
  /** The inventory. */
  readonly hosts: () => Iterable<HostName>;
  readonly isHeard: (host: HostName) => boolean;
}

/**
 * @param host not in the inventory until now
 * @returns undefined: it reports, or Mesos knows it
 */
export async function unknownHostWarning(
  host: HostName,
  { cluster, hosts, isHeard }: UnknownHostOptions,
): Promise<string | undefined> {
  if (isHeard(host) || cluster?.registrationOf(host) === 'registered') return undefined;
  const known = new Set<string>(hosts());
  for (const { host: name } of cluster?.agents().values() ?? []) if (name !== undefined) known.add(name);
  known.delete(host);
  const near = await nearest(host, [...known]);
  const where =
    cluster === undefined
      ? 'neither in the inventory nor reported'
      : cluster.stale === undefined
        ? 'neither in the inventory nor known to Mesos'
        : 'not in the inventory, and Mesos can not be asked';
  return `${host} was ${where}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** In slices: an inventory may have 100,000 names. */
async function nearest(host: HostName, known: readonly string[]): Promise<string | undefined> {
  const work = findLikelyNames([host], known, () => true);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value.get(host)?.name;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
