/** Takeovers on a real ZooKeeper: the node, the epoch, and what the leader before may still write. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ElectionFacts, MesosElection } from '../../../satellite-master/leadership/mesos-election.ts';
import { ZooKeeperLeadership } from '../../../satellite-master/leadership/zookeeper-leadership.ts';
import { epochIn } from '../../../satellite-master/whitelist/record/automation-text.ts';
import { Replica } from '../../../satellite-master/whitelist/replica.ts';
import { FencedStore } from '../../../satellite-master/whitelist/store/fenced-store.ts';
import { StoreConflict } from '../../../satellite-master/whitelist/store/store.ts';
import { ZooKeeperStore } from '../../../satellite-master/whitelist/store/zookeeper-store.ts';
import { createZooKeeperSession } from '../../../satellite-master/zookeeper/session.ts';
import { systemClock as clock } from '../../../shared/clock.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { silentLog as log } from '../../../shared/log.ts';
import { until } from '../../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../support/zookeeper.ts';

const HOST = 'a1.example' as HostName;
const RECORD = '{"managed-events":{},"manual-events":{},"managed-flag":"on","manual-flag":null}';

let zooKeeper: ZooKeeperServer;
beforeAll(async () => {
  zooKeeper = await startZooKeeper();
}, 60_000);
afterAll(() => zooKeeper.dispose());

/** A mesos-master whose answers the test sets. */
class Election {
  facts: ElectionFacts = { elected: false, ageMs: 0, streak: 3, fault: undefined };

  elect(elected: boolean): void {
    this.facts = { ...this.facts, elected };
  }
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

function aMaster(root: string, self: string) {
  const election = new Election();
  const { connectString } = zooKeeper;
  const session = createZooKeeperSession({ connectString, sessionTimeoutMs: 1_000, clock, log });
  const store = new ZooKeeperStore({ session, connectString, root, clock, log });
  const replica = new Replica({ clock, log, foreignHoldMs: 60_000 });
  const leadership = new ZooKeeperLeadership({
    session,
    root,
    self,
    isStoreWhole: () => store.state.kind === 'whole',
    election: election as unknown as MesosElection,
    clock,
    log,
  });
  const fenced = new FencedStore({ store, epoch: () => leadership.epoch, automation: () => replica.automation });
  leadership.start(() => undefined);
  store.start(replica);
  const close = async () => {
    await leadership.stop();
    await store.close(2_000);
  };
  closing.push(close);
  return { election, session, store, replica, leadership, fenced, close };
}

const toLead = ({ leadership }: { readonly leadership: ZooKeeperLeadership }, what: string) =>
  until(() => leadership.now.leads, { what });

describe('masters on one ZooKeeper', () => {
  test('the one beside the elected mesos-master takes over, and what the other writes after it is refused', async () => {
    const first = aMaster('/takeover', 'm1');
    await toLead(first, 'the first to lead');
    const second = aMaster('/takeover', 'm2');
    await until(() => second.leadership.now.reason === 'm1 holds the leader node in ZooKeeper', {
      what: 'the second to follow',
    });
    const epoch = first.leadership.epoch ?? Number.NaN;
    await first.fenced.commit([{ host: HOST, expect: 'absent', data: RECORD }]);
    // What a master that has not heard of the takeover yet believes.
    const believed = first.replica.automation;
    const late = new FencedStore({ store: first.store, epoch: () => epoch, automation: () => believed });
    second.election.elect(true);
    await toLead(second, 'the second to lead');
    expect(second.leadership.epoch).toBe(epoch + 1);
    await until(() => !first.leadership.now.leads, { what: 'the first to follow' });
    await expect(late.commit([{ host: HOST, expect: 0, data: RECORD }])).rejects.toThrow(StoreConflict);
    await expect(first.fenced.commit([{ host: HOST, expect: 0, data: RECORD }])).rejects.toThrow(
      'another master leads',
    );
    await until(() => epochIn(second.replica.automation.data) === epoch + 1, { what: 'the new epoch' });
    await second.fenced.commit([{ host: HOST, expect: 0, data: RECORD }]);
  }, 20_000);

  test('when the leader dies, another leads though its mesos-master is not elected', async () => {
    const first = aMaster('/death', 'm1');
    first.election.elect(true);
    await toLead(first, 'the first to lead');
    const second = aMaster('/death', 'm2');
    await until(() => second.leadership.now.reason.startsWith('m1 holds'), { what: 'the second to follow' });
    await first.close();
    await toLead(second, 'the second to lead');
    expect(second.leadership.now.reason).toBe(
      'holds the leader node in ZooKeeper; the local mesos-master is not elected',
    );
  }, 20_000);

  test('two masters beside elected mesos-masters do not take the node from each other', async () => {
    const first = aMaster('/both', 'm1');
    first.election.elect(true);
    await toLead(first, 'the first to lead');
    const epoch = first.leadership.epoch;
    const second = aMaster('/both', 'm2');
    second.election.elect(true);
    await until(() => second.leadership.now.reason.startsWith('m1 holds'), { what: 'the second to follow' });
    first.election.elect(false);
    await toLead(second, 'the second to lead, once the first says that its mesos-master is not elected');
    expect(second.leadership.epoch).toBe((epoch ?? 0) + 1);
  }, 20_000);
});
