/** Hosts in a maintenance window of Mesos: who they are, and that they lie outside the guard's budget. */
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { type Mesos, startMesos } from '../../../demo/simulator/mesos.ts';
import type { ClusterAgent } from '../../../satellite-master/mesos/cluster/cluster.ts';
import { HostsInMaintenance } from '../../../satellite-master/mesos/deactivation/hosts-in-maintenance.ts';
import { guard } from '../../../satellite-master/whitelist/automation/guard.ts';
import { GuardCounts } from '../../../satellite-master/whitelist/automation/guard-counts.ts';
import { countsForGuard, mayForget } from '../../../satellite-master/whitelist/automation/inventory.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { MesosClient } from '../../../shared/mesos/client.ts';
import { aClock, Harness, hosts } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';

const TEN = hosts(10);
const [H1, H2, H3] = TEN as [HostName, HostName, HostName];

describe('who is off by plan', () => {
  let clock: ManualClock;
  let mesos: Mesos;
  let client: MesosClient;
  let stale: string | undefined;
  let planned: HostsInMaintenance;
  let changed: () => void;
  const agents = new Map<string, ClusterAgent>();

  beforeEach(async () => {
    clock = aClock();
    mesos = await startMesos({ clock, agents: 10, nameOf: (index) => TEN[index] ?? '', applications: [] });
    client = new MesosClient({ url: mesos.masters[0]?.url ?? '', role: 'master' });
    stale = undefined;
    agents.clear();
    planned = new HostsInMaintenance({
      cluster: {
        agents: () => agents,
        agentsOf: (host) => [...agents.values()].filter((agent) => agent.host === host),
        onAgents: (listener) => {
          changed = listener;
        },
        get stale() {
          return stale;
        },
      },
      status: () => client.get('/maintenance/status'),
      hosts: () => TEN,
      pollIntervalMs: 1_000,
      clock,
      log: silentLog,
    });
  });

  afterEach(async () => {
    await client.close();
    await mesos.close();
  });

  function schedule(...names: readonly HostName[]): void {
    const machine_ids = names.map((hostname) => ({
      hostname: hostname.toUpperCase(),
      ip: mesos.world.agent(hostname).ip,
    }));
    mesos.maintenance.replace({ windows: [{ machine_ids, unavailability: { start: { nanoseconds: 0 } } }] });
  }

  function inPicture(host: HostName, maintenance: ClusterAgent['maintenance']): void {
    const { id } = mesos.world.agent(host);
    agents.set(id, {
      id,
      hostname: host,
      host,
      pid: undefined,
      active: true,
      deactivated: false,
      draining: undefined,
      unreachable: false,
      maintenance,
      registeredS: undefined,
    });
  }

  it('those whose window is open, not those whose window is to come', async () => {
    schedule(H1, H2);
    inPicture(H1, 'draining');
    inPicture(H2, 'scheduled');
    await planned.poll();
    expect([planned.stateOf(H1), planned.stateOf(H2), [...planned.hosts]]).toEqual(['draining', undefined, [H1]]);
  });

  it('one that is down, though Mesos lists its agent no more and tells its name in lower case', async () => {
    schedule(H1);
    mesos.maintenance.down([{ hostname: H1, ip: mesos.world.agent(H1).ip }]);
    await planned.poll();
    expect([planned.stateOf(H1), planned.hosts.size]).toEqual(['down', 1]);
    mesos.maintenance.up([{ hostname: H1, ip: mesos.world.agent(H1).ip }]);
    await planned.poll();
    expect(planned.hosts.size).toBe(0);
  });

  it('follows the picture between two polls, in another set', async () => {
    schedule(H1);
    inPicture(H1, 'scheduled');
    await planned.poll();
    const before = planned.hosts;
    changed();
    expect(planned.hosts).toBe(before);
    inPicture(H1, 'draining');
    changed();
    expect([...planned.hosts]).toEqual([H1]);
    expect(planned.hosts).not.toBe(before);
  });

  it('nobody without fresh word: a stale picture, or a master that is silent for long', async () => {
    schedule(H1);
    mesos.maintenance.down([{ hostname: H1, ip: mesos.world.agent(H1).ip }]);
    await planned.poll();
    expect(planned.hosts.size).toBe(1);
    await mesos.masters[0]?.kill();
    await planned.poll();
    expect(planned.hosts.size).toBe(1);
    clock.advance(4_000);
    await planned.poll();
    expect(planned.hosts.size).toBe(0);
  });

  it('nobody while the picture is stale', async () => {
    schedule(H1);
    inPicture(H1, 'draining');
    await planned.poll();
    expect(planned.hosts.size).toBe(1);
    stale = 'no answer';
    await planned.poll();
    expect(planned.hosts.size).toBe(0);
  });
});

describe('outside the budget', () => {
  const counts = { share: 0.3, inventory: 10, off: 3, listed: 7 };
  const ill = (host: HostName, planned: boolean) => ({ host, illness: undefined, wouldLeaveList: true, planned });

  test('the guard lets go who is off by plan, though it is full, and counts nobody for it', () => {
    const { take, held } = guard([ill(H1, true), ill(H2, false)], counts);
    expect([take, [...held.keys()]]).toEqual([[H1], [H2]]);
    expect(guard([ill(H1, true), ill(H2, false)], { ...counts, off: 2 }).take).toEqual([H1, H2]);
  });

  test('and still never takes the last of the list', () => {
    expect(guard([ill(H1, true)], { ...counts, listed: 1 }).take).toEqual([]);
  });

  const facts = { record: undefined, createdMs: 0, nowMs: 1e12, mesos: 'registered', silentForMs: undefined } as const;

  test('the inventory is smaller by them, and they are not forgotten', () => {
    expect([countsForGuard(facts), countsForGuard({ ...facts, planned: true })]).toEqual([true, false]);
    const record = {
      'managed-events': { 'satellite/readmission': { state: 'ok', 'off-since': '1' } },
      'manual-events': {},
      'managed-flag': 'off',
      'manual-flag': null,
    } as const;
    const gone = { ...facts, record, mesos: 'unregistered' } as const;
    expect([mayForget(gone, false, 1), mayForget({ ...gone, planned: true }, false, 1)]).toEqual([true, false]);
  });

  test('the guardCounts counts neither them nor their flags, and does not take their silence for a wave', async () => {
    const clock = aClock();
    const sharedStore = await SharedStore.open(clock);
    const harness = await Harness.open({ clock, sharedStore });
    for (const host of TEN) harness.report(host, { disk: 'ok' }, { ttl: 1_000_000 });
    await harness.settled();
    for (const host of [H1, H2]) harness.report(host, { disk: 'critical' }, { ttl: 1_000_000 });
    await harness.settled();
    let planned: ReadonlySet<HostName> = new Set();
    const guardCounts = new GuardCounts({
      replica: harness.replica,
      silence: {
        quiet: () => TEN.slice(0, 4).map((host) => ({ host, lastHeardMs: 0, silent: true })),
        silentForMs: () => undefined,
      },
      registrationOf: () => 'none',
      planned: () => planned,
      share: 0.3,
      clock,
    });
    expect(guardCounts.counts()).toMatchObject({ inventory: 10, off: 2 });
    expect(guardCounts.doubt().size).toBe(4);
    planned = new Set([H1, H3]);
    expect(guardCounts.counts()).toMatchObject({ inventory: 8, off: 1 });
    expect(guardCounts.doubt().size).toBe(0);
    await sharedStore.close();
  });
});
