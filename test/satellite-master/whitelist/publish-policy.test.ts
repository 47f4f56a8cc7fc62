/** Whether the merged list may be written (docs/judgement.md, rules 24, 28). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HoldReason } from '../../../satellite-master/whitelist/file/hold.ts';
import { digestOf, publishPolicy } from '../../../satellite-master/whitelist/file/publish-policy.ts';
import { withFlagByHand } from '../../../satellite-master/whitelist/record/manual-events.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { aClock, Harness, hosts, OPERATOR } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';

const clock = aClock();
const [h1, h2] = hosts(2) as [HostName, HostName];
let sharedStore: SharedStore;
let harness: Harness;

beforeEach(async () => {
  sharedStore = await SharedStore.open(clock);
  harness = await Harness.open({ clock, sharedStore });
});

afterEach(() => sharedStore.close());

interface Given {
  readonly reasons?: readonly HoldReason[];
  readonly confirmed?: string;
}

const decided = (lines: readonly string[], { reasons = [], confirmed }: Given = {}) => {
  const { replica, nowS } = harness;
  return publishPolicy({ replica, present: lines, hosts: replica.on(), offShare: 0.3, nowS, reasons, confirmed });
};
/** Only the reason of a hold. */
const wanted = (...lines: readonly string[]) => {
  const verdict = decided(lines);
  return 'hold' in verdict ? { hold: verdict.hold.reason } : verdict;
};
const on = async () => {
  for (const name of [h1, h2]) harness.report(name, { disk: 'ok' }, { ttl: 1_000_000 });
  await harness.settled();
};
const off = (name: HostName, ttlS?: number) =>
  harness.whitelist.edit(name, OPERATOR, (record) =>
    withFlagByHand(record, { state: 'critical', by: 'me', ...(ttlS === undefined ? {} : { ttlS }) }, harness.nowS),
  );

describe('rule 28', () => {
  test('nothing is wanted before the store has been read whole', async () => {
    await on();
    harness = new Harness({ clock, sharedStore });
    expect(wanted(h1)).toEqual({ hold: 'not read yet' });
    harness.store.find();
    expect(wanted(h1)).toEqual({ hosts: [h1, h2] });
  });

  test('once read, what is known still counts while the store is lost', async () => {
    await on();
    harness.store.lose();
    expect(wanted(h1)).toEqual({ hosts: [h1, h2] });
  });
});

describe('rule 24: where the merged list is empty', () => {
  test('with no host at all and no file there is nothing to hold', () => expect(wanted()).toEqual({ hosts: [] }));

  test('a file with hosts that nobody deleted is held', () => {
    expect(wanted('stranger.example')).toEqual({ hold: expect.stringContaining('stranger.example was not deleted') });
  });

  test('a line that is no host name holds it too', () => expect(wanted('no host name')).toHaveProperty('hold'));

  test('it is emptied when all are off by hand', async () => {
    await on();
    await off(h1);
    expect(wanted(h1, h2)).toEqual({ hosts: [h2] });
    await off(h2);
    expect(wanted(h2)).toEqual({ hosts: [] });
  });

  test('it is emptied when all are deleted by hand, or deleted and off', async () => {
    await on();
    await harness.whitelist.remove(h1, OPERATOR);
    await off(h2);
    expect(wanted(h1, h2)).toEqual({ hosts: [] });
    await harness.whitelist.remove(h2, OPERATOR);
    expect(wanted(h1, h2)).toEqual({ hosts: [] });
  });

  test('it is held when one of them was deleted by another program', async () => {
    await on();
    await off(h1);
    await sharedStore.writeForeign(h2, null);
    await harness.settled();
    expect(wanted(h1, h2)).toEqual({ hold: expect.stringContaining(h2) });
  });

  test('it is held when one of them was forgotten by automation', async () => {
    await on();
    await off(h1);
    await harness.whitelist.remove(h2, { by: 'this-master', as: null, cause: 'forgotten', reason: 'long silent' });
    await harness.settled();
    expect(wanted(h1, h2)).toHaveProperty('hold');
  });

  test('it is held when one is off by automation, or by no list at all', async () => {
    await on();
    await off(h1);
    await sharedStore.writeForeign(h2, JSON.stringify({ 'managed-flag': 'off' }));
    await harness.settled();
    expect(wanted(h1, h2)).toEqual({ hold: expect.stringContaining(`${h2} is not`) });
    await sharedStore.writeForeign(h2, '{}');
    await harness.settled();
    expect(wanted(h1, h2)).toHaveProperty('hold');
  });

  test('a broken record that was never known good holds it', async () => {
    await on();
    await off(h1);
    await sharedStore.writeForeign(h2, 'rubbish');
    harness = await Harness.open({ clock, sharedStore, leads: false });
    expect(wanted(h1, h2)).toHaveProperty('hold');
  });

  test('an override by hand that has run out no longer says that it was meant', async () => {
    await sharedStore.writeForeign(h1, JSON.stringify({ 'managed-flag': 'off' }));
    await harness.settled();
    await off(h1, 1);
    expect(wanted(h1)).toEqual({ hosts: [] });
    clock.advance(1_001);
    expect(wanted(h1)).toHaveProperty('hold');
  });
});

describe('a reason from elsewhere, such as damage to the store', () => {
  const damage: HoldReason = { rule: '24b', reason: 'the store was damaged' };

  test('holds the file, and what would change is named', async () => {
    await on();
    expect(decided([h1, 'old.example'], { reasons: [damage] })).toEqual({
      hold: { ...damage, digest: digestOf([h1, h2]), missing: ['old.example'], added: [h2] },
    });
  });

  test('is released by a confirmation of exactly the content that would be written', async () => {
    await on();
    expect(decided([h1], { reasons: [damage], confirmed: digestOf([h1, h2]) })).toEqual({ hosts: [h1, h2] });
    expect(decided([h1], { reasons: [damage], confirmed: digestOf([h1]) })).toHaveProperty('hold.rule', '24b');
  });

  test('a confirmation does not empty the file', async () => {
    expect(decided([h1], { reasons: [damage], confirmed: digestOf([]) })).toHaveProperty('hold');
    expect(decided([h1], { confirmed: digestOf([]) })).toHaveProperty('hold.rule', '24');
  });
});
