/** The guard, the order before it and the doubt about silence (docs/judgement.md, rules 7-9), and the desired it orders (25). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DesiredFlag,
  DesiredFlags,
  type Illness,
} from '../../../satellite-master/whitelist/automation/desired-flags.ts';
import {
  type Candidate,
  type GuardFigures,
  guard,
  massSilence,
  offLimit,
} from '../../../satellite-master/whitelist/automation/guard.ts';
import { host, hosts } from '../../support/harness.ts';

const critical = (criticals: number, sinceMs: number): Illness => ({ kind: 'critical', criticals, sinceMs });
const silent = (sinceMs: number): Illness => ({ kind: 'silent', criticals: 0, sinceMs });
const candidate = (name: string, illness: Illness | undefined, wouldLeaveList = true): Candidate => ({
  host: host(name),
  illness,
  wouldLeaveList,
});
const counts = (over: Partial<GuardFigures> = {}): GuardFigures => ({
  share: 0.3,
  inventory: 100,
  off: 0,
  listed: 100,
  ...over,
});

describe('rule 8: the limit', () => {
  test.each([
    [0.3, 0, 1],
    [0.3, 1, 1],
    [0.3, 6, 1],
    [0.3, 7, 2],
    [0.3, 10, 3],
    [0.3, 19, 5],
    [0, 1_000, 1],
    [1, 10, 10],
  ])('%f of %i hosts is %i', (share, inventory, limit) => expect(offLimit({ share, inventory })).toBe(limit));

  test('what is held off already counts, and figures say so', () => {
    const { take, held } = guard(
      [candidate('a', critical(1, 0)), candidate('b', critical(1, 0))],
      counts({ inventory: 10, off: 2 }),
    );
    expect(take).toEqual(['a']);
    expect([...held]).toEqual([['b', '3 of at most 3 hosts are held off (0.3 of 10)']]);
  });

  test('more off than allowed: nobody is taken', () => {
    expect(guard([candidate('a', critical(9, 0))], counts({ inventory: 10, off: 7 }))).toMatchObject({
      take: [],
      held: new Map([['a', '7 of at most 3 hosts are held off (0.3 of 10)']]),
    });
  });

  test('the last host of the merged list is held, one that is not on it is not', () => {
    const { take, held } = guard(
      [candidate('a', critical(1, 0)), candidate('b', critical(2, 0)), candidate('c', critical(1, 0), false)],
      counts({ listed: 2 }),
    );
    expect(take).toEqual(['b', 'c']);
    expect(held.get(host('a'))).toBe('it is the last host on the whitelist');
  });
});

describe('rule 9: whom first', () => {
  const inOrder: readonly Candidate[] = [
    candidate('z1', critical(5, 900)),
    candidate('y1', critical(2, 100)),
    candidate('x1', critical(2, 200)),
    candidate('a1', critical(1, 0)),
    candidate('b1', critical(1, 0)),
    candidate('w1', silent(10)),
    candidate('v1', silent(20)),
    candidate('u1', undefined),
    candidate('c1', critical(9, 0), false),
  ];

  test('critical before silent, more criticals, ill for longer, then name; hosts not on the list last', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...inOrder], { minLength: inOrder.length }), (shuffled) => {
        expect(guard(shuffled, counts({ share: 1 })).take).toEqual(inOrder.map((one) => one.host));
      }),
    );
  });

  test('never more than the limit, never the last of the list, and everybody is either taken or held', () => {
    const illness = fc.constantFrom(critical(1, 0), critical(2, 5), silent(3), undefined);
    const list = fc.uniqueArray(fc.record({ at: fc.nat(50), illness, wouldLeaveList: fc.boolean() }), {
      selector: ({ at }) => at,
    });
    fc.assert(
      fc.property(
        list,
        fc.nat(60),
        fc.nat(20),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (some, inventory, off, share) => {
          const candidates = some.map(({ at, ...rest }) => ({ host: host(`h${at}`), ...rest }));
          const listed = candidates.filter((one) => one.wouldLeaveList).length;
          const { take, held } = guard(candidates, { share, inventory, off, listed });
          expect(off + take.length).toBeLessThanOrEqual(Math.max(off, offLimit({ share, inventory })));
          const left = candidates.filter((one) => one.wouldLeaveList && !take.includes(one.host)).length;
          expect(left).toBeGreaterThanOrEqual(Math.min(1, listed));
          expect(take.length + held.size).toBe(candidates.length);
        },
      ),
    );
  });
});

describe('rule 7: mass silence', () => {
  const quiet = (...seconds: readonly number[]) =>
    seconds.map((s, at) => ({ host: host(`h${at}`), lastHeardMs: s * 1000 }));

  test.each<[string, number[], number, string[]]>([
    ['as many as allowed', [0, 0, 0], 3, []],
    ['one more', [0, 0, 0, 0], 3, ['h0', 'h1', 'h2', 'h3']],
    ['within a minute', [0, 60], 1, ['h0', 'h1']],
    ['more than a minute apart', [0, 60.001], 1, []],
    ['a chain of minutes', [0, 50, 100], 1, ['h0', 'h1', 'h2']],
    ['one long before', [0, 300, 301], 1, ['h1', 'h2']],
    ['one long after', [0, 1, 300], 1, ['h0', 'h1']],
    ['two waves', [0, 1, 300, 301], 1, ['h0', 'h1', 'h2', 'h3']],
    ['nobody', [], 1, []],
  ])('%s', (_, seconds, limit, expected) => {
    expect([...massSilence(quiet(...seconds), limit)].sort()).toEqual(expected);
  });

  test('agrees with looking at every pair', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        (seconds, limit) => {
          const all = quiet(...seconds);
          const expected = all.filter((one) =>
            all.some(({ lastHeardMs: from }) => {
              const window = all.filter(({ lastHeardMs }) => lastHeardMs >= from && lastHeardMs <= from + 60_000);
              return window.includes(one) && window.length > limit;
            }),
          );
          expect([...massSilence(all, limit)].sort()).toEqual(expected.map((one) => one.host).sort());
        },
      ),
    );
  });
});

describe('rule 25: desired of several rules', () => {
  const [h1] = hosts(1);
  const on = (fitSinceMs?: number): DesiredFlag => ({
    flag: 'on',
    rule: 1,
    reason: 'fit',
    ...(fitSinceMs === undefined ? {} : { fitSinceMs }),
  });
  const off = (illness: Illness): DesiredFlag => ({ flag: 'off', rule: 5, reason: illness.kind, illness });
  const keep: DesiredFlag = { flag: 'keep', rule: 1, reason: 'unknown' };

  function joined(...desired: readonly DesiredFlag[]): DesiredFlag | undefined {
    const all = new DesiredFlags();
    if (h1) for (const [at, desiredFlag] of desired.entries()) all.setFlag(`rule ${at}`, h1, desiredFlag);
    return h1 && all.flag(h1);
  }

  test.each<[string, DesiredFlag[], Partial<DesiredFlag> | undefined]>([
    ['none', [], undefined],
    ['one', [on(5)], on(5)],
    ['off while any says off', [on(1), off(silent(1)), keep], { flag: 'off', reason: 'silent' }],
    [
      'the worst illness counts',
      [off(silent(1)), off(critical(1, 9))],
      { reason: 'silent; critical', illness: critical(1, 9) },
    ],
    ['kept while any is unsure', [on(1), keep], { flag: 'keep' }],
    ['fit since the last became so', [on(1), on(7)], { flag: 'on', fitSinceMs: 7 }],
  ])('%s', (_, desired, expected) => {
    if (expected === undefined) expect(joined(...desired)).toBeUndefined();
    else expect(joined(...desired)).toMatchObject(expected);
  });

  test('withdrawn and dropped desired leave nothing', () => {
    const told: string[] = [];
    const all = new DesiredFlags();
    all.onChange((name) => told.push(name));
    const a = host('a');
    all.setFlag('x', a, on());
    all.setEvent(a, 'e', null);
    all.setFlag('x', a, undefined);
    all.forgetEvent(a, 'e');
    expect([...all.hosts()]).toEqual([]);
    expect(told).toHaveLength(3);
    all.setFlag('x', a, on());
    all.setEvent(a, 'e', { state: 'critical' });
    all.dropHost(a);
    expect([...all.hosts()]).toEqual([]);
  });
});
