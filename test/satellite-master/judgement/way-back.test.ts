/** The way back onto the list, through the whole of a master's judgement (docs/judgement.md, rules 12-14). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withFlagByHand } from '../../../satellite-master/whitelist/record/manual-events.ts';
import { READMISSION_ID } from '../../../satellite-master/whitelist/record/record.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, FIRST_MS, Harness, hosts, OPERATOR } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';

const [h1, h2] = hosts(2) as [HostName, HostName];
const LONG = { ttl: 1_000_000 };
let clock: ManualClock;
let sharedStore: SharedStore;
let harness: Harness;

beforeEach(async () => {
  clock = aClock();
  sharedStore = await SharedStore.open(clock);
  harness = await Harness.open({ clock, sharedStore });
  await say(h1, 'ok');
  await say(h2, 'ok');
});

afterEach(() => sharedStore.close());

async function say(name: HostName, state: string, of: Harness = harness): Promise<void> {
  of.report(name, { disk: state }, LONG);
  await of.settled();
}

const wait = (ms: number, of: Harness = harness) => of.leap(ms);

/** How long the host, fit from now on, waits until it is on. */
async function waitUntilOn(of: Harness = harness): Promise<number> {
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
    expect(harness.managed(h1)).toBe('on');
    expect(harness.turned).toEqual([
      `Turning ${h1} unknown -> on (first-report)`,
      `Turning ${h2} unknown -> on (first-report)`,
    ]);
  });

  test('a host that relapses thrice waits 1, 2, 4 and 8 times the first wait', async () => {
    const waits: number[] = [];
    for (let fall = 0; fall < 4; fall++) {
      await say(h1, 'critical');
      expect(harness.managed(h1)).toBe('off');
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
    expect(harness.managed(h1)).toBe('off');
    expect(await waitUntilOn()).toBe(FIRST_MS);
  });

  test('a warning in between does not', async () => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    await wait(FIRST_MS - 4_000);
    await say(h1, 'warning');
    await wait(4_000);
    expect(harness.managed(h1)).toBe('on');
  });

  test('a manual override does not touch the clock', async () => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    await wait(FIRST_MS / 2);
    await harness.whitelist.edit(h1, OPERATOR, (record) =>
      withFlagByHand(record, { state: 'ok', by: 'me' }, harness.nowS),
    );
    await wait(FIRST_MS / 2);
    expect(harness.managed(h1)).toBe('on');
  });

  test('a restart begins it anew', async () => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    await wait(FIRST_MS - 4_000);
    harness.leads = false;
    const restarted = await Harness.open({ clock, sharedStore });
    expect(await waitUntilOn(restarted)).toBe(FIRST_MS);
  });

  test('the next leader knows the relapses from the record', async () => {
    await say(h1, 'critical');
    await waitUntilOn();
    await say(h1, 'critical');
    harness.leads = false;
    const next = await Harness.open({ clock, sharedStore });
    expect(await waitUntilOn(next)).toBe(2 * FIRST_MS);
  });

  test('a host that is off without a known history waits the first wait', async () => {
    await sharedStore.writeForeign(
      h1,
      JSON.stringify({ 'managed-flag': 'off', 'managed-events': {}, 'manual-events': {} }),
    );
    harness.leads = false;
    const next = await Harness.open({ clock, sharedStore });
    expect(await waitUntilOn(next)).toBe(FIRST_MS);
  });

  test('why says until when it waits', async () => {
    await say(h1, 'critical');
    await say(h1, 'ok');
    expect(harness.why(h1)).toMatchObject({ flag: 'off', rule: 12, next: { at: harness.nowS + 60, change: 'on' } });
  });
});

describe('rule 13: what another leader must know', () => {
  test('lies in the record as strings', async () => {
    await say(h1, 'critical');
    const offS = harness.nowS;
    expect(harness.record(h1)?.['managed-events'][READMISSION_ID]).toEqual({
      state: 'ok',
      time: offS,
      ttl: 86_400,
      'off-since': String(offS),
      relapses: '0',
    });
    await waitUntilOn();
    expect(harness.record(h1)?.['managed-events'][READMISSION_ID]).toMatchObject({ 'off-since': String(offS) });
  });
});

describe('rule 14: managed events', () => {
  const ids = () => Object.keys(harness.record(h1)?.['managed-events'] ?? {}).filter((id) => id !== READMISSION_ID);

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
    harness.reconciler.markAll();
    await harness.settled();
    expect(ids()).toEqual([]);
  });

  test('are written anew when the description changes, and not for the same again', async () => {
    const critical = (description: string) => harness.report(h1, { disk: 'critical' }, { ...LONG, description });
    critical('99% full');
    await harness.settled();
    const written = harness.store.commits;
    critical('99% full');
    await harness.settled();
    expect(harness.store.commits).toBe(written);
    critical('100% full');
    await harness.settled();
    expect(harness.record(h1)?.['managed-events']['mesos/slave/disk']?.description).toBe('100% full');
  });

  test('are not rewritten by a new leader that heard the same later', async () => {
    await say(h1, 'critical');
    harness.leads = false;
    const next = await Harness.open({ clock, sharedStore });
    clock.advance(1_000);
    await say(h1, 'critical', next);
    expect(next.store.commits).toBe(0);
  });

  test('are not removed by their stored ttl alone', async () => {
    harness.report(h1, { disk: 'critical' }, { ttl: 10 });
    await harness.pass(300_000);
    expect(ids()).toEqual(['mesos/slave/disk']);
  });

  test('count until a newer event of their service arrives (rule 2)', async () => {
    await say(h1, 'critical');
    harness.leads = false;
    const restarted = await Harness.open({ clock, sharedStore });
    restarted.report(h1, { memory: 'ok' }, LONG);
    await wait(2 * FIRST_MS, restarted);
    expect(restarted.managed(h1)).toBe('off');
    expect(restarted.why(h1)).toMatchObject({ rule: 1, events: [{ id: 'mesos/slave/disk', counts: true }, {}] });
    await say(h1, 'ok', restarted);
    await wait(FIRST_MS, restarted);
    expect(restarted.managed(h1)).toBe('on');
  });
});
