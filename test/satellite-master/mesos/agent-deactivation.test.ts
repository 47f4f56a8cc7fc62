/** The bridge against the simulated Mesos, which refuses in the words of the captured 1.12: who is taken out of scheduling, who is given back, what is remembered. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Mesos, type MesosOptions, startMesos } from '../../../demo/simulator/mesos.ts';
import type { Agent } from '../../../demo/simulator/model.ts';
import { ClusterModel } from '../../../satellite-master/mesos/cluster/cluster-model.ts';
import {
  type AgentCall,
  type AgentCallOutcome,
  AgentDeactivation,
} from '../../../satellite-master/mesos/deactivation/agent-deactivation.ts';
import { agentsTakenOut, type OffAction } from '../../../satellite-master/mesos/deactivation/deactivation-plan.ts';
import type { MaintenanceState } from '../../../satellite-master/mesos/deactivation/hosts-in-maintenance.ts';
import { withFlagByHand } from '../../../satellite-master/whitelist/record/manual-events.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { MesosClient } from '../../../shared/mesos/client.ts';
import { aClock, FIRST_MS, Harness, hosts, OPERATOR } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';
import { until } from '../../support/until.ts';
import { stateOf } from './state-of.ts';
import { feedState } from './support/feed-snapshot.ts';
import { MesosServer } from './support/mesos-server.ts';

const LONG = { ttl: 1_000_000 };
const TEN = hosts(10);
const H1 = TEN[0] as HostName;
const H2 = TEN[1] as HostName;

let clock: ManualClock;
let sharedStore: SharedStore;
let mesos: Mesos;

/** A master with a bridge. */
class Side {
  readonly harness: Harness;
  readonly view: ClusterModel;
  readonly bridge: AgentDeactivation;
  readonly client: MesosClient;
  /** Asked instead, for calls. */
  hang: MesosClient | undefined;
  readonly calls: [AgentCall, AgentCallOutcome][] = [];
  readonly planned = new Map<HostName, MaintenanceState>();

  constructor(harness: Harness, { action = 'deactivate', limit }: { action?: OffAction; limit?: number } = {}) {
    this.harness = harness;
    const url = mesos.masters[0]?.url ?? '';
    this.client = new MesosClient({ url, role: 'master' });
    this.view = new ClusterModel({ url, pollIntervalMs: 1_000, clock, log: silentLog });
    this.bridge = new AgentDeactivation({
      action,
      cluster: this.view,
      call: (call, abort) => (this.hang ?? this.client).call(call, abort),
      planned: (host) => this.planned.get(host),
      replica: harness.replica,
      whitelist: harness.whitelist,
      limit: () => limit ?? harness.guardCounts.limit(),
      leads: () => harness.leads,
      self: 'this-master',
      clock,
      log: silentLog,
      counted: (call, outcome) => this.calls.push([call, outcome]),
    });
    harness.replica.onChange((change) => this.bridge.changed(change));
  }

  /** A new picture of the cluster, then one round. */
  async round(): Promise<void> {
    clock.advance(100);
    feedState(this.view, await this.client.state());
    await this.bridge.round();
    await this.harness.settled();
  }

  remembered(host: HostName): readonly string[] {
    return agentsTakenOut(this.harness.record(host));
  }

  text(host: HostName): string | undefined {
    return this.bridge.textOf(host);
  }
}

function agent(host: HostName): Agent {
  return mesos.world.agent(host);
}

async function startCluster(options: MesosOptions = {}): Promise<void> {
  mesos = await startMesos({
    clock,
    agents: TEN.length,
    nameOf: (index) => TEN[index] ?? '',
    applications: [],
    metricsPerSecond: Number.POSITIVE_INFINITY,
    ...options,
  });
}

async function open(options: { action?: OffAction; limit?: number } = {}): Promise<Side> {
  const harness = await Harness.open({ clock, sharedStore, share: 0.3 });
  for (const host of TEN) harness.report(host, { disk: 'ok' }, LONG);
  await harness.settled();
  return new Side(harness, options);
}

async function fall(side: Side, ...ill: readonly HostName[]): Promise<void> {
  for (const host of ill) side.harness.report(host, { disk: 'critical' }, LONG);
  await side.harness.settled();
}

async function recover(side: Side, host: HostName): Promise<void> {
  side.harness.report(host, { disk: 'ok' }, LONG);
  await side.harness.leap(FIRST_MS + 1_000);
}

const deactivated = () => [...mesos.world.agents.values()].filter((one) => one.deactivated).map((one) => one.hostname);

beforeEach(async () => {
  clock = aClock();
  sharedStore = await SharedStore.open(clock);
  await startCluster();
});

afterEach(async () => {
  await mesos.close();
  await sharedStore.close();
});

