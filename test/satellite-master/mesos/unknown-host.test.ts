import { expect, test } from 'vitest';
import { unknownHostWarning } from '../../../satellite-master/mesos/drift/unknown-host.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { hostName } from '../../support/http-master.ts';

const inventory = ['web1.example', 'web2.example', 'db.example'].map(hostName);
const options = { cluster: undefined, hosts: () => inventory, isHeard: () => false };
const agents = new Map([['S1', { host: hostName('gpu7.example') }]]);
const cluster = (stale?: string) => ({
  stale,
  agents: () => agents,
  registrationOf: (host: HostName) => (host === 'gpu7.example' ? 'registered' : 'unknown'),
});

test.each<[string, object, string | undefined]>([
  ['web11.example', options, 'web11.example was neither in the inventory nor reported; did you mean web1.example?'],
  ['WEB2.example', options, 'WEB2.example was neither in the inventory nor reported; did you mean web2.example?'],
  ['db', options, 'db was neither in the inventory nor reported; did you mean db.example?'],
  ['new.example', options, 'new.example was neither in the inventory nor reported'],
  ['new.example', { ...options, isHeard: () => true }, undefined],
  ['gpu7.example', { ...options, cluster: cluster() }, undefined],
  [
    'gpu77.example',
    { ...options, cluster: cluster() },
    'gpu77.example was neither in the inventory nor known to Mesos; did you mean gpu7.example?',
  ],
  [
    'other.example',
    { ...options, cluster: cluster('no answer') },
    'other.example was not in the inventory, and Mesos can not be asked',
  ],
])('%s: %#', async (name, given, warning) => {
  expect(await unknownHostWarning(hostName(name), given as unknown as Parameters<typeof unknownHostWarning>[1])).toBe(
    warning,
  );
});
