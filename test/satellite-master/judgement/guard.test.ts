/** The guard and the leader before the store, with masters that see each other's changes late (docs/judgement.md, rules 8-10, 25). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withFlagByHand } from '../../../satellite-master/whitelist/record/manual-events.ts';
import { SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, House, host, hosts, OPERATOR, settled } from '../../support/house.ts';
import { SharedGround } from '../../support/shared-ground.ts';

const LONG = { ttl: 1_000_000 };
let clock: ManualClock;
let ground: SharedGround;

beforeEach(async () => {
  clock = aClock();
  ground = await SharedGround.open(clock);
});

afterEach(() => ground.close());

const say = (houses: readonly House[], names: readonly HostName[], state: string) => {
  for (const name of names) for (const house of houses) house.report(name, { disk: state }, LONG);
};

function offInStore(): readonly HostName[] {
  return [...ground.records.keys()].filter((name) => ground.record(name)?.['managed-flag'] === 'off').sort();
}

describe('rule 8: how many', () => {
  test('of ten three may be held off; the others keep their flag, and why says so with the figures', async () => {
    const house = await House.open({ clock, ground });
    const ten = hosts(10);
    say([house], ten, 'ok');
    await house.settled();
    say([house], ten, 'critical');
    await house.settled();
    expect(offInStore()).toHaveLength(3);
    const kept = ten.filter((name) => house.managed(name) === 'on');
    expect(kept).toHaveLength(7);
    for (const name of kept)
      expect(house.why(name)).toMatchObject({
        flag: 'on',
        rule: 1,
        guard: { held: true, reason: '3 of at most 3 hosts are held off (0.3 of 10)' },
      });
  });

  test('the last host of the merged list is never taken', async () => {
    const house = await House.open({ clock, ground, share: 1 });
    const three = hosts(3);
    say([house], three, 'ok');
    await house.settled();
    say([house], three, 'critical');
    await house.settled();
    expect(house.on()).toHaveLength(1);
    const [last] = house.replica.on();
    expect(last && house.why(last).guard?.reason).toBe('it is the last host on the whitelist');
  });

  test('one that operators hold on does not count as the last that automation may take', async () => {
    const house = await House.open({ clock, ground, share: 1 });
    const [h1, h2] = hosts(2) as [HostName, HostName];
    say([house], [h1, h2], 'ok');
    await house.settled();
    await house.whitelist.edit(h1, OPERATOR, (record) => withFlagByHand(record, { state: 'ok', by: 'me' }, house.nowS));
    say([house], [h1, h2], 'critical');
    await house.settled();
    expect(house.on()).toEqual([h1]);
    expect(house.managed(h1)).toBe('off');
  });

  test('room that becomes free is used within about a second', async () => {
    const house = await House.open({ clock, ground });
    const [h1, h2, ...rest] = hosts(5) as [HostName, HostName, ...HostName[]];
    say([house], [h1, h2, ...rest], 'ok');
    await house.settled();
    say([house], [h1], 'critical');
    await house.settled();
    say([house], [h2], 'critical');
    await house.settled();
    expect(offInStore()).toEqual([h1]);
    await ground.writeForeign(h1, null);
    await house.pass(1_400);
    expect(offInStore()).toEqual([h2]);
  });

  test('whatever the manual list says of them, hosts held off count', async () => {
    const house = await House.open({ clock, ground });
    const five = hosts(5) as [HostName, HostName, HostName, HostName, HostName];
    say([house], five, 'ok');
    await house.settled();
    say([house], [five[0]], 'critical');
    await house.settled();
    await house.whitelist.edit(five[0], OPERATOR, (record) =>
      withFlagByHand(record, { state: 'ok', by: 'me' }, house.nowS),
    );
    say([house], [five[1]], 'critical');
    await house.settled();
    expect(house.on()).toEqual(five);
  });
});

describe('rule 9: whom first', () => {
  test('critical before silent, more criticals, ill for longer, then name', async () => {
    const house = await House.open({ clock, ground, share: 0.5 });
    const names = hosts(8) as [HostName, HostName, HostName, HostName, HostName, HostName, HostName, HostName];
    const [silent, two, long, late, later] = names;
    say([house], names, 'ok');
    house.report(silent, { disk: 'ok' }, { ttl: 3 });
    await house.settled();
    house.store.lose();
    await house.pass(4_000);
    house.report(long, { disk: 'critical' }, LONG);
    await house.pass(200);
    house.report(later, { disk: 'critical' }, LONG);
    house.report(late, { disk: 'critical' }, LONG);
    house.report(two, { disk: 'critical', memory: 'critical' }, LONG);
    await house.settled();
    house.store.find();
    const order: HostName[] = [];
    await house.settled();
    for (const change of house.changes) if (change.after?.record?.['managed-flag'] === 'off') order.push(change.host);
    expect(order).toEqual([two, long, late, later]);
    expect(house.why(silent).guard?.held).toBe(true);
  });

  test('a host that is off is not put on to make room for a worse one', async () => {
    const house = await House.open({ clock, ground });
    const [mild, bad, ...rest] = hosts(5) as [HostName, HostName, ...HostName[]];
    say([house], [mild, bad, ...rest], 'ok');
    await house.settled();
    say([house], [mild], 'critical');
    await house.settled();
    house.report(bad, { disk: 'critical', memory: 'critical', load: 'critical' }, LONG);
    await house.pass(3_000);
    expect(offInStore()).toEqual([mild]);
  });

  test('nor when the limit sinks', async () => {
    const ten = hosts(10);
    const house = await House.open({ clock, ground });
    say([house], ten, 'ok');
    await house.settled();
    say([house], ten.slice(0, 3), 'critical');
    await house.settled();
    const narrow = await House.open({ clock, ground, share: 0.1 });
    say([narrow], ten.slice(0, 3), 'critical');
    await narrow.pass(3_000);
    expect(narrow.guardCounts.limit()).toBe(1);
    expect(offInStore()).toEqual([...ten.slice(0, 3)].sort());
  });
});

describe('rule 10: two masters that both think they lead', () => {
  test.each([1, 2, 3, 7, 1_000])('never exceed the limit together, %i events at a time', async (run) => {
    const names = hosts(40);
    const first = await House.open({ clock, ground });
    say([first], names, 'ok');
    await first.settled();
    const second = await House.open({ clock, ground });
    say([second], names, 'ok');
    const both = [first, second];
    await settled(both);
    let most = 0;
    first.replica.onChange(() => {
      most = Math.max(most, offInStore().length);
    });
    // Each hears of other hosts, so that only the automation node stands between them.
    for (const [at, name] of names.entries()) {
      both[at % 2]?.report(name, { disk: 'critical' }, LONG);
      if (at % run === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (let tick = 0; tick < 10; tick++) {
      clock.advance(200);
      for (const house of both) house.tick();
      await settled(both);
    }
    expect(most).toBeLessThanOrEqual(12);
    expect(offInStore()).toHaveLength(12);
    expect(first.on()).toEqual(second.on());
  });

  test('who have heard different things of a host do not undo each other for ever', async () => {
    const [h1] = hosts(1) as [HostName];
    const both = [await House.open({ clock, ground, share: 1 }), await House.open({ clock, ground, share: 1 })];
    say(both, hosts(5), 'ok');
    await settled(both);
    both[0]?.report(h1, { disk: 'critical' }, LONG);
    await settled(both);
    clock.advance(4_000);
    await settled(both);
    const { version = 0 } = ground.records.get(h1) ?? {};
    expect(version).toBeLessThan(40);
  });

  test('each write of the one does not call for one of the other', async () => {
    const names = hosts(10);
    const both = [await House.open({ clock, ground }), await House.open({ clock, ground })];
    say(both, names, 'ok');
    await settled(both);
    for (const house of both) {
      house.report(names[0] as HostName, { disk: 'critical' }, LONG);
      clock.advance(100);
    }
    await settled(both);
    const { version = 0 } = ground.records.get(names[0] as HostName) ?? {};
    expect(version).toBeLessThanOrEqual(4);
  });
});

describe('rule 25: who acts', () => {
  const ten = hosts(10) as [HostName, ...HostName[]];

  test('a follower judges and writes nothing', async () => {
    const leader = await House.open({ clock, ground });
    const follower = await House.open({ clock, ground, leads: false });
    say([leader, follower], ten, 'ok');
    await settled([leader, follower]);
    say([leader, follower], [ten[0]], 'critical');
    await settled([leader, follower]);
    expect(follower.store.commits).toBe(0);
    expect(follower.why(ten[0])).toMatchObject({ flag: 'off', rule: 1 });
  });

  test('a new leader acts at its next tick on what it heard as follower', async () => {
    const leader = await House.open({ clock, ground });
    const follower = await House.open({ clock, ground, leads: false });
    say([leader, follower], ten, 'ok');
    await settled([leader, follower]);
    leader.leads = false;
    say([follower], [ten[0]], 'critical');
    await settled([leader, follower]);
    expect(offInStore()).toEqual([]);
    follower.leads = true;
    clock.advance(200);
    follower.tick();
    await settled([leader, follower]);
    expect(offInStore()).toEqual([ten[0]]);
    expect(leader.on()).toEqual(follower.on());
  });

  test('who loses the lead in the middle of its work writes no more', async () => {
    const many = hosts(350);
    const house = await House.open({ clock, ground });
    house.store.fault = () => {
      house.leads = house.store.commits < 1;
      return undefined;
    };
    say([house], many, 'ok');
    await house.settled();
    expect(house.store.commits).toBe(2);
    expect(ground.records.size).toBe(200);
  });
});

describe('faults of the store', () => {
  const [h1, h2, h3] = hosts(3) as [HostName, HostName, HostName];
  const refusing = (name: HostName) => (changes: readonly { host: HostName }[]) =>
    changes.some(({ host }) => host === name) ? new SatelliteError('store-unavailable', 'no right to') : undefined;

  test('a host whose record is refused stops no other, and is written once it can be', async () => {
    const house = await House.open({ clock, ground });
    house.store.fault = refusing(h2);
    say([house], [h1, h2, h3], 'ok');
    await house.settled();
    expect(house.on()).toEqual([h1, h3]);
    house.store.fault = () => undefined;
    await house.pass(6_000);
    expect(house.on()).toEqual([h1, h2, h3]);
  });

  test('nor does one that can not be taken off', async () => {
    const house = await House.open({ clock, ground, share: 1 });
    say([house], [h1, h2, h3], 'ok');
    await house.settled();
    house.store.fault = refusing(h1);
    say([house], [h1, h2], 'critical');
    await house.pass(2_000);
    expect(offInStore()).toEqual([h2]);
  });

  test('while it refuses everything it is tried at growing distances, and brought up to date when it is well', async () => {
    const house = await House.open({ clock, ground });
    let tries = 0;
    house.store.fault = () => {
      tries++;
      return new SatelliteError('store-uncertain', 'nothing is confirmed');
    };
    for (let beat = 0; beat < 300; beat++) {
      say([house], [h1, h2, h3], 'warning');
      house.reconciler.mark(h1);
      await house.pass(200);
    }
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(100);
    house.store.fault = () => undefined;
    await house.pass(2_200);
    expect(house.on()).toEqual([h1, h2, h3]);
  });

  test('large records are parted into commits that the store takes', async () => {
    const house = await House.open({ clock, ground });
    let most = 0;
    house.store.fault = (changes) => {
      const bytes = changes.reduce((sum, { data }) => sum + Buffer.byteLength(data ?? ''), 0);
      most = Math.max(most, bytes);
      return bytes > 1_000_000 ? new SatelliteError('too-large', 'too much for one request') : undefined;
    };
    const tests = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`t${at}`, 'critical']));
    for (const name of hosts(30)) house.report(name, tests, { ...LONG, description: 'x'.repeat(1_000) });
    await house.settled();
    expect(ground.records.size).toBe(30);
    expect(most).toBeLessThan(600_000);
  });
});

describe('work', () => {
  test('a rush of ill hosts is taken off without waiting for the next tick, in several commits', async () => {
    const house = await House.open({ clock, ground, share: 1 });
    const many = hosts(260);
    say([house], many, 'ok');
    await house.settled();
    say([house], many.slice(10), 'critical');
    await house.settled();
    expect(offInStore()).toHaveLength(250);
  });

  test('events of hosts that are held already do not ask the guard anew, but once a second', async () => {
    const house = await House.open({ clock, ground });
    const many = hosts(300);
    say([house], many, 'ok');
    await house.settled();
    say([house], many, 'critical');
    await house.settled();
    await house.pass(1_000);
    expect(house.reconciler.held.size).toBe(210);
    const before = house.store.automationReads;
    for (const name of many) {
      house.report(name, { disk: 'critical' }, LONG);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await house.settled();
    expect(house.store.automationReads).toBe(before);
    await house.pass(3_000);
    expect(house.store.automationReads - before).toBeLessThanOrEqual(3);
  });

  test('in a full inventory an ill stranger is left out, and the others are judged on', async () => {
    const house = await House.open({ clock, ground });
    const [known, stranger] = hosts(2) as [HostName, HostName];
    say([house], [known], 'ok');
    await house.settled();
    for (let at = 0; at < 100_000; at++) {
      const name = host(`full${at}.example`);
      const data = '{"managed-flag":"on"}';
      house.replica.onRecord(name, { host: name, data, version: 0, createdMs: 0, order: BigInt(at + 1_000) });
    }
    say([house], [stranger], 'critical');
    await house.settled();
    expect(ground.records.has(stranger)).toBe(false);
    say([house], [known], 'critical');
    await house.settled();
    expect(offInStore()).toEqual([known]);
  });
});
