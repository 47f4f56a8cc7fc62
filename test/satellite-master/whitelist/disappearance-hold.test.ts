/** Rule 24a on a real replica: what holds the file when records disappear, and what releases it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokenRecordsHold, listedHosts } from '../../../satellite-master/whitelist/file/broken-records-hold.ts';
import { DisappearanceHold } from '../../../satellite-master/whitelist/file/disappearance-hold.ts';
import { withDeletions } from '../../../satellite-master/whitelist/record/deletions.ts';
import { Replica } from '../../../satellite-master/whitelist/replica.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, hosts } from '../../support/harness.ts';
import { until } from '../../support/until.ts';

const NAMES = hosts(20);
const ON = '{"managed-flag":"on"}';
let clock: ManualClock;
let dataDir: string;
let replica: Replica;
let order: bigint;
let versions: Map<HostName, number>;
let automation: string;
const started: DisappearanceHold[] = [];

beforeEach(async () => {
  clock = aClock();
  dataDir = await mkdtemp(join(tmpdir(), 'satellite-disappearance-'));
  automation = '{}';
  order = 0n;
  versions = new Map();
});

afterEach(async () => {
  for (const hold of started.splice(0)) await hold.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** A master that starts on a store with these records. */
async function begin(names: readonly HostName[]): Promise<DisappearanceHold> {
  replica = new Replica({ clock, log: silentLog, foreignHoldMs: 60_000 });
  const hold = new DisappearanceHold({ dataDir, replica, clock, log: silentLog });
  hold.start();
  await hold.ready();
  started.push(hold);
  replica.onAutomation({ version: 1, data: automation });
  for (const name of names) put(name);
  replica.onState({ kind: 'whole' });
  return hold;
}

function put(name: HostName, data = ON): void {
  const version = (versions.get(name) ?? -1) + 1;
  versions.set(name, version);
  replica.onRecord(name, { host: name, data, version, createdMs: clock.wallMs(), order: ++order });
}

function vanish(name: HostName): void {
  versions.delete(name);
  replica.onRecord(name, undefined);
}

function remove(...names: readonly HostName[]): void {
  const time = clock.wallMs() / 1000;
  const said = { time, by: 'mara', as: null, cause: 'manual', reason: 'gone' };
  automation = withDeletions(
    automation,
    names.map((host) => ({ host, version: versions.get(host) ?? 0, ...said })),
  );
  replica.onAutomation({ version: 2, data: automation });
  for (const name of names) vanish(name);
}

/** 30 % of 20 hosts are 6. */
const reasonOf = (hold: DisappearanceHold, present: readonly string[] = NAMES) =>
  hold.hold({ replica, present, hosts: replica.on(), offShare: 0.3, nowS: clock.wallMs() / 1000 })?.reason;

describe('records that disappear', () => {
  test('are believed up to the share that automation may take off, and not beyond, however slowly they go', async () => {
    const hold = await begin(NAMES);
    expect(reasonOf(hold)).toBeUndefined();
    for (const name of NAMES.slice(0, 6)) {
      vanish(name);
      expect(reasonOf(hold, replica.on())).toBeUndefined();
    }
    vanish(NAMES[6] as HostName);
    expect(reasonOf(hold, replica.on())).toMatch(/^7 of 20 records disappeared .* at most 6 hosts off$/);
    put(NAMES[0] as HostName);
    expect(reasonOf(hold)).toBeUndefined();
  });

  test('are counted over a restart, from the baseline in data-dir', async () => {
    const first = await begin(NAMES);
    reasonOf(first);
    for (const name of NAMES.slice(0, 4)) vanish(name);
    await first.stop();
    const second = await begin(NAMES.slice(4));
    expect(reasonOf(second)).toBeUndefined();
    for (const name of NAMES.slice(4, 7)) vanish(name);
    expect(reasonOf(second)).toMatch(/^7 of 20/);
    await second.stop();
    const third = await begin(NAMES.slice(7));
    expect(reasonOf(third, [])).toMatch(/^7 of 20/);
  });

  test('are counted after a crash right after they began to go, also those that were new', async () => {
    const first = await begin([]);
    reasonOf(first, []);
    for (const name of NAMES) put(name);
    for (const name of NAMES) vanish(name);
    const baseline = join(dataDir, 'inventory-baseline.json');
    await until(async () => (await readFile(baseline, 'utf8').catch(() => '')).includes(NAMES[19] as HostName), {
      what: 'the baseline to be saved',
    });
    const second = await begin(NAMES.slice(0, 3));
    expect(reasonOf(second, NAMES)).toMatch(/^17 of 20/);
  });

  test('at the first start of this version are counted from the lines of the file', async () => {
    const hold = await begin(NAMES.slice(10));
    expect(reasonOf(hold)).toMatch(/^10 of 20/);
  });

  test('do not count when they were deleted through Satellite, all at once or while this master was away', async () => {
    const first = await begin(NAMES);
    reasonOf(first);
    remove(...NAMES.slice(0, 8));
    expect(reasonOf(first)).toBeUndefined();
    await first.stop();
    remove(...NAMES.slice(8, 16));
    const second = await begin(NAMES.slice(16));
    expect(reasonOf(second)).toBeUndefined();
  });

  test('count when only an earlier record of the host was deleted', async () => {
    const hold = await begin(NAMES);
    reasonOf(hold);
    remove(...NAMES.slice(0, 10));
    clock.advance(3_600_000);
    for (const name of NAMES.slice(0, 10)) put(name);
    for (const name of NAMES.slice(0, 10)) vanish(name);
    expect(reasonOf(hold)).toMatch(/^10 of 20/);
  });
});

