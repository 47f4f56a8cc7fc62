/** The manual list, the reaper and the inventory, through the whole of a master (docs/judgement.md, rules 15, 18, 21-23, 27, 28). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  withFlagByHand,
  withManualEvent,
  withoutManualEvent,
} from '../../../satellite-master/whitelist/record/manual-events.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, FIRST_MS, House, hosts, OPERATOR, settled } from '../../support/house.ts';
import { SharedGround } from '../../support/shared-ground.ts';

const [h1, h2, h3] = hosts(3) as [HostName, HostName, HostName];
const LONG = { ttl: 1_000_000 };
let clock: ManualClock;
let ground: SharedGround;
let house: House;

beforeEach(async () => {
  clock = aClock();
  ground = await SharedGround.open(clock);
  house = await House.open({ clock, ground });
  for (const name of [h1, h2, h3]) house.report(name, { disk: 'ok' }, LONG);
  await house.settled();
});

afterEach(() => ground.close());

const off = (name: HostName, ttlS: number, of: House = house) =>
  of.whitelist.edit(name, OPERATOR, (record) => withFlagByHand(record, { state: 'critical', ttlS, by: 'me' }, of.nowS));

const manualEventsInStore = (name: HostName) => Object.keys(ground.record(name)?.['manual-events'] ?? {});

describe('rules 15 and 27: a manual event runs out', () => {
  test('the list changes at that very moment, the reaper removes the event a little later, exactly once', async () => {
    const other = await House.open({ clock, ground, leads: false });
    const both = [house, other];
    await off(h1, 60);
    await settled(both);
    expect(other.on()).toEqual([h2, h3]);
    clock.advance(60_000);
    for (const one of both) one.tick();
    expect(house.on()).toEqual([h2, h3]);
    clock.advance(1);
    for (const one of both) one.tick();
    expect(house.on()).toEqual([h1, h2, h3]);
    expect(other.on()).toEqual([h1, h2, h3]);
    expect(manualEventsInStore(h1)).toEqual(['manual']);
    await house.pass(5_000, undefined, [other]);
    expect(manualEventsInStore(h1)).toEqual([]);
    expect([...house.reaped, ...other.reaped]).toEqual([1]);
    expect(house.turned.filter((line) => line.includes('off -> on'))).toEqual([`Turning ${h1} off -> on (expired)`]);
  });

  test('also while the store is lost; it is reaped when the store is there again', async () => {
    await off(h1, 60);
    house.store.lose();
    await house.pass(61_000);
    expect(house.on()).toEqual([h1, h2, h3]);
    expect(house.why(h1)).toMatchObject({ flag: 'on', decidedBy: 'managed' });
    await house.pass(10_000);
    expect(manualEventsInStore(h1)).toEqual(['manual']);
    house.store.find();
    await house.pass(3_000);
    expect(manualEventsInStore(h1)).toEqual([]);
    expect(house.reaped).toEqual([1]);
  });

  test('of several only what has run out is removed', async () => {
    await off(h1, 60);
    await house.whitelist.edit(h1, OPERATOR, (record) =>
      withManualEvent(record, 'disk swap', { state: 'critical', ttlS: 600, by: 'me' }, house.nowS),
    );
    await house.pass(65_000);
    expect(manualEventsInStore(h1)).toEqual(['disk swap']);
    expect(house.on()).toEqual([h2, h3]);
  });

  test('why tells when it will', async () => {
    await off(h1, 60);
    expect(house.why(h1)).toMatchObject({ decidedBy: 'manual', rule: 15, next: { at: house.nowS + 60, change: 'on' } });
  });
});

describe('rule 18: no flag on either list', () => {
  test('is off, in the inventory, and not counted', async () => {
    await ground.writeForeign(h1, '{}');
    await house.settled();
    const next = await House.open({ clock, ground });
    expect(next.why(h1)).toMatchObject({ flag: 'off', decidedBy: 'none', rule: 18, next: null });
    expect(next.guardCounts.counts()).toMatchObject({ off: 0, inventory: 3 });
  });
});

describe('rule 21: a host is deleted', () => {
  test('nothing of it is left on any master, and only a later report makes it again', async () => {
    const other = await House.open({ clock, ground, leads: false });
    other.report(h1, { disk: 'ok' }, LONG);
    await other.whitelist.remove(h1, OPERATOR);
    await settled([house, other]);
    for (const one of [house, other]) {
      expect(one.on()).toEqual([h2, h3]);
      expect([...one.index.ofHost(h1)]).toEqual([]);
      expect(one.presence.isHeard(h1)).toBe(false);
    }
    await house.pass(40_000, undefined, [other]);
    expect(ground.records.has(h1)).toBe(false);
    house.report(h1, { disk: 'ok' }, LONG);
    await house.settled();
    expect(ground.record(h1)).toMatchObject({ 'managed-flag': 'on', 'manual-events': {} });
  });

  test('one that was ill or held is not made again by a desired flag that is left', async () => {
    house.report(h1, { disk: 'critical' }, LONG);
    house.report(h2, { disk: 'critical' }, LONG);
    await house.settled();
    expect(house.reconciler.held.has(h2)).toBe(true);
    await house.whitelist.remove(h1, OPERATOR);
    await house.whitelist.remove(h2, OPERATOR);
    await house.pass(40_000);
    expect([...ground.records.keys()]).toEqual([h3]);
    expect(house.reconciler.held.size).toBe(0);
  });

  test('its deletion tells who it was', async () => {
    await house.whitelist.remove(h1, OPERATOR);
    expect(house.turned.at(-1)).toBe(`Turning ${h1} on -> removed (deleted)`);
  });
});

describe('rule 22: a broken record', () => {
  test('the last good one decides, and automation leaves it alone', async () => {
    await ground.writeForeign(h1, '{"managed-flag": "maybe"}');
    await house.settled();
    house.report(h1, { disk: 'critical' }, LONG);
    await house.pass(35_000);
    expect(house.on()).toEqual([h1, h2, h3]);
    expect(ground.records.get(h1)?.data).toBe('{"managed-flag": "maybe"}');
    expect(house.why(h1)).toMatchObject({ flag: 'on', rule: 22 });
    expect(house.replica.brokenRecords).toBe(1);
    await expect(off(h1, 60)).rejects.toMatchObject({ code: 'broken-record' });
  });

  test('one that was never known good is on no list; its neighbours are', async () => {
    await ground.writeForeign(h1, 'rubbish');
    const restarted = await House.open({ clock, ground });
    restarted.report(h1, { disk: 'ok' }, LONG);
    await restarted.pass(2_000);
    expect(restarted.on()).toEqual([h2, h3]);
    expect(ground.records.get(h1)?.data).toBe('rubbish');
  });

  test('DELETE removes it, and a report makes it anew', async () => {
    await ground.writeForeign(h1, 'rubbish');
    await house.settled();
    await house.whitelist.remove(h1, OPERATOR);
    house.report(h1, { disk: 'ok' }, LONG);
    await house.settled();
    expect(house.on()).toEqual([h1, h2, h3]);
    expect(house.replica.brokenRecords).toBe(0);
  });
});

describe('rule 23: another writer', () => {
  const flagged = (flag: 'on' | 'off') =>
    JSON.stringify({ 'managed-events': {}, 'manual-events': {}, 'managed-flag': flag, 'manual-flag': null });

  test('a managed flag that it changed is left alone for `first`, and counted', async () => {
    await ground.writeForeign(h1, flagged('off'));
    await house.settled();
    expect(house.replica.foreignWrites).toBe(1);
    expect(house.why(h1)).toMatchObject({ flag: 'off', rule: 23, next: { at: house.nowS + 60, change: 'on' } });
    await house.pass(FIRST_MS - 400);
    expect(house.managed(h1)).toBe('off');
    await house.pass(800);
    expect(house.managed(h1)).toBe('on');
  });

  test('a change by hand meanwhile does not end that', async () => {
    house.report(h1, { disk: 'critical' }, LONG);
    await house.settled();
    await ground.writeForeign(h1, flagged('on'));
    await house.settled();
    await off(h1, 5);
    await house.pass(FIRST_MS - 2_000);
    expect(house.managed(h1)).toBe('on');
    await house.pass(2_400);
    expect(house.managed(h1)).toBe('off');
  });

  test('what it changes beside the flag is nothing to wait for', async () => {
    await ground.writeForeign(h1, JSON.stringify({ ...ground.record(h1), note: 'mine', changed: undefined }));
    await house.settled();
    house.report(h1, { disk: 'critical' }, LONG);
    await house.settled();
    expect(ground.record(h1)).toMatchObject({ 'managed-flag': 'off', note: 'mine' });
    expect(house.replica.foreignWrites).toBe(0);
  });
});

describe('rule 28: the store lost or unread', () => {
  test('reports are judged, nothing is written, and what was heard is written when it is there again', async () => {
    house.store.lose();
    house.report(h1, { disk: 'critical' }, LONG);
    await house.pass(5_000);
    expect(house.on()).toEqual([h1, h2, h3]);
    await expect(off(h2, 60)).rejects.toMatchObject({ code: 'store-unavailable' });
    house.store.find();
    await house.settled();
    expect(house.on()).toEqual([h2, h3]);
    expect(house.managed(h2)).toBe('on');
  });

  test('unread: nothing is decided yet, and changes are refused', async () => {
    const early = new House({ clock, ground });
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
    const other = await House.open({ clock, ground, leads: false });
    await off(h1, 60);
    const edited = await other.whitelist.edit(h1, OPERATOR, (record) => {
      if (!record) throw new Error('it is there');
      return withoutManualEvent(record, 'manual', other.nowS);
    });
    expect(edited.record['manual-events']).toEqual({});
    expect(manualEventsInStore(h1)).toEqual([]);
  });

  test('100 changes of one host through two masters all show', async () => {
    const other = await House.open({ clock, ground, leads: false });
    const edits = Array.from({ length: 100 }, (_, at) =>
      (at % 2 === 0 ? house : other).whitelist.edit(h1, OPERATOR, (record) =>
        withManualEvent(record, `id ${at}`, { state: 'ok', by: 'me' }, house.nowS),
      ),
    );
    const all = Promise.all(edits);
    // Who loses a race waits by the clock.
    while (manualEventsInStore(h1).length < 100) {
      await settled([house, other]);
      clock.advance(10);
    }
    await all;
    expect(manualEventsInStore(h1)).toHaveLength(100);
  });
});