describe('off and on', () => {
  it('by default nothing is done in Mesos', async () => {
    const side = await open({ action: 'whitelist' });
    await fall(side, H1);
    await side.round();
    expect([deactivated(), side.calls, side.remembered(H1)]).toEqual([[], [], []]);
  });

  it('a host that goes off is deactivated once, remembered, and reactivated when it comes back', async () => {
    const side = await open();
    await fall(side, H1);
    await side.round();
    expect(deactivated()).toEqual([H1]);
    expect(side.remembered(H1)).toEqual([agent(H1).id]);
    // Not again by the old picture, nor by a new one.
    await side.bridge.round();
    await side.round();
    await side.round();
    expect(side.calls).toEqual([['deactivate', 'done']]);
    expect(side.text(H1)).toBe(`in Mesos: agent ${agent(H1).id} is deactivated by Satellite`);
    await recover(side, H1);
    expect(side.harness.on()).toContain(H1);
    await side.round();
    expect([deactivated(), side.remembered(H1), side.text(H1)]).toEqual([[], [], undefined]);
    expect(side.calls.at(-1)).toEqual(['reactivate', 'done']);
  });

  it('off by hand counts as well, and its memory is no word of the managed list', async () => {
    const side = await open();
    await side.harness.whitelist.edit(H1, OPERATOR, (record) =>
      withFlagByHand(record, { state: 'critical', by: 'operator' }, side.harness.nowS),
    );
    await side.harness.settled();
    await side.round();
    expect(deactivated()).toEqual([H1]);
    expect(side.harness.managed(H1)).toBe('on');
    expect(side.harness.why(H1)).toMatchObject({ decidedBy: 'manual', flag: 'off' });
  });

  it('what somebody else deactivated is neither taken nor given back', async () => {
    const side = await open();
    agent(H1).deactivated = true;
    await fall(side, H1);
    await side.round();
    expect([side.calls, side.remembered(H1)]).toEqual([[], []]);
    expect(side.text(H1)).toBe(`in Mesos: agent ${agent(H1).id} is deactivated, not by Satellite`);
    await recover(side, H1);
    await side.round();
    expect(deactivated()).toEqual([H1]);
  });

  it('one that was reactivated by another meanwhile is fine', async () => {
    const side = await open();
    await fall(side, H1);
    await side.round();
    await recover(side, H1);
    agent(H1).deactivated = false;
    await side.round();
    expect([side.remembered(H1), side.bridge.refusals]).toEqual([[], 0]);
    expect(side.calls.at(-1)).toEqual(['reactivate', 'refused']);
  });

  it('an agent that registers anew under the name of an off host is deactivated under its new id', async () => {
    const side = await open();
    await fall(side, H1);
    await side.round();
    mesos.world.reregister(agent(H1));
    await side.round();
    expect([deactivated(), side.remembered(H1)]).toEqual([[H1], [agent(H1).id]]);
  });

  it('two agents of one name are both taken and both given back', async () => {
    const side = await open();
    const twin = mesos.world.addAgent(H1);
    await fall(side, H1);
    await side.round();
    expect([agent(H1).deactivated, twin.deactivated]).toEqual([true, true]);
    await recover(side, H1);
    await side.round();
    expect([agent(H1).deactivated, twin.deactivated]).toEqual([false, false]);
  });

  it('a host that is deleted is given back', async () => {
    const side = await open();
    await fall(side, H1);
    await side.round();
    await side.harness.whitelist.remove(H1, OPERATOR);
    await side.harness.settled();
    await side.round();
    expect(deactivated()).toEqual([]);
  });
});

describe('drain', () => {
  it('kills the tasks, can not be cancelled, and is taken back when it is done', async () => {
    await mesos.close();
    await startCluster({ stepMs: 0 });
    const side = await open({ action: 'drain' });
    await fall(side, H1);
    await side.round();
    expect(agent(H1).drain?.state).toBe('DRAINING');
    await recover(side, H1);
    await side.round();
    expect(side.text(H1)).toContain('Agent is still in the DRAINING state');
    expect(side.text(H1)).toContain("a drain can't be cancelled: reactivated when it is done");
    mesos.step();
    expect(agent(H1).drain?.state).toBe('DRAINED');
    const asked = side.calls.length;
    await side.round();
    expect(side.calls.length - asked).toBe(0);
    clock.advance(60_000);
    await side.round();
    expect([deactivated(), side.remembered(H1), side.text(H1)]).toEqual([[], [], undefined]);
  });

  it('is left to Mesos where its machine is in a maintenance window', async () => {
    const side = await open({ action: 'drain' });
    side.planned.set(H1, 'draining');
    await fall(side, H1);
    await side.round();
    expect(side.calls).toEqual([]);
    expect(side.text(H1)).toBe('planned: its machine is in a maintenance window of Mesos (draining)');
  });

  it('that Mesos refuses for a window to come is told with what it said', async () => {
    const side = await open({ action: 'drain' });
    const start = { nanoseconds: (clock.wallMs() + 3_600_000) * 1e6 };
    const windows = [{ machine_ids: [{ hostname: H1, ip: agent(H1).ip }], unavailability: { start } }];
    mesos.maintenance.replace({ windows });
    await fall(side, H1);
    await side.round();
    expect(side.text(H1)).toMatch(/Mesos refused: .*is part of a maintenance schedule under Machine h1\.example/);
    expect([side.bridge.refusals, deactivated()]).toEqual([1, []]);
  });
});