describe('the hold', () => {
  test('ends with an operator’s confirmation: what is there is the new baseline', async () => {
    const hold = await begin(NAMES);
    reasonOf(hold);
    for (const name of NAMES.slice(0, 10)) vanish(name);
    expect(reasonOf(hold)).toBeDefined();
    hold.confirmed();
    expect(reasonOf(hold)).toBeUndefined();
    await hold.stop();
    const again = await begin(NAMES.slice(10));
    expect(reasonOf(again)).toBeUndefined();
  });

  test('is not forgotten by time, while a day without it renews the baseline', async () => {
    const hold = await begin(NAMES);
    reasonOf(hold);
    for (const name of NAMES.slice(0, 3)) vanish(name);
    clock.advance(86_400_000 + 60_000);
    for (const name of NAMES.slice(3, 9)) vanish(name);
    // Six, and not nine: 30 % of 17 hosts are 5.
    expect(reasonOf(hold)).toMatch(/^6 of 17/);
    clock.advance(2 * 86_400_000);
    expect(reasonOf(hold)).toMatch(/^6 of 17/);
  });

  test.each(['', '{', '[]', '{"hosts":7,"renewedS":1}'])(
    'a baseline that is damaged is begun again: %j',
    async (text) => {
      await writeFile(join(dataDir, 'inventory-baseline.json'), text);
      const hold = await begin(NAMES.slice(0, 18));
      expect(reasonOf(hold)).toBeUndefined();
      await hold.stop();
      const kept = JSON.parse(await readFile(join(dataDir, 'inventory-baseline.json'), 'utf8')) as { hosts: string[] };
      expect(kept.hosts).toHaveLength(20);
    },
  );
});

describe('records that are broken at the start', () => {
  const broken = async (count: number) => {
    await begin(NAMES.slice(count));
    for (const name of NAMES.slice(0, count)) put(name, '{"managed-flag":');
  };

  test('their hosts stay as the file has them', async () => {
    await broken(3);
    const [inFile] = NAMES;
    expect(listedHosts(replica, [inFile ?? ''])).toEqual([inFile, ...NAMES.slice(3)].sort());
    expect(listedHosts(replica, [])).toEqual(NAMES.slice(3).sort());
  });

  test('hold the file beyond the share that automation may take off, until they are confirmed', async () => {
    const input = () => ({ replica, present: NAMES, hosts: replica.on(), offShare: 0.3, nowS: 0 });
    await broken(6);
    expect(new BrokenRecordsHold(replica).hold(input())).toBeUndefined();
    await broken(7);
    const hold = new BrokenRecordsHold(replica);
    expect(hold.hold(input())).toMatchObject({ rule: '22a', reason: expect.stringContaining('7 of 20 records') });
    hold.confirmed();
    expect(hold.hold(input())).toBeUndefined();
  });
});
