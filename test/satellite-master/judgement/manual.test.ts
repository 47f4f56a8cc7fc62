/** The manual list, the reaper and the inventory, through the whole of a master (docs/judgement.md, rules 15, 18, 21-23, 27, 28). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  withFlagByHand,
  withManualEvent,
  withoutManualEvent,
} from '../../../satellite-master/whitelist/record/manual-events.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, FIRST_MS, Harness, hosts, OPERATOR, settled } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';

const [h1, h2, h3] = hosts(3) as [HostName, HostName, HostName];
const LONG = { ttl: 1_000_000 };
let clock: ManualClock;
let sharedStore: SharedStore;
let harness: Harness;

beforeEach(async () => {
  clock = aClock();
  sharedStore = await SharedStore.open(clock);
  harness = await Harness.open({ clock, sharedStore });
  for (const name of [h1, h2, h3]) harness.report(name, { disk: 'ok' }, LONG);
  await harness.settled();
});

afterEach(() => sharedStore.close());

const off = (name: HostName, ttlS: number, of: Harness = harness) =>
  of.whitelist.edit(name, OPERATOR, (record) => withFlagByHand(record, { state: 'critical', ttlS, by: 'me' }, of.nowS));

const manualEventsInStore = (name: HostName) => Object.keys(sharedStore.record(name)?.['manual-events'] ?? {});

describe('rules 15 and 27: a manual event runs out', () => {
  test('the list changes at that very moment, the reaper removes the event a little later, exactly once', async () => {
    const other = await Harness.open({ clock, sharedStore, leads: false });
    const both = [harness, other];
    await off(h1, 60);
    await settled(both);
    expect(other.on()).toEqual([h2, h3]);
    clock.advance(60_000);
    for (const one of both) one.tick();
    expect(harness.on()).toEqual([h2, h3]);
    clock.advance(1);
    for (const one of both) one.tick();
    expect(harness.on()).toEqual([h1, h2, h3]);
    expect(other.on()).toEqual([h1, h2, h3]);
    expect(manualEventsInStore(h1)).toEqual(['manual']);
    await harness.pass(5_000, undefined, [other]);
    expect(manualEventsInStore(h1)).toEqual([]);
    expect([...harness.reaped, ...other.reaped]).toEqual([1]);
    expect(harness.turned.filter((line) => line.includes('off -> on'))).toEqual([`Turning ${h1} off -> on (expired)`]);
  });

  test('also while the store is lost; it is reaped when the store is there again', async () => {
    await off(h1, 60);
    harness.store.lose();
    await harness.pass(61_000);
    expect(harness.on()).toEqual([h1, h2, h3]);
    expect(harness.why(h1)).toMatchObject({ flag: 'on', decidedBy: 'managed' });
    await harness.pass(10_000);
    expect(manualEventsInStore(h1)).toEqual(['manual']);
    harness.store.find();
    await harness.pass(3_000);
    expect(manualEventsInStore(h1)).toEqual([]);
    expect(harness.reaped).toEqual([1]);
  });

  test('of several only what has run out is removed', async () => {
    await off(h1, 60);
    await harness.whitelist.edit(h1, OPERATOR, (record) =>
      withManualEvent(record, 'disk swap', { state: 'critical', ttlS: 600, by: 'me' }, harness.nowS),
    );
    await harness.pass(65_000);
    expect(manualEventsInStore(h1)).toEqual(['disk swap']);
    expect(harness.on()).toEqual([h2, h3]);
  });

  test('why tells when it will', async () => {
    await off(h1, 60);
    expect(harness.why(h1)).toMatchObject({
      decidedBy: 'manual',
      rule: 15,
      next: { at: harness.nowS + 60, change: 'on' },
    });
  });
});

describe('rule 18: no flag on either list', () => {
  test('is off, in the inventory, and not counted', async () => {
    await sharedStore.writeForeign(h1, '{}');
    await harness.settled();
    harness.leads = false;
    const next = await Harness.open({ clock, sharedStore });
    expect(next.why(h1)).toMatchObject({ flag: 'off', decidedBy: 'none', rule: 18, next: null });
    expect(next.guardCounts.counts()).toMatchObject({ off: 0, inventory: 3 });
  });
});

describe('rule 21: a host is deleted', () => {
  test('nothing of it is left on any master, and only a later report makes it again', async () => {
    const other = await Harness.open({ clock, sharedStore, leads: false });
    other.report(h1, { disk: 'ok' }, LONG);
    await other.whitelist.remove(h1, OPERATOR);
    await settled([harness, other]);
    for (const one of [harness, other]) {
      expect(one.on()).toEqual([h2, h3]);
      expect([...one.index.ofHost(h1)]).toEqual([]);
      expect(one.presence.isHeard(h1)).toBe(false);
    }
    await harness.pass(40_000, undefined, [other]);
    expect(sharedStore.records.has(h1)).toBe(false);
    harness.report(h1, { disk: 'ok' }, LONG);
    await harness.settled();
    expect(sharedStore.record(h1)).toMatchObject({ 'managed-flag': 'on', 'manual-events': {} });
  });

  test('one that was ill or held is not made again by a desired flag that is left', async () => {
    harness.report(h1, { disk: 'critical' }, LONG);
    harness.report(h2, { disk: 'critical' }, LONG);
    await harness.settled();
    expect(harness.reconciler.held.has(h2)).toBe(true);
    await harness.whitelist.remove(h1, OPERATOR);
    await harness.whitelist.remove(h2, OPERATOR);
    await harness.pass(40_000);
    expect([...sharedStore.records.keys()]).toEqual([h3]);
    expect(harness.reconciler.held.size).toBe(0);
  });

  test('its deletion tells who it was', async () => {
    await harness.whitelist.remove(h1, OPERATOR);
    expect(harness.turned.at(-1)).toBe(`Turning ${h1} on -> removed (deleted)`);
  });
});

describe('rule 22: a broken record', () => {
  test('the last good one decides, and automation leaves it alone', async () => {
    await sharedStore.writeForeign(h1, '{"managed-flag": "maybe"}');
    await harness.settled();
    harness.report(h1, { disk: 'critical' }, LONG);
    await harness.pass(35_000);
    expect(harness.on()).toEqual([h1, h2, h3]);
    expect(sharedStore.records.get(h1)?.data).toBe('{"managed-flag": "maybe"}');
    expect(harness.why(h1)).toMatchObject({ flag: 'on', rule: 22 });
    expect(harness.replica.brokenRecords).toBe(1);
    await expect(off(h1, 60)).rejects.toMatchObject({ code: 'broken-record' });
  });

  test('one that was never known good is on no list; its neighbours are', async () => {
    await sharedStore.writeForeign(h1, 'rubbish');
    harness.leads = false;
    const restarted = await Harness.open({ clock, sharedStore });
    restarted.report(h1, { disk: 'ok' }, LONG);
    await restarted.pass(2_000);
    expect(restarted.on()).toEqual([h2, h3]);
    expect(sharedStore.records.get(h1)?.data).toBe('rubbish');
  });

  test('DELETE removes it, and a report makes it anew', async () => {
    await sharedStore.writeForeign(h1, 'rubbish');
    await harness.settled();
    await harness.whitelist.remove(h1, OPERATOR);
    harness.report(h1, { disk: 'ok' }, LONG);
    await harness.settled();
    expect(harness.on()).toEqual([h1, h2, h3]);
    expect(harness.replica.brokenRecords).toBe(0);
  });
});

describe('rule 23: another writer', () => {
  const flagged = (flag: 'on' | 'off') =>
    JSON.stringify({ 'managed-events': {}, 'manual-events': {}, 'managed-flag': flag, 'manual-flag': null });

  test('a managed flag that it changed is left alone for `first`, and counted', async () => {
    await sharedStore.writeForeign(h1, flagged('off'));
    await harness.settled();
    expect(harness.replica.foreignWrites).toBe(1);
    expect(harness.why(h1)).toMatchObject({ flag: 'off', rule: 23, next: { at: harness.nowS + 60, change: 'on' } });
    await harness.pass(FIRST_MS - 400);
    expect(harness.managed(h1)).toBe('off');
    await harness.pass(800);
    expect(harness.managed(h1)).toBe('on');
  });

  test('a change by hand meanwhile does not end that', async () => {
    harness.report(h1, { disk: 'critical' }, LONG);
    await harness.settled();
    await sharedStore.writeForeign(h1, flagged('on'));
    await harness.settled();
    await off(h1, 5);
    await harness.pass(FIRST_MS - 2_000);
    expect(harness.managed(h1)).toBe('on');
    await harness.pass(2_400);
    expect(harness.managed(h1)).toBe('off');
  });

  test('what it changes beside the flag is nothing to wait for', async () => {
    await sharedStore.writeForeign(h1, JSON.stringify({ ...sharedStore.record(h1), note: 'mine', changed: undefined }));
    await harness.settled();
    harness.report(h1, { disk: 'critical' }, LONG);
    await harness.settled();
    expect(sharedStore.record(h1)).toMatchObject({ 'managed-flag': 'off', note: 'mine' });
    expect(harness.replica.foreignWrites).toBe(0);
  });
});

describe('rule 28: the store lost or unread', () => {
  test('reports are judged, nothing is written, and what was heard is written when it is there again', async () => {
    harness.store.lose();
    harness.report(h1, { disk: 'critical' }, LONG);
    await harness.pass(5_000);
    expect(harness.on()).toEqual([h1, h2, h3]);
    await expect(off(h2, 60)).rejects.toMatchObject({ code: 'store-unavailable' });
    harness.store.find();
    await harness.settled();
    expect(harness.on()).toEqual([h2, h3]);
    expect(harness.managed(h2)).toBe('on');
  });

  test('unread: nothing is decided yet, and changes are refused', async () => {
    const early = new Harness({ clock, sharedStore });
    early.report(h1, { disk: 'critical' }, LONG);
    await early.pass(5_000);
    await expect(off(h2, 60, early)).rejects.toMatchObject({ code: 'store-unread' });
    expect(early.store.commits).toBe(0);
    early.store.find();
    await early.settled();
    expect(early.on()).toEqual([h2, h3]);
  });
});

describe('the one way to change a record', () => {
  test('an answer that nothing is to be done rests on the store, not on what this master was told last', async () => {
    const other = await Harness.open({ clock, sharedStore, leads: false });
    await off(h1, 60);
    const edited = await other.whitelist.edit(h1, OPERATOR, (record) => {
      if (!record) throw new Error('it is there');
      return withoutManualEvent(record, 'manual', other.nowS);
    });
    expect(edited.record['manual-events']).toEqual({});
    expect(manualEventsInStore(h1)).toEqual([]);
  });

  test('100 changes of one host through two masters all show', async () => {
    const other = await Harness.open({ clock, sharedStore, leads: false });
    const edits = Array.from({ length: 100 }, (_, at) =>
      (at % 2 === 0 ? harness : other).whitelist.edit(h1, OPERATOR, (record) =>
        withManualEvent(record, `id ${at}`, { state: 'ok', by: 'me' }, harness.nowS),
      ),
    );
    const all = Promise.all(edits);
    // Who loses a race waits by the clock.
    while (manualEventsInStore(h1).length < 100) {
      await settled([harness, other]);
      clock.advance(10);
    }
    await all;
    expect(manualEventsInStore(h1)).toHaveLength(100);
  });
});
