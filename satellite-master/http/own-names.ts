/** The full names of this machine, as its resolver gives them for its own addresses. */
import { lookup, lookupService } from 'node:dns/promises';
import { hostname } from 'node:os';

/** Never rejects; a machine that can't look itself up has no full name. */
export async function fullNames(): Promise<readonly string[]> {
  const addresses = await lookup(hostname(), { all: true }).catch(() => []);
  const names = addresses.map(({ address }) =>
    lookupService(address, 0).then(
      (found) => found.hostname,
      () => undefined,
    ),
  );
  return (await Promise.all(names)).filter((name) => name !== undefined);
}
