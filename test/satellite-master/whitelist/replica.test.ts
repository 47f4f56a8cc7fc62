/** A master's copy of all records and what follows from them (docs/judgement.md, rules 15, 22, 23, 28). */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { emptyRecord, type HostRecord, isOn } from '../../../satellite-master/whitelist/record/record.ts';
import { Replica, type ReplicaChange } from '../../../satellite-master/whitelist/replica.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, host, hosts } from '../../support/harness.ts';

const [a, b, c, d] = ['a.example', 'B.example', 'c.example', '10.0.0.1'].map(host) as [
  HostName,
  HostName,
  HostName,
  HostName,
];
let clock: ManualClock;
let replica: Replica;
let changes: ReplicaChange[];
let order: bigint;

beforeEach(() => {
  clock = aClock();
  replica = new Replica({ clock, log: silentLog, foreignHoldMs: 60_000 });
  changes = [];
  order = 0n;
  replica.onChange((change) => changes.push(change));
});

const nowS = () => clock.wallMs() / 1000;

function put(name: HostName, record: Partial<HostRecord> | string): void {
  const version = (replica.get(name)?.version ?? -1) + 1;
  const data = typeof record === 'string' ? record : JSON.stringify({ ...emptyRecord, ...record });
  replica.onRecord(name, { host: name, data, version, createdMs: clock.wallMs(), order: ++order });
}

const whole = () => replica.onState({ kind: 'whole' });
const manual = (state: string, ttl?: number) => ({
  'manual-events': { m: { state, time: nowS(), ...(ttl ? { ttl } : {}) } },
});

describe('rule 28: the first reading', () => {
  test('is complete when the store says that it is whole, and stays so', () => {
    put(a, { 'managed-flag': 'on' });
    expect(replica.complete).toBe(false);
    whole();
    expect(replica.complete).toBe(true);
    replica.onState({ kind: 'lost', reason: 'cut' });
    expect(replica.complete).toBe(true);
    expect(replica.state).toEqual({ kind: 'lost', reason: 'cut' });
  });

  test('is told as initial, what comes later is not', () => {
    put(a, {});
    whole();
    put(b, {});
    expect(changes.map(({ initial }) => initial)).toEqual([true, false]);
  });

  test('the same state told again is no change', () => {
    put(a, { 'managed-flag': 'on' });
    replica.onRecord(a, { host: a, data: '{}', version: 0, createdMs: 0, order });
    expect(changes).toHaveLength(1);
    expect(replica.on()).toEqual([a]);
  });
});

describe('the merged list', () => {
  test('is sorted by code unit, whatever the order of coming', () => {
    for (const name of [c, a, d, b]) put(name, { 'managed-flag': 'on' });
    expect(replica.on()).toEqual([d, b, a, c]);
  });

  test('follows every change as if it were made anew', () => {
    const flags = fc.constantFrom('on', 'off', null);
    const names = hosts(6);
    const step = fc.record({ at: fc.nat(5), managed: flags, manual: flags, gone: fc.boolean(), ask: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        replica = new Replica({ clock, log: silentLog, foreignHoldMs: 60_000 });
        for (const one of steps) {
          const name = names[one.at] as HostName;
          if (one.gone) replica.onRecord(name, undefined);
          else put(name, { 'managed-flag': one.managed, 'manual-flag': one.manual });
          if (!one.ask) continue;
          const entries = [...replica.entries()];
          const expected = entries.filter(({ record }) => record && isOn(record, nowS())).map((entry) => entry.host);
          expect(replica.on()).toEqual(expected.sort());
          expect(replica.managedOff).toBe(entries.filter(({ record }) => record?.['managed-flag'] === 'off').length);
        }
      }),
    );
  });

  test('a host that is gone is on no list and is not counted', () => {
    put(a, { 'managed-flag': 'off' });
    put(b, { 'managed-flag': 'on' });
    replica.onRecord(a, undefined);
    replica.onRecord(b, undefined);
    expect([replica.size, replica.managedOff, replica.on()]).toEqual([0, 0, []]);
  });

  test('that a host is gone which was never there is no change', () => {
    replica.onRecord(a, undefined);
    expect(changes).toEqual([]);
  });
});

