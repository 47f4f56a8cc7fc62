/** Rule 24a: disappearances that no delete explains are counted against a baseline. */
import { describe, expect, test } from 'vitest';
import { InventoryBaseline } from '../../../satellite-master/whitelist/file/inventory-baseline.ts';
import {
  type Deletion,
  deletionMarksIn,
  deletionsIn,
  withDeletions,
} from '../../../satellite-master/whitelist/record/deletions.ts';
import { host, hosts } from '../../support/harness.ts';

const DAY_S = 86_400;

describe('the baseline', () => {
  test('counts records that vanish one by one, and a host that returns subtracts', () => {
    const names = hosts(10);
    const baseline = new InventoryBaseline({ renewedS: 0, hosts: names });
    for (const name of names.slice(0, 4)) baseline.disappeared(name, false);
    expect(baseline.vanished.size).toBe(4);
    for (const name of names.slice(0, 2)) baseline.appeared(name);
    expect([...baseline.vanished]).toEqual(names.slice(2, 4));
    expect(baseline.size).toBe(10);
  });

  test('forgets a host that was deleted through Satellite, also when it had vanished before', () => {
    const baseline = new InventoryBaseline({ renewedS: 0, hosts: hosts(3) });
    baseline.disappeared(host('h1.example'), true);
    baseline.disappeared(host('h2.example'), false);
    baseline.disappeared(host('h2.example'), true);
    expect([baseline.size, baseline.vanished.size]).toEqual([1, 0]);
  });

  test('a host that was never in it does not count', () => {
    const baseline = new InventoryBaseline({ renewedS: 0, hosts: hosts(3) });
    baseline.disappeared(host('other.example'), false);
    expect(baseline.vanished.size).toBe(0);
  });

  test('is old after a day, and what is there then is the new one', () => {
    const baseline = new InventoryBaseline({ renewedS: 100, hosts: hosts(3) });
    baseline.disappeared(host('h1.example'), false);
    expect([baseline.isOld(99 + DAY_S), baseline.isOld(100 + DAY_S)]).toEqual([false, true]);
    baseline.renew(hosts(3).slice(1), 100 + DAY_S);
    expect([baseline.size, baseline.vanished.size, baseline.isOld(101 + DAY_S)]).toEqual([2, 0, false]);
  });

  test('has to be kept again only after a change', () => {
    const baseline = new InventoryBaseline({ renewedS: 0, hosts: hosts(2) });
    expect(baseline.changed).toBe(false);
    baseline.disappeared(host('h1.example'), false);
    // What vanished is not kept: after a restart it is found missing again.
    expect(baseline.changed).toBe(false);
    baseline.appeared(host('new.example'));
    expect(baseline.changed).toBe(true);
    expect(baseline.stored()).toEqual({ renewedS: 0, hosts: [...hosts(2), 'new.example'] });
    expect(baseline.changed).toBe(false);
  });
});

describe('what explains a deletion', () => {
  const deletion = (at: number, timeS = 1_000_000 + at): Deletion => ({
    host: host(`d${at}.example`),
    version: at,
    time: timeS,
    by: 'mara',
    as: null,
    cause: 'manual',
    reason: 'gone',
  });

  test.each([1, 200, 201, 1_500])('%i deletions in one step are all marked, the newest 200 with details', (count) => {
    const all = Array.from({ length: count }, (_, at) => deletion(at));
    const text = withDeletions('{"epoch":7}', all);
    expect(deletionMarksIn(text).map(({ host: name, version }) => [name, version])).toEqual(
      all.map(({ host: name, version }) => [name, version]),
    );
    expect(deletionsIn(text)).toEqual(all.slice(-200));
    expect(JSON.parse(text)).toMatchObject({ epoch: 7 });
  });

  test('deletions one after another keep the marks of those before', () => {
    let text = '{}';
    for (let at = 0; at < 450; at++) text = withDeletions(text, [deletion(at)]);
    expect(deletionMarksIn(text)).toHaveLength(450);
  });

  test('marks of more than a day ago go, and the text stays bounded', () => {
    let text = withDeletions(
      '{}',
      Array.from({ length: 300 }, (_, at) => deletion(at, 1_000)),
    );
    text = withDeletions(text, [deletion(999, 1_000 + 2 * DAY_S)]);
    expect(deletionMarksIn(text).filter(({ version }) => version < 100)).toEqual([]);
    const many = withDeletions(
      '{}',
      Array.from({ length: 20_000 }, (_, at) => deletion(at)),
    );
    expect(many.length).toBeLessThan(256 * 1024);
    expect(deletionMarksIn(many).at(-1)?.version).toBe(19_999);
  });

  test.each(['', 'x', '[]', '{"deleted-before":7}', '{"deleted-before":[1,"a","a b c","a.example 1"]}'])(
    'a text that can not be read has none: %s',
    (text) => {
      expect(deletionMarksIn(text)).toEqual([]);
    },
  );
});
