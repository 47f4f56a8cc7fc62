/** Silence through the whole of a master's judgement, on a clock turned by hand (docs/judgement.md, rules 4-7). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostName } from '../../../shared/host-name.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, BEAT_MS, Harness, hosts, TTL_S } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';

const [h1, h2, h3, h4, h5] = hosts(5) as [HostName, HostName, HostName, HostName, HostName];
const all = [h1, h2, h3, h4, h5];
let clock: ManualClock;
let sharedStore: SharedStore;
let harness: Harness;

beforeEach(async () => {
  clock = aClock();
  sharedStore = await SharedStore.open(clock);
  harness = await Harness.open({ clock, sharedStore });
});

afterEach(() => sharedStore.close());

const beats = (speaking: readonly HostName[]) => () => {
  for (const name of speaking) harness.report(name, { disk: 'ok', memory: 'ok' });
};

describe('rule 5: silence of a host', () => {
  test('one of five that goes silent is off at its ttl, and not before', async () => {
    await harness.pass(BEAT_MS, beats(all));
    const lastHeardMs = clock.monoMs() - BEAT_MS;
    const others = beats([h1, h2, h3, h4]);
    await harness.pass(lastHeardMs + TTL_S * 1000 - clock.monoMs() - 400, others);
    expect(harness.on()).toEqual(all);
    await harness.pass(800);
    expect(harness.on()).toEqual([h1, h2, h3, h4]);
    expect(harness.why(h5)).toMatchObject({ flag: 'off', decidedBy: 'managed', rule: 5, guard: null });
    expect(harness.turned).toContain(`Turning ${h5} on -> off (silence)`);
  });

  test('silence of one of its tests counts as unknown, and the test is dropped after `first` of that', async () => {
    await harness.pass(BEAT_MS, () => harness.report(h1, { disk: 'ok', memory: 'ok' }));
    const diskOnly = () => harness.report(h1, { disk: 'ok' });
    await harness.pass(60_000, diskOnly);
    expect(harness.why(h1)).toMatchObject({ flag: 'on', rule: 5 });
    expect(harness.why(h1).reason).toContain('no longer heard: mesos/slave/memory');
    await harness.pass(60_000, diskOnly);
    expect(harness.why(h1).reason).toContain('all 1 tests fit');
  });

  test('after a silence of all, a test that stays away is waited for as long as if it had just gone', async () => {
    await harness.pass(BEAT_MS, beats(all));
    await harness.pass(600_000, beats([h1, h2, h3, h4]));
    expect(harness.managed(h5)).toBe('off');
    harness.report(h5, { disk: 'ok' });
    await harness.settled();
    expect(harness.why(h5).reason).toContain('no longer heard: mesos/slave/memory');
    await harness.pass(48_000, () => harness.report(h5, { disk: 'ok' }));
    expect(harness.why(h5).reason).toContain('no longer heard: mesos/slave/memory');
  });

  test('a managed event of a test that is no longer reported goes from the record when it is dropped', async () => {
    harness.report(h1, { disk: 'ok', memory: 'critical' });
    await harness.settled();
    expect(Object.keys(harness.record(h1)?.['managed-events'] ?? {})).toContain('mesos/slave/memory');
    await harness.pass(130_000, () => harness.report(h1, { disk: 'ok' }));
    expect(Object.keys(harness.record(h1)?.['managed-events'] ?? {})).not.toContain('mesos/slave/memory');
  });
});

describe('rule 6: what nobody has heard', () => {
  test('a host that this master has not heard keeps its flag, however long', async () => {
    await harness.pass(BEAT_MS, beats(all));
    harness.leads = false;
    const restarted = await Harness.open({ clock, sharedStore });
    await restarted.pass(180_000, () => restarted.report(h1, { disk: 'ok' }));
    expect(restarted.on()).toEqual(all);
    expect(restarted.why(h5)).toMatchObject({ flag: 'on', rule: 6 });
  });
});

describe('rule 7: the master doubts itself first', () => {
  test('all five silent at once: nobody is taken, and it is said', async () => {
    await harness.pass(BEAT_MS, beats(all));
    await harness.pass(180_000);
    expect(harness.on()).toEqual(all);
    expect([...harness.guardCounts.wave].sort()).toEqual(all);
    expect(harness.why(h3)).toMatchObject({ flag: 'on', rule: 7, guard: { held: true } });
    expect(harness.why(h3).guard?.reason).toContain('mass-silence');
  });

  test('when four of them come back, the fifth is taken', async () => {
    await harness.pass(BEAT_MS, beats(all));
    await harness.pass(90_000);
    await harness.pass(BEAT_MS, beats([h1, h2, h3, h4]));
    expect(harness.on()).toEqual([h1, h2, h3, h4]);
    expect(harness.guardCounts.wave.size).toBe(0);
  });

  test('only who is silent is told of, not who is about to be', async () => {
    await harness.pass(BEAT_MS, beats(all));
    for (const name of [h1, h2]) harness.report(name, { disk: 'ok', memory: 'ok' }, { ttl: 40 });
    await harness.pass(44_000);
    expect([...harness.guardCounts.wave].sort()).toEqual([h1, h2]);
    expect(harness.on()).toEqual(all);
  });

  test('as many as the guard allows are no wave', async () => {
    await harness.pass(BEAT_MS, beats(all));
    await harness.pass(90_000, beats([h1, h2, h3, h4]));
    expect(harness.guardCounts.wave.size).toBe(0);
    expect(harness.managed(h5)).toBe('off');
  });

  test('hosts that are cut off together are one wave, though their slow tests run out minutes apart', async () => {
    const slowAfterS = [0, 70, 140, 210, 280];
    for (let s = 0; s < 300; s += 12) {
      for (const [at, name] of all.entries()) {
        harness.report(name, { disk: 'ok' });
        if (s >= (slowAfterS[at] ?? 0) && s < (slowAfterS[at] ?? 0) + 12)
          harness.report(name, { slow: 'ok' }, { ttl: 1_500 });
      }
      await harness.pass(BEAT_MS);
    }
    expect(harness.on()).toEqual(all);
    for (let s = 0; s < 1_600; s += 4) {
      clock.advance(4_000);
      harness.tick();
      await harness.settled();
    }
    expect(harness.guardCounts.wave.size).toBe(5);
    expect(harness.on()).toEqual(all);
  });

  test('a host that fell silent long before a wave stays off, and one that falls silent long after is taken', async () => {
    const wide = await Harness.open({ clock, sharedStore, share: 0.4 });
    const say = (speaking: readonly HostName[]) => () => {
      for (const name of speaking) wide.report(name, { disk: 'ok' });
    };
    await wide.pass(BEAT_MS, say(all));
    await wide.pass(180_000, say([h2, h3, h4, h5]));
    expect(wide.managed(h1)).toBe('off');
    await wide.pass(180_000, say([h3, h4, h5]));
    expect(wide.managed(h2)).toBe('off');
    expect(wide.guardCounts.wave.size).toBe(0);
  });

  test('after a stall of more than 5 s of its own nobody falls silent for one more ttl', async () => {
    await harness.pass(BEAT_MS, beats(all));
    clock.stall(120_000);
    harness.tick();
    await harness.settled();
    await harness.pass(TTL_S * 1000 - 1_000, beats([h1, h2, h3, h4]));
    expect(harness.on()).toEqual(all);
    await harness.pass(2_000);
    expect(harness.on()).toEqual([h1, h2, h3, h4]);
  });

  test('a stall of less than 5 s changes nothing', async () => {
    await harness.pass(BEAT_MS, beats(all));
    await harness.pass(44_000, beats([h1, h2, h3, h4]));
    clock.stall(4_800);
    harness.tick();
    await harness.settled();
    expect(harness.managed(h5)).toBe('off');
  });
});
