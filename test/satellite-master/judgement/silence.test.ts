/** Silence through the whole of a master's judgement, on a clock turned by hand (docs/judgement.md, rules 4-7). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostName } from '../../../shared/host-name.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, BEAT_MS, House, hosts, TTL_S } from '../../support/house.ts';
import { SharedGround } from '../../support/shared-ground.ts';

const [h1, h2, h3, h4, h5] = hosts(5) as [HostName, HostName, HostName, HostName, HostName];
const all = [h1, h2, h3, h4, h5];
let clock: ManualClock;
let ground: SharedGround;
let house: House;

beforeEach(async () => {
  clock = aClock();
  ground = await SharedGround.open(clock);
  house = await House.open({ clock, ground });
});

afterEach(() => ground.close());

const beats = (speaking: readonly HostName[]) => () => {
  for (const name of speaking) house.report(name, { disk: 'ok', memory: 'ok' });
};

describe('rule 5: silence of a host', () => {
  test('one of five that goes silent is off at its ttl, and not before', async () => {
    await house.pass(BEAT_MS, beats(all));
    const lastHeardMs = clock.monoMs() - BEAT_MS;
    const others = beats([h1, h2, h3, h4]);
    await house.pass(lastHeardMs + TTL_S * 1000 - clock.monoMs() - 400, others);
    expect(house.on()).toEqual(all);
    await house.pass(800);
    expect(house.on()).toEqual([h1, h2, h3, h4]);
    expect(house.why(h5)).toMatchObject({ flag: 'off', decidedBy: 'managed', rule: 5, guard: null });
    expect(house.turned).toContain(`Turning ${h5} on -> off (silence)`);
  });

  test('silence of one of its tests counts as unknown, and the test is dropped after `first` of that', async () => {
    await house.pass(BEAT_MS, () => house.report(h1, { disk: 'ok', memory: 'ok' }));
    const diskOnly = () => house.report(h1, { disk: 'ok' });
    await house.pass(60_000, diskOnly);
    expect(house.why(h1)).toMatchObject({ flag: 'on', rule: 5 });
    expect(house.why(h1).reason).toContain('no longer heard: mesos/slave/memory');
    await house.pass(60_000, diskOnly);
    expect(house.why(h1).reason).toContain('all 1 tests fit');
  });

  test('after a silence of all, a test that stays away is waited for as long as if it had just gone', async () => {
    await house.pass(BEAT_MS, beats(all));
    await house.pass(600_000, beats([h1, h2, h3, h4]));
    expect(house.managed(h5)).toBe('off');
    house.report(h5, { disk: 'ok' });
    await house.settled();
    expect(house.why(h5).reason).toContain('no longer heard: mesos/slave/memory');
    await house.pass(48_000, () => house.report(h5, { disk: 'ok' }));
    expect(house.why(h5).reason).toContain('no longer heard: mesos/slave/memory');
  });

  test('a managed event of a test that is no longer reported goes from the record when it is dropped', async () => {
    house.report(h1, { disk: 'ok', memory: 'critical' });
    await house.settled();
    expect(Object.keys(house.record(h1)?.['managed-events'] ?? {})).toContain('mesos/slave/memory');
    await house.pass(130_000, () => house.report(h1, { disk: 'ok' }));
    expect(Object.keys(house.record(h1)?.['managed-events'] ?? {})).not.toContain('mesos/slave/memory');
  });
});

describe('rule 6: what nobody has heard', () => {
  test('a host that this master has not heard keeps its flag, however long', async () => {
    await house.pass(BEAT_MS, beats(all));
    const restarted = await House.open({ clock, ground });
    await restarted.pass(180_000, () => restarted.report(h1, { disk: 'ok' }));
    expect(restarted.on()).toEqual(all);
    expect(restarted.why(h5)).toMatchObject({ flag: 'on', rule: 6 });
  });
});

describe('rule 7: the master doubts itself first', () => {
  test('all five silent at once: nobody is taken, and it is said', async () => {
    await house.pass(BEAT_MS, beats(all));
    await house.pass(180_000);
    expect(house.on()).toEqual(all);
    expect([...house.guardCounts.wave].sort()).toEqual(all);
    expect(house.why(h3)).toMatchObject({ flag: 'on', rule: 7, guard: { held: true } });
    expect(house.why(h3).guard?.reason).toContain('mass-silence');
  });

  test('when four of them come back, the fifth is taken', async () => {
    await house.pass(BEAT_MS, beats(all));
    await house.pass(90_000);
    await house.pass(BEAT_MS, beats([h1, h2, h3, h4]));
    expect(house.on()).toEqual([h1, h2, h3, h4]);
    expect(house.guardCounts.wave.size).toBe(0);
  });

  test('only who is silent is told of, not who is about to be', async () => {
    await house.pass(BEAT_MS, beats(all));
    for (const name of [h1, h2]) house.report(name, { disk: 'ok', memory: 'ok' }, { ttl: 40 });
    await house.pass(44_000);
    expect([...house.guardCounts.wave].sort()).toEqual([h1, h2]);
    expect(house.on()).toEqual(all);
  });

  test('as many as the guard allows are no wave', async () => {
    await house.pass(BEAT_MS, beats(all));
    await house.pass(90_000, beats([h1, h2, h3, h4]));
    expect(house.guardCounts.wave.size).toBe(0);
    expect(house.managed(h5)).toBe('off');
  });

  test('hosts that are cut off together are one wave, though their slow tests run out minutes apart', async () => {
    const slowAfterS = [0, 70, 140, 210, 280];
    for (let s = 0; s < 300; s += 12) {
      for (const [at, name] of all.entries()) {
        house.report(name, { disk: 'ok' });
        if (s >= (slowAfterS[at] ?? 0) && s < (slowAfterS[at] ?? 0) + 12)
          house.report(name, { slow: 'ok' }, { ttl: 1_500 });
      }
      await house.pass(BEAT_MS);
    }
    expect(house.on()).toEqual(all);
    for (let s = 0; s < 1_600; s += 4) {
      clock.advance(4_000);
      house.tick();
      await house.settled();
    }
    expect(house.guardCounts.wave.size).toBe(5);
    expect(house.on()).toEqual(all);
  });

  test('a host that fell silent long before a wave stays off, and one that falls silent long after is taken', async () => {
    const wide = await House.open({ clock, ground, share: 0.4 });
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
    await house.pass(BEAT_MS, beats(all));
    clock.stall(120_000);
    house.tick();
    await house.settled();
    await house.pass(TTL_S * 1000 - 1_000, beats([h1, h2, h3, h4]));
    expect(house.on()).toEqual(all);
    await house.pass(2_000);
    expect(house.on()).toEqual([h1, h2, h3, h4]);
  });

  test('a stall of less than 5 s changes nothing', async () => {
    await house.pass(BEAT_MS, beats(all));
    await house.pass(44_000, beats([h1, h2, h3, h4]));
    clock.stall(4_800);
    house.tick();
    await house.settled();
    expect(house.managed(h5)).toBe('off');
  });
});
