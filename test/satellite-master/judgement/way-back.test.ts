/** The way back onto the list, through the whole of a master's judgement (docs/judgement.md, rules 12-14). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withFlagByHand } from '../../../satellite-master/whitelist/record/manual-events.ts';
import { READMISSION_ID } from '../../../satellite-master/whitelist/record/record.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, FIRST_MS, House, hosts, OPERATOR } from '../../support/house.ts';
import { SharedGround } from '../../support/shared-ground.ts';

const [h1, h2] = hosts(2) as [HostName, HostName];
const LONG = { ttl: 1_000_000 };
let clock: ManualClock;
let ground: SharedGround;
let house: House;

beforeEach(async () => {
  clock = aClock();
  ground = await SharedGround.open(clock);
  house = await House.open({ clock, ground });
  await say(h1, 'ok');
  await say(h2, 'ok');
});

afterEach(() => ground.close());

async function say(name: HostName, state: string, of: House = house): Promise<void> {
  of.report(name, { disk: state }, LONG);
  await of.settled();
}

const wait = (ms: number, of: House = house) => of.leap(ms);

/** How long the host, fit from now on, waits until it is on. */
async function waitUntilOn(of: House = house): Promise<number> {
  const fromMs = clock.monoMs();
  await say(h1, 'ok', of);
  while (of.managed(h1) !== 'on') {
    clock.advance(1_000);
    of.tick();
    await of.settled();
    if (clock.monoMs() - fromMs > 10_000_000) throw new Error('it never comes on');
  }
  return clock.monoMs() - fromMs;
}

describe('rule 12: the readmission', () => {
  test('the first fit report puts a host without a flag on at once', () => {
    expect(house.managed(h1)).toBe('on');
    expect(house.turned).toEqual([
      `Turning ${h1} unknown -> on (first-report)`,
      `Turning ${h2} unknown -> on (first-report)`,
    ]);
  });

  test('a host that relapses thrice waits 1, 2, 4 and 8 times the first wait', async () => {
    const waits: number[] = [];
    for (let fall = 0; fall < 4; fall++) {
      await say(h1, 'critical');
      expect(house.managed(h1)).toBe('off');
      waits.push(await waitUntilOn());
    }
    expect(waits).toEqual([FIRST_MS, 2 * FIRST_MS, 4 * FIRST_MS, 8 * FIRST_MS]);
  });

  test('no wait is longer than the longest', async () => {
    let last = 0;
    for (let fall = 0; fall < 8; fall++) {
      await say(h1, 'critical');
      last = await waitUntilOn();
    }
    expect(last).toBe(3_600_000);
  });

  test('a relapse is forgotten 24 h after the last readmission', async () => {
    await say(h1, 'critical');
    await waitUntilOn();
    await wait(86_400_000 + 4_000);
    await say(h1, 'critical');
    expect(await waitUntilOn()).toBe(FIRST_MS);
  });

  test('just within 24 h it is one', async () => {
    await say(h1, 'critical');
    await waitUntilOn();
    await wait(86_400_000 - 8_000);
    await say(h1, 'critical');
    expect(await waitUntilOn()).toBe(2 * FIRST_MS);
  });

  test.each(['unknown', 'critical', 'expired'])('%s in between begins the clock anew', async (word) => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    await wait(FIRST_MS - 4_000);
    await say(h1, word);
    await wait(8_000);
    expect(house.managed(h1)).toBe('off');
    expect(await waitUntilOn()).toBe(FIRST_MS);
  });

  test('a warning in between does not', async () => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    await wait(FIRST_MS - 4_000);
    await say(h1, 'warning');
    await wait(4_000);
    expect(house.managed(h1)).toBe('on');
  });

  test('a manual override does not touch the clock', async () => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    await wait(FIRST_MS / 2);
    await house.whitelist.edit(h1, OPERATOR, (record) => withFlagByHand(record, { state: 'ok', by: 'me' }, house.nowS));
    await wait(FIRST_MS / 2);
    expect(house.managed(h1)).toBe('on');
  });

  test('a restart begins it anew', async () => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    await wait(FIRST_MS - 4_000);
    const restarted = await House.open({ clock, ground });
    expect(await waitUntilOn(restarted)).toBe(FIRST_MS);
  });

  test('the next leader knows the relapses from the record', async () => {
    await say(h1, 'critical');
    await waitUntilOn();
    await say(h1, 'critical');
    const next = await House.open({ clock, ground });
    expect(await waitUntilOn(next)).toBe(2 * FIRST_MS);
  });

  test('a host that is off without a known history waits the first wait', async () => {
    await ground.writeForeign(h1, JSON.stringify({ 'managed-flag': 'off', 'managed-events': {}, 'manual-events': {} }));
    const next = await House.open({ clock, ground });
    expect(await waitUntilOn(next)).toBe(FIRST_MS);
  });

  test('why says until when it waits', async () => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    expect(house.why(h1)).toMatchObject({ flag: 'off', rule: 12, next: { at: house.nowS + 60, change: 'on' } });
  });
});

