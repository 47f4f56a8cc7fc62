/** The guard and the leader before the store, with masters that see each other's changes late (docs/judgement.md, rules 8-10, 25). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withFlagByHand } from '../../../satellite-master/whitelist/record/manual-events.ts';
import { SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, Harness, host, hosts, OPERATOR, settled } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';

const LONG = { ttl: 1_000_000 };
let clock: ManualClock;
let sharedStore: SharedStore;

beforeEach(async () => {
  clock = aClock();
  sharedStore = await SharedStore.open(clock);
});

afterEach(() => sharedStore.close());

const say = (harnesses: readonly Harness[], names: readonly HostName[], state: string) => {
  for (const name of names) for (const harness of harnesses) harness.report(name, { disk: state }, LONG);
};

function offInStore(): readonly HostName[] {
  return [...sharedStore.records.keys()].filter((name) => sharedStore.record(name)?.['managed-flag'] === 'off').sort();
}

describe('rule 8: how many', () => {
  test('of ten three may be held off; the others keep their flag, and why says so with the figures', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    const ten = hosts(10);
    say([harness], ten, 'ok');
    await harness.settled();
    say([harness], ten, 'critical');
    await harness.settled();
    expect(offInStore()).toHaveLength(3);
    const kept = ten.filter((name) => harness.managed(name) === 'on');
    expect(kept).toHaveLength(7);
    for (const name of kept)
      expect(harness.why(name)).toMatchObject({
        flag: 'on',
        rule: 1,
        guard: { held: true, reason: '3 of at most 3 hosts are held off (0.3 of 10)' },
      });
  });

  test('the last host of the merged list is never taken', async () => {
    const harness = await Harness.open({ clock, sharedStore, share: 1 });
    const three = hosts(3);
    say([harness], three, 'ok');
    await harness.settled();
    say([harness], three, 'critical');
    await harness.settled();
    expect(harness.on()).toHaveLength(1);
    const [last] = harness.replica.on();
    expect(last && harness.why(last).guard?.reason).toBe('it is the last host on the whitelist');
  });

  test('one that operators hold on does not count as the last that automation may take', async () => {
    const harness = await Harness.open({ clock, sharedStore, share: 1 });
    const [h1, h2] = hosts(2) as [HostName, HostName];
    say([harness], [h1, h2], 'ok');
    await harness.settled();
    await harness.whitelist.edit(h1, OPERATOR, (record) =>
      withFlagByHand(record, { state: 'ok', by: 'me' }, harness.nowS),
    );
    say([harness], [h1, h2], 'critical');
    await harness.settled();
    expect(harness.on()).toEqual([h1]);
    expect(harness.managed(h1)).toBe('off');
  });

  test('room that becomes free is used within about a second', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    const [h1, h2, ...rest] = hosts(5) as [HostName, HostName, ...HostName[]];
    say([harness], [h1, h2, ...rest], 'ok');
    await harness.settled();
    say([harness], [h1], 'critical');
    await harness.settled();
    say([harness], [h2], 'critical');
    await harness.settled();
    expect(offInStore()).toEqual([h1]);
    await sharedStore.writeForeign(h1, null);
    await harness.pass(1_400);
    expect(offInStore()).toEqual([h2]);
  });

  test('whatever the manual list says of them, hosts held off count', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    const five = hosts(5) as [HostName, HostName, HostName, HostName, HostName];
    say([harness], five, 'ok');
    await harness.settled();
    say([harness], [five[0]], 'critical');
    await harness.settled();
    await harness.whitelist.edit(five[0], OPERATOR, (record) =>
      withFlagByHand(record, { state: 'ok', by: 'me' }, harness.nowS),
    );
    say([harness], [five[1]], 'critical');
    await harness.settled();
    expect(harness.on()).toEqual(five);
  });
});

describe('rule 9: whom first', () => {
  test('critical before silent, more criticals, ill for longer, then name', async () => {
    const harness = await Harness.open({ clock, sharedStore, share: 0.5 });
    const names = hosts(8) as [HostName, HostName, HostName, HostName, HostName, HostName, HostName, HostName];
    const [silent, two, long, late, later] = names;
    say([harness], names, 'ok');
    harness.report(silent, { disk: 'ok' }, { ttl: 3 });
    await harness.settled();
    harness.store.lose();
    await harness.pass(4_000);
    harness.report(long, { disk: 'critical' }, LONG);
    await harness.pass(200);
    harness.report(later, { disk: 'critical' }, LONG);
    harness.report(late, { disk: 'critical' }, LONG);
    harness.report(two, { disk: 'critical', memory: 'critical' }, LONG);
    await harness.settled();
    harness.store.find();
    const order: HostName[] = [];
    await harness.settled();
    for (const change of harness.changes) if (change.after?.record?.['managed-flag'] === 'off') order.push(change.host);
    expect(order).toEqual([two, long, late, later]);
    expect(harness.why(silent).guard?.held).toBe(true);
  });

  test('a host that is off is not put on to make room for a worse one', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    const [mild, bad, ...rest] = hosts(5) as [HostName, HostName, ...HostName[]];
    say([harness], [mild, bad, ...rest], 'ok');
    await harness.settled();
    say([harness], [mild], 'critical');
    await harness.settled();
    harness.report(bad, { disk: 'critical', memory: 'critical', load: 'critical' }, LONG);
    await harness.pass(3_000);
    expect(offInStore()).toEqual([mild]);
  });

  test('nor when the limit sinks', async () => {
    const ten = hosts(10);
    const harness = await Harness.open({ clock, sharedStore });
    say([harness], ten, 'ok');
    await harness.settled();
    say([harness], ten.slice(0, 3), 'critical');
    await harness.settled();
    const narrow = await Harness.open({ clock, sharedStore, share: 0.1 });
    say([narrow], ten.slice(0, 3), 'critical');
    await narrow.pass(3_000);
    expect(narrow.guardCounts.limit()).toBe(1);
    expect(offInStore()).toEqual([...ten.slice(0, 3)].sort());
  });
});

describe('rule 10: two masters that both think they lead', () => {
  test.each([1, 2, 3, 7, 1_000])('never exceed the limit together, %i events at a time', async (run) => {
    const names = hosts(40);
    const first = await Harness.open({ clock, sharedStore });
    say([first], names, 'ok');
    await first.settled();
    const second = await Harness.open({ clock, sharedStore });
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
      for (const harness of both) harness.tick();
      await settled(both);
    }
    expect(most).toBeLessThanOrEqual(12);
    expect(offInStore()).toHaveLength(12);
    expect(first.on()).toEqual(second.on());
  });

  test('who have heard different things of a host do not undo each other for ever', async () => {
    const [h1] = hosts(1) as [HostName];
    const both = [
      await Harness.open({ clock, sharedStore, share: 1 }),
      await Harness.open({ clock, sharedStore, share: 1 }),
    ];
    say(both, hosts(5), 'ok');
    await settled(both);
    both[0]?.report(h1, { disk: 'critical' }, LONG);
    await settled(both);
    clock.advance(4_000);
    await settled(both);
    const { version = 0 } = sharedStore.records.get(h1) ?? {};
    expect(version).toBeLessThan(40);
  });

  test('each write of the one does not call for one of the other', async () => {
    const names = hosts(10);
    const both = [await Harness.open({ clock, sharedStore }), await Harness.open({ clock, sharedStore })];
    say(both, names, 'ok');
    await settled(both);
    for (const harness of both) {
      harness.report(names[0] as HostName, { disk: 'critical' }, LONG);
      clock.advance(100);
    }
    await settled(both);
    const { version = 0 } = sharedStore.records.get(names[0] as HostName) ?? {};
    expect(version).toBeLessThanOrEqual(4);
  });
});

describe('rule 25: who acts', () => {
  const ten = hosts(10) as [HostName, ...HostName[]];

  test('a follower judges and writes nothing', async () => {
    const leader = await Harness.open({ clock, sharedStore });
    const follower = await Harness.open({ clock, sharedStore, leads: false });
    say([leader, follower], ten, 'ok');
    await settled([leader, follower]);
    say([leader, follower], [ten[0]], 'critical');
    await settled([leader, follower]);
    expect(follower.store.commits).toBe(0);
    expect(follower.why(ten[0])).toMatchObject({ flag: 'off', rule: 1 });
  });

  test('a new leader acts at its next tick on what it heard as follower', async () => {
    const leader = await Harness.open({ clock, sharedStore });
    const follower = await Harness.open({ clock, sharedStore, leads: false });
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
    const harness = await Harness.open({ clock, sharedStore });
    harness.store.fault = () => {
      harness.leads = harness.store.commits < 1;
      return undefined;
    };
    say([harness], many, 'ok');
    await harness.settled();
    expect(harness.store.commits).toBe(2);
    expect(sharedStore.records.size).toBe(200);
  });
});

describe('faults of the store', () => {
  const [h1, h2, h3] = hosts(3) as [HostName, HostName, HostName];
  const refusing = (name: HostName) => (changes: readonly { host: HostName }[]) =>
    changes.some(({ host }) => host === name) ? new SatelliteError('store-unavailable', 'no right to') : undefined;

  test('a host whose record is refused stops no other, and is written once it can be', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    harness.store.fault = refusing(h2);
    say([harness], [h1, h2, h3], 'ok');
    await harness.settled();
    expect(harness.on()).toEqual([h1, h3]);
    harness.store.fault = () => undefined;
    await harness.pass(6_000);
    expect(harness.on()).toEqual([h1, h2, h3]);
  });

  test('nor does one that can not be taken off', async () => {
    const harness = await Harness.open({ clock, sharedStore, share: 1 });
    say([harness], [h1, h2, h3], 'ok');
    await harness.settled();
    harness.store.fault = refusing(h1);
    say([harness], [h1, h2], 'critical');
    await harness.pass(2_000);
    expect(offInStore()).toEqual([h2]);
  });

  test('while it refuses everything it is tried at growing distances, and brought up to date when it is well', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    let tries = 0;
    harness.store.fault = () => {
      tries++;
      return new SatelliteError('store-uncertain', 'nothing is confirmed');
    };
    for (let beat = 0; beat < 300; beat++) {
      say([harness], [h1, h2, h3], 'warning');
      harness.reconciler.mark(h1);
      await harness.pass(200);
    }
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(100);
    harness.store.fault = () => undefined;
    await harness.pass(2_200);
    expect(harness.on()).toEqual([h1, h2, h3]);
  });

  test('large records are parted into commits that the store takes', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    let most = 0;
    harness.store.fault = (changes) => {
      const bytes = changes.reduce((sum, { data }) => sum + Buffer.byteLength(data ?? ''), 0);
      most = Math.max(most, bytes);
      return bytes > 1_000_000 ? new SatelliteError('too-large', 'too much for one request') : undefined;
    };
    const tests = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`t${at}`, 'critical']));
    for (const name of hosts(30)) harness.report(name, tests, { ...LONG, description: 'x'.repeat(1_000) });
    await harness.settled();
    expect(sharedStore.records.size).toBe(30);
    expect(most).toBeLessThan(600_000);
  });
});

describe('work', () => {
  test('a rush of ill hosts is taken off without waiting for the next tick, in several commits', async () => {
    const harness = await Harness.open({ clock, sharedStore, share: 1 });
    const many = hosts(260);
    say([harness], many, 'ok');
    await harness.settled();
    say([harness], many.slice(10), 'critical');
    await harness.settled();
    expect(offInStore()).toHaveLength(250);
  });

  test('events of hosts that are held already do not ask the guard anew, but once a second', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    const many = hosts(300);
    say([harness], many, 'ok');
    await harness.settled();
    say([harness], many, 'critical');
    await harness.settled();
    await harness.pass(1_000);
    expect(harness.reconciler.held.size).toBe(210);
    const before = harness.store.automationReads;
    for (const name of many) {
      harness.report(name, { disk: 'critical' }, LONG);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await harness.settled();
    expect(harness.store.automationReads).toBe(before);
    await harness.pass(3_000);
    expect(harness.store.automationReads - before).toBeLessThanOrEqual(3);
  });

  test('in a full inventory an ill stranger is left out, and the others are judged on', async () => {
    const harness = await Harness.open({ clock, sharedStore });
    const [known, stranger] = hosts(2) as [HostName, HostName];
    say([harness], [known], 'ok');
    await harness.settled();
    for (let at = 0; at < 100_000; at++) {
      const name = host(`full${at}.example`);
      const data = '{"managed-flag":"on"}';
      harness.replica.onRecord(name, { host: name, data, version: 0, createdMs: 0, order: BigInt(at + 1_000) });
    }
    say([harness], [stranger], 'critical');
    await harness.settled();
    expect(sharedStore.records.has(stranger)).toBe(false);
    say([harness], [known], 'critical');
    await harness.settled();
    expect(offInStore()).toEqual([known]);
  });
});
