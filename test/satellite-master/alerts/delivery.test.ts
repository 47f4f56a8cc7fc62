import { beforeEach, describe, expect, it } from 'vitest';
import { type Alert, alertOf } from '../../../satellite-master/alerts/alert/alert.ts';
import type { Outcome } from '../../../satellite-master/alerts/channels/sender.ts';
import { Delivery, MAX_WAITING } from '../../../satellite-master/alerts/delivery.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

const SENT: Outcome = { kind: 'sent' };
const FAILED: Outcome = { kind: 'failed', reason: 'no route', notBeforeMs: 0 };
const REFUSED: Outcome = { kind: 'refused', by: 'one', reason: 'answered 400' };

let clock: ManualClock;
/** What each message held. */
let messages: string[][];
let dropped: Record<string, number>;
let answer: (services: readonly string[]) => Outcome | Promise<Outcome>;
let delivery: Delivery;

beforeEach(() => {
  clock = new ManualClock();
  messages = [];
  dropped = {};
  answer = () => SENT;
  delivery = new Delivery({
    sender: {
      send: async (alerts) => {
        const services = alerts.map(({ service, state }) => (state === 'resolve' ? `-${service}` : service));
        messages.push(services);
        return answer(services);
      },
      close: async () => undefined,
    },
    batch: 3,
    clock,
    random: () => 1,
    tried: () => undefined,
    dropped: (reason, alerts) => {
      dropped[reason] = (dropped[reason] ?? 0) + alerts;
    },
  });
});

function alert(service: string, state = 'critical'): Alert {
  const made = alertOf({ service, state }, {}, 'self', 0);
  if (!made) throw new Error('no alert');
  return made;
}

function put(...services: string[]): void {
  for (const service of services) delivery.put(alert(service));
}

/** Until everything that does not wait for the clock has happened. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settled();
}

describe('the delivery of a channel', () => {
  it('puts what comes together into one message, as many as it takes', async () => {
    put('a', 'b', 'c', 'd');
    await settled();
    expect(messages).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('has one message in flight, and sends of what waits the newest word', async () => {
    let land: (outcome: Outcome) => void = () => undefined;
    answer = () =>
      new Promise((resolve) => {
        land = resolve;
      });
    put('a');
    await settled();
    put('b');
    delivery.put(alert('b', 'ok'));
    put('c');
    await settled();
    expect(messages).toEqual([['a']]);
    answer = () => SENT;
    land(SENT);
    await settled();
    expect(messages).toEqual([['a'], ['-b', 'c']]);
    expect(dropped).toEqual({ superseded: 1 });
  });

  it('tries again after 1 s, 2 s, 4 s, and is broken from the third failure on', async () => {
    answer = () => FAILED;
    put('a');
    await settled();
    const waits = [1000, 2000, 4000];
    for (const [at, wait] of waits.entries()) {
      expect(messages).toHaveLength(at + 1);
      expect(delivery.health.works).toBe(at < 2);
      await pass(wait - 1);
      expect(messages).toHaveLength(at + 1);
      await pass(1);
    }
    expect(delivery.health).toEqual({ works: false, reason: 'no route' });
    answer = () => SENT;
    await pass(8000);
    expect([delivery.health.works, delivery.size, dropped]).toEqual([true, 0, {}]);
    put('b');
    await settled();
    expect(messages.at(-1)).toEqual(['b']);
  });

  it('waits as long as it was asked to', async () => {
    answer = () => ({ ...FAILED, notBeforeMs: 90_000 });
    put('a');
    await settled();
    await pass(89_999);
    expect(messages).toHaveLength(1);
    await pass(1);
    expect(messages).toHaveLength(2);
  });

  it('sends no old word after a newer one when a try failed', async () => {
    let land: (outcome: Outcome) => void = () => undefined;
    answer = () =>
      new Promise((resolve) => {
        land = resolve;
      });
    put('a');
    await settled();
    delivery.put(alert('a', 'ok'));
    answer = () => SENT;
    land(FAILED);
    await settled();
    await pass(1000);
    expect(messages).toEqual([['a'], ['-a']]);
  });

  it('finds the one that is refused among several, and drops only that', async () => {
    answer = (services) => (services.includes('bad') ? REFUSED : SENT);
    put('a', 'bad', 'c');
    await settled();
    expect(messages).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']]);
    expect(dropped).toEqual({ refused: 1 });
    expect(delivery.health.works).toBe(true);
  });

  it('drops at once what is refused whole, and says it is broken until something passes', async () => {
    answer = () => ({ kind: 'refused', by: 'all', reason: 'answered 403' });
    put('a', 'b');
    await settled();
    expect([messages.length, dropped, delivery.health]).toEqual([
      1,
      { refused: 2 },
      { works: false, reason: 'answered 403' },
    ]);
    answer = () => SENT;
    put('c');
    await settled();
    expect(delivery.health.works).toBe(true);
  });

  it('gives up after a day, and lets one that never passes hold up nobody', async () => {
    answer = (services) => (services.includes('stuck') ? FAILED : SENT);
    put('stuck');
    await settled();
    put('b');
    await pass(1000);
    await pass(2000);
    expect(messages.flat()).toContain('b');
    for (let hours = 0; hours < 26; hours++) await pass(3_600_000);
    expect([delivery.size, dropped]).toEqual([0, { 'gave-up': 1 }]);
  });

  it('holds a bounded number, the newest, and counts what it drops', async () => {
    answer = () => FAILED;
    put('first');
    await settled();
    for (let at = 0; at < MAX_WAITING; at++) put(`s${at}`);
    expect([delivery.size, delivery.room, dropped]).toEqual([MAX_WAITING, 0, { overflow: 1 }]);
    expect(delivery.health.works).toBe(false);
    put('s5');
    expect(dropped).toEqual({ overflow: 1, superseded: 1 });
  });

  it('leaves what waits, and what fails now, to the next leader', async () => {
    let land: (outcome: Outcome) => void = () => undefined;
    answer = () =>
      new Promise((resolve) => {
        land = resolve;
      });
    put('a');
    await settled();
    put('b');
    delivery.recall();
    land(FAILED);
    await settled();
    await pass(10_000);
    expect([messages, delivery.size, dropped]).toEqual([[['a']], 0, { 'not-leading': 2 }]);
  });

  it('sends what waits before it closes, but no longer than it may', async () => {
    put('a', 'b', 'c', 'd');
    await delivery.close(1000);
    expect(messages).toHaveLength(2);
    put('e');
    expect(dropped).toEqual({ shutdown: 1 });
  });

  it('does not wait for a receiver that hangs', async () => {
    answer = () => new Promise(() => undefined);
    put('a');
    await settled();
    put('b');
    const closed = delivery.close(1000);
    await pass(1000);
    await closed;
    expect(dropped).toEqual({ shutdown: 1 });
  });
});