describe('rule 15: manual events that run out', () => {
  test('change the list in the millisecond after their ttl', () => {
    put(a, { 'managed-flag': 'on', ...manual('critical', 60) });
    clock.advance(60_000);
    replica.tick();
    expect(replica.on()).toEqual([]);
    clock.advance(1);
    replica.tick();
    expect(replica.on()).toEqual([a]);
    expect(changes.at(-1)).toMatchObject({ kind: 'expiry', before: { on: false }, after: { on: true } });
  });

  test('one after the other', () => {
    const time = nowS();
    const events = { x: { state: 'critical', time, ttl: 10 }, y: { state: 'ok', time, ttl: 20 } };
    put(a, { 'managed-flag': null, 'manual-events': events });
    const on: boolean[] = [];
    for (let s = 0; s < 25; s += 5) {
      clock.advance(5_001);
      replica.tick();
      on.push(replica.on().length === 1);
    }
    expect(on).toEqual([false, true, true, false, false]);
  });

  test('not when they were withdrawn before', () => {
    put(a, { 'managed-flag': 'on', ...manual('critical', 60) });
    put(a, { 'managed-flag': 'on' });
    const told = changes.length;
    clock.advance(60_001);
    replica.tick();
    expect(changes).toHaveLength(told);
  });

  test('when the clock on the wall is set past them', () => {
    put(a, { 'managed-flag': 'on', ...manual('critical', 3_600) });
    clock.setWall(clock.wallMs() + 3_600_001);
    replica.tick();
    expect(replica.on()).toEqual([a]);
  });
});

describe('rule 22: broken records', () => {
  test('the last good one decides, is named, and is followed on', () => {
    put(a, { 'managed-flag': 'on', ...manual('critical', 60) });
    put(a, 'rubbish');
    expect(replica.get(a)).toMatchObject({ broken: 'it is not JSON: rubbish', version: 1, on: false });
    expect(replica.brokenRecords).toBe(1);
    clock.advance(60_001);
    replica.tick();
    expect(replica.on()).toEqual([a]);
    put(a, { 'managed-flag': 'off' });
    expect(replica.get(a)?.broken).toBeUndefined();
    expect([replica.brokenRecords, replica.managedOff]).toEqual([0, 1]);
  });

  test('never known good: on no list', () => {
    put(a, 'rubbish');
    expect(replica.get(a)).toMatchObject({ record: undefined, on: false });
    replica.onRecord(a, undefined);
    expect(replica.brokenRecords).toBe(0);
  });
});

describe('rule 23: another writer', () => {
  const changed = (version: number, cause = 'tests') => ({
    changed: { version, time: 1, by: 'm', as: null, cause, reason: '' },
  });

  test.each<[string, Partial<HostRecord>, boolean]>([
    ['a flag without a word on who changed it', { 'managed-flag': 'off' }, true],
    ['a flag with the word of an earlier change', { 'managed-flag': 'off', ...changed(0) }, true],
    ['a flag that says who changed it', { 'managed-flag': 'off', ...changed(1) }, false],
    ['the same flag', { 'managed-flag': 'on', 'manual-flag': 'off' }, false],
  ])('%s', (_, next, foreign) => {
    put(a, { 'managed-flag': 'on', ...changed(0) });
    put(a, next);
    expect(replica.foreignWrites).toBe(foreign ? 1 : 0);
    expect(replica.get(a)?.foreignUntilMs).toBe(foreign ? clock.monoMs() + 60_000 : undefined);
  });

  test('what we change beside the flag does not end the hold, what we change of it does', () => {
    put(a, { 'managed-flag': 'on', ...changed(0) });
    put(a, { 'managed-flag': 'off' });
    put(a, { 'managed-flag': 'off', 'manual-flag': 'on', ...changed(2, 'manual') });
    expect(replica.get(a)?.foreignUntilMs).toBe(60_000);
    put(a, { 'managed-flag': 'on', ...changed(3) });
    expect(replica.get(a)?.foreignUntilMs).toBeUndefined();
  });

  test('what is found at the start was written by nobody in particular', () => {
    put(a, { 'managed-flag': 'off' });
    expect(replica.foreignWrites).toBe(0);
  });
});

describe('a deletion', () => {
  const deleted = (name: HostName, version: number, time = clock.wallMs() / 1000) =>
    JSON.stringify({
      deleted: [{ host: name, version, time, by: 'me', as: null, cause: 'manual', reason: 'scrapped' }],
    });

  test.each([
    ['of this version says who did it', 1, 0, 'me'],
    ['of a version that was not seen here says so, too', 7, 0, 'me'],
    ['of an older version is not taken for it', 0, 0, undefined],
    ['of an earlier record of the host is not taken for it', 7, 3_600, undefined],
  ])('%s', (_, version, beforeS, by) => {
    put(a, {});
    put(a, { 'manual-flag': 'off' });
    replica.onAutomation({ version: 1, data: deleted(a, version, clock.wallMs() / 1000 - beforeS) });
    replica.onRecord(a, undefined);
    expect(changes.at(-1)?.deletion?.by).toBe(by);
  });

  test('an automation node that somebody else wrote tells of none', () => {
    put(a, {});
    replica.onAutomation({ version: 1, data: 'rubbish' });
    replica.onRecord(a, undefined);
    expect(changes.at(-1)).toMatchObject({ after: undefined, deletion: undefined });
  });
});
