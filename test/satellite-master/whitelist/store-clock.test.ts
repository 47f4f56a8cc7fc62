/** Rule 27a: the time of the store, not that of the machine. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Replica } from '../../../satellite-master/whitelist/replica.ts';
import { StoreClock } from '../../../satellite-master/whitelist/store/store-clock.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { host } from '../../support/harness.ts';

const HOUR_MS = 3_600_000;
const STORE_MS = 1_790_000_000_000;

describe.each([
  ['two hours ahead', 2 * HOUR_MS],
  ['two hours behind', -2 * HOUR_MS],
  ['right', 0],
])('on a machine whose clock is %s', (_, aheadMs) => {
  let local: ManualClock;
  let clock: StoreClock;

  beforeEach(() => {
    local = new ManualClock(STORE_MS + aheadMs);
    clock = new StoreClock(local);
  });

  test('it is that of the store, once a write has been measured', () => {
    expect([clock.isKnown, clock.offsetMs]).toEqual([false, undefined]);
    local.advance(100);
    clock.measured({ storeMs: STORE_MS + 50, fromMs: 0, toMs: 100 });
    expect(clock.isKnown).toBe(true);
    expect(clock.wallMs()).toBe(STORE_MS + 100);
    local.advance(HOUR_MS);
    expect(clock.wallMs()).toBe(STORE_MS + 100 + HOUR_MS);
    expect(clock.offsetMs).toBeCloseTo(-aheadMs, 6);
  });

  test('a jump of the machine’s clock does not move it', () => {
    clock.measured({ storeMs: STORE_MS, fromMs: 0, toMs: 0 });
    local.setWall(STORE_MS + 5 * HOUR_MS);
    expect(clock.wallMs()).toBe(STORE_MS);
  });

  test('a write that took long says too little', () => {
    clock.measured({ storeMs: STORE_MS, fromMs: 0, toMs: 2_001 });
    expect(clock.isKnown).toBe(false);
  });

  test('nothing expires before the time is known, and then what is due does', () => {
    const replica = new Replica({ clock, log: silentLog, foreignHoldMs: 60_000 });
    const a1 = host('a1.example');
    const event = (agoS: number) => ({ state: 'critical', time: STORE_MS / 1000 - agoS, ttl: 600 });
    const data = JSON.stringify({ 'managed-flag': 'on', 'manual-events': { swap: event(601), disk: event(10) } });
    replica.onRecord(a1, { host: a1, data, version: 0, createdMs: 0, order: 1n });
    replica.onState({ kind: 'whole' });
    replica.tick();
    expect(replica.on()).toEqual([]);
    clock.measured({ storeMs: STORE_MS, fromMs: local.monoMs(), toMs: local.monoMs() });
    replica.tick();
    expect(replica.on()).toEqual([]);
    local.advance(589_000);
    replica.tick();
    expect(replica.on()).toEqual([]);
    local.advance(2_000);
    replica.tick();
    expect(replica.on()).toEqual([a1]);
  });
});