describe('bounds', () => {
  it('never more than the limit are out at a time, whoever turned them off', async () => {
    const side = await open({ limit: 2 });
    for (const host of TEN.slice(0, 4))
      await side.harness.whitelist.edit(host, OPERATOR, (record) =>
        withFlagByHand(record, { state: 'critical', by: 'operator' }, side.harness.nowS),
      );
    await side.harness.settled();
    await side.round();
    await side.round();
    expect(deactivated()).toHaveLength(2);
    const held = TEN.slice(0, 4).filter((host) => !deactivated().includes(host));
    expect(held.map((host) => side.text(host))).toEqual([
      'not taken out of scheduling in Mesos: 2 of at most 2 hosts are',
      'not taken out of scheduling in Mesos: 2 of at most 2 hosts are',
    ]);
  });

  it('nothing is done by a follower, with a stale picture, or while the store is away', async () => {
    const side = await open();
    await fall(side, H1);
    side.harness.leads = false;
    await side.round();
    side.harness.leads = true;
    clock.advance(20_000);
    await side.bridge.round();
    expect(side.view.stale).toBeDefined();
    side.harness.store.lose();
    await side.round();
    expect([side.calls, deactivated()]).toEqual([[], []]);
    side.harness.store.find();
    await side.round();
    expect(deactivated()).toEqual([H1]);
  });

  it('the next leader gives back what the last one took', async () => {
    const side = await open();
    const next = await Harness.open({ clock, sharedStore, leads: false });
    const other = new Side(next);
    for (const host of TEN) next.report(host, { disk: 'ok' }, LONG);
    await fall(side, H1);
    await side.round();
    await next.settled();
    side.harness.leads = false;
    next.leads = true;
    next.report(H1, { disk: 'ok' }, LONG);
    await next.leap(FIRST_MS + 1_000);
    expect(next.on()).toContain(H1);
    await other.round();
    expect([deactivated(), other.remembered(H1)]).toEqual([[], []]);
  });

  it('what was written down and not done any more is done by whoever leads', async () => {
    const side = await open();
    await fall(side, H1);
    await mesos.loseZooKeeper();
    clock.advance(100);
    feedState(side.view, stateOf(mesos.world));
    await side.bridge.round();
    expect(side.remembered(H1)).toEqual([agent(H1).id]);
    expect(side.text(H1)).toMatch(/Mesos did not answer: http:/);
    expect(deactivated()).toEqual([]);
    const first = mesos.masters[0];
    if (first) await mesos.restart(first);
    clock.advance(60_000);
    await side.round();
    expect(deactivated()).toEqual([H1]);
  });

  it('a Mesos before 1.9 is asked seldom, and told of in why', async () => {
    await mesos.close();
    await startCluster({ before19: true });
    const side = await open();
    await fall(side, H1, H2);
    for (let seconds = 0; seconds < 10; seconds++) {
      clock.advance(1_000);
      await side.round();
    }
    expect(side.calls).toEqual([['deactivate', 'refused']]);
    expect(side.text(H2)).toContain('this version of Mesos has no such call');
    expect(side.bridge.refusals).toBe(2);
    expect(side.text(H2)).toContain("Failed to find enum for 'DEACTIVATE_AGENT'");
  });

  it('credentials that may not are asked seldom, and told of', async () => {
    await mesos.close();
    await startCluster({ credentials: { principal: 'p', secret: 's' } });
    const side = await open();
    await fall(side, H1);
    const allowed = new MesosClient({
      url: side.client.url,
      role: 'master',
      credentials: { principal: 'p', secret: 's' },
    });
    feedState(side.view, await allowed.state());
    await side.bridge.round();
    await side.bridge.round();
    expect(side.calls).toEqual([['deactivate', 'refused']]);
    expect(side.text(H1)).toContain('answered 401');
    expect(side.text(H1)).toContain('Satellite has no rights for this call');
    expect(side.bridge.refusals).toBe(1);
    await allowed.close();
  });

  it('a call that hangs ends when the end of the process wants it', async () => {
    const side = await open();
    await fall(side, H1);
    feedState(side.view, await side.client.state());
    const hanging = await MesosServer.start(() => undefined);
    const client = new MesosClient({ url: hanging.url, role: 'master' });
    side.hang = client;
    side.bridge.tick();
    await until(() => hanging.asked.length > 0, { what: 'the call' });
    const deadline = new AbortController();
    const stopped = side.bridge.stop(deadline);
    deadline.abort();
    await stopped;
    expect(side.calls).toEqual([['deactivate', 'refused']]);
    await client.close();
    await hanging.close();
  });

  it('forgets when an agent was changed, once the model is newer', async () => {
    const side = await open();
    await fall(side, H1);
    await side.round();
    await recover(side, H1);
    await side.round();
    expect(side.calls.map(([call]) => call)).toEqual(['deactivate', 'reactivate']);
    await side.round();
    expect(side.bridge.changesInDoubt).toBe(0);
  });
});