describe('rule 13: what another leader must know', () => {
  test('lies in the record as strings', async () => {
    await say(h1, 'critical');
    const offS = house.nowS;
    expect(house.record(h1)?.['managed-events'][READMISSION_ID]).toEqual({
      state: 'ok',
      time: offS,
      ttl: 86_400,
      'off-since': String(offS),
      relapses: '0',
    });
    await waitUntilOn();
    expect(house.record(h1)?.['managed-events'][READMISSION_ID]).toMatchObject({ 'off-since': String(offS) });
  });
});

describe('rule 14: managed events', () => {
  const ids = () => Object.keys(house.record(h1)?.['managed-events'] ?? {}).filter((id) => id !== READMISSION_ID);

  test('are written when a test becomes unfit and removed when it is well again', async () => {
    await say(h1, 'critical');
    expect(ids()).toEqual(['mesos/slave/disk']);
    await say(h1, 'ok');
    expect(ids()).toEqual([]);
  });

  test.each(['unknown', 'expired'])('are removed when it is well again after %s in between', async (word) => {
    await say(h1, 'critical');
    await say(h1, word);
    expect(ids()).toEqual(['mesos/slave/disk']);
    await say(h1, 'ok');
    expect(ids()).toEqual([]);
    house.reconciler.markAll();
    await house.settled();
    expect(ids()).toEqual([]);
  });

  test('are written anew when the description changes, and not for the same again', async () => {
    const critical = (description: string) => house.report(h1, { disk: 'critical' }, { ...LONG, description });
    critical('99% full');
    await house.settled();
    const written = house.store.commits;
    critical('99% full');
    await house.settled();
    expect(house.store.commits).toBe(written);
    critical('100% full');
    await house.settled();
    expect(house.record(h1)?.['managed-events']['mesos/slave/disk']?.description).toBe('100% full');
  });

  test('are not rewritten by a new leader that heard the same later', async () => {
    await say(h1, 'critical');
    const next = await House.open({ clock, ground });
    clock.advance(1_000);
    await say(h1, 'critical', next);
    expect(next.store.commits).toBe(0);
  });

  test('are not removed by their stored ttl alone', async () => {
    house.report(h1, { disk: 'critical' }, { ttl: 10 });
    await house.pass(300_000);
    expect(ids()).toEqual(['mesos/slave/disk']);
  });

  test('count until a newer event of their service arrives (rule 2)', async () => {
    await say(h1, 'critical');
    const restarted = await House.open({ clock, ground });
    restarted.report(h1, { memory: 'ok' }, LONG);
    await wait(2 * FIRST_MS, restarted);
    expect(restarted.managed(h1)).toBe('off');
    expect(restarted.why(h1)).toMatchObject({ rule: 1, events: [{ id: 'mesos/slave/disk', counts: true }, {}] });
    await say(h1, 'ok', restarted);
    await wait(FIRST_MS, restarted);
    expect(restarted.managed(h1)).toBe('on');
  });
});
