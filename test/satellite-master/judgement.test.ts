/**
 * The walk: what a host's tests say x what operators say x room in the guard x who leads x the state of the store x
 * whether this master has just started. For every cell: the managed flag in the store, the merged flag, and the rule.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishPolicy } from '../../satellite-master/whitelist/file/publish-policy.ts';
import { withFlagByHand, withManualEvent } from '../../satellite-master/whitelist/record/manual-events.ts';
import type { HostName } from '../../shared/host-name.ts';
import { aClock, Harness, host, OPERATOR } from '../support/harness.ts';
import { SharedStore } from '../support/shared-store.ts';

const EVENTS = ['ok', 'warning', 'critical', 'unknown', 'silent'] as const;
const MANUALS = ['none', 'ok', 'critical', 'overriding', 'expired'] as const;
type Heard = (typeof EVENTS)[number];
type Manual = (typeof MANUALS)[number];

interface World {
  readonly guard: 'free' | 'full';
  readonly role: 'leader' | 'follower';
  readonly store: 'whole' | 'lost' | 'unread';
  readonly start: 'long ago' | 'just now';
}

const worlds: readonly World[] = (['free', 'full'] as const).flatMap((guard) =>
  (['leader', 'follower'] as const).flatMap((role) =>
    (['whole', 'lost', 'unread'] as const).flatMap((store) =>
      (['long ago', 'just now'] as const).map((start) => ({ guard, role, store, start })),
    ),
  ),
);

const cells = EVENTS.flatMap((heard) => MANUALS.map((manual) => ({ heard, manual, name: nameOf(heard, manual) })));

function nameOf(heard: Heard, manual: Manual): HostName {
  return host(`${heard}.${manual}.example`);
}

/** What the tests alone ask for, and by which rule. A master that has just started has not heard the silent ones. */
function desiredFlag(heard: Heard, start: World['start']): { readonly off: boolean; readonly rule: number } {
  switch (heard) {
    case 'ok':
    case 'warning':
    case 'unknown':
      return { off: false, rule: 1 };
    case 'critical':
      return { off: true, rule: 1 };
    case 'silent':
      return start === 'just now' ? { off: false, rule: 6 } : { off: true, rule: 5 };
  }
}

const MANUAL_FLAG = { none: null, ok: 'on', critical: 'off', overriding: 'on', expired: null } as const;

const LONG = { ttl: 1_000_000 };
const BYSTANDERS = ['b1.example', 'b2.example', 'b3.example'].map(host);

/** Every host managed on, save one where the guard is to be full; the words of operators are in the store. */
async function prepare(harness: Harness, guard: World['guard']): Promise<void> {
  for (const name of [...BYSTANDERS, ...cells.map(({ name }) => name)]) harness.report(name, { disk: 'ok' }, LONG);
  await harness.settled();
  if (guard === 'full') harness.report(BYSTANDERS[0] as HostName, { disk: 'critical' }, LONG);
  await harness.settled();
  const edit = (
    name: HostName,
    id: string,
    state: 'ok' | 'critical',
    more: { ttlS?: number; override?: boolean } = {},
  ) =>
    harness.whitelist.edit(name, OPERATOR, (record) =>
      id === 'manual'
        ? withFlagByHand(record, { state, by: 'me', ...more }, harness.nowS)
        : withManualEvent(record, id, { state, by: 'me', ...more }, harness.nowS),
    );
  for (const { name, manual } of cells) {
    if (manual === 'ok' || manual === 'critical') await edit(name, 'manual', manual);
    if (manual === 'expired') await edit(name, 'manual', 'critical', { ttlS: 1 });
    if (manual !== 'overriding') continue;
    await edit(name, 'disk swap', 'critical');
    await edit(name, 'manual', 'ok', { override: true });
  }
}

/** The silent ones fall silent more than a minute apart, so that they are no wave. */
async function happen(harness: Harness): Promise<void> {
  for (const { heard, name } of cells) if (heard !== 'silent') harness.report(name, { disk: heard }, LONG);
  await harness.settled();
  for (const manual of MANUALS) {
    if (harness.presence.isHeard(nameOf('silent', manual)))
      harness.report(nameOf('silent', manual), { disk: 'ok' }, { ttl: 60 });
    await harness.leap(72_000);
  }
  await harness.leap(8_000);
}

describe.each(worlds)('guard $guard, a $role, store $store, started $start', ({ guard, role, store, start }) => {
  let sharedStore: SharedStore;
  let harness: Harness;

  beforeAll(async () => {
    const clock = aClock();
    sharedStore = await SharedStore.open(clock);
    const options = { clock, sharedStore, share: guard === 'free' ? 1 : 0.02 };
    harness = await Harness.open(options);
    await prepare(harness, guard);
    if (store === 'unread') harness = new Harness(options);
    else if (start === 'just now') {
      harness.leads = false;
      harness = await Harness.open(options);
    }
    harness.leads = role === 'leader';
    if (store === 'lost') harness.store.lose();
    if (store === 'unread' && start === 'long ago')
      for (const { name } of cells) harness.report(name, { disk: 'ok' }, LONG);
    await happen(harness);
  });

  afterAll(() => sharedStore.close());

  test.each(cells)('$heard, by hand $manual', ({ heard, manual, name }) => {
    const { off, rule } = desiredFlag(heard, start);
    const acts = role === 'leader' && store === 'whole';
    const managed = off && acts && guard === 'free' ? 'off' : 'on';
    expect(sharedStore.record(name)?.['managed-flag']).toBe(managed);

    if (store === 'unread') {
      expect(harness.replica.get(name)).toBeUndefined();
      const { replica, nowS } = harness;
      const given = { replica, present: [name], hosts: replica.on(), offShare: 0.3, nowS };
      expect(publishPolicy({ ...given, reasons: [], confirmed: undefined })).toHaveProperty('hold');
      return;
    }
    const byHand = MANUAL_FLAG[manual];
    const why = harness.why(name);
    expect(why.flag).toBe(byHand ?? managed);
    expect(harness.on().includes(name)).toBe((byHand ?? managed) === 'on');
    expect(why.decidedBy).toBe(byHand === null ? 'managed' : 'manual');
    expect(why.rule).toBe(byHand === null ? rule : 15);
    expect(harness.reconciler.decisionFor(name).rule).toBe(rule);
    expect(why.guard !== null).toBe(off && guard === 'full');
    if (why.guard) expect(why.guard.reason).toBe('1 of at most 1 hosts are held off (0.02 of 28)');
  });
});
