/** The first start beside a whitelist file of before (docs/judgement.md, rule 20), over a real store and real files. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExistingFile } from '../../../satellite-master/whitelist/file/import-existing-file.ts';
import { aClock, Harness, host, OPERATOR } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';

const clock = aClock();
let sharedStore: SharedStore;
let harness: Harness;
let folder: string;
let path: string;
let dataDir: string;
let logged: string[];

beforeEach(async () => {
  sharedStore = await SharedStore.open(clock);
  harness = await Harness.open({ clock, sharedStore, leads: false });
  folder = await mkdtemp(join(tmpdir(), 'satellite-takeover-'));
  path = join(folder, 'whitelist');
  dataDir = join(folder, 'data');
  logged = [];
});

afterEach(async () => {
  await sharedStore.close();
  await rm(folder, { recursive: true });
});

function existing(of: Harness = harness, dir = dataDir): ExistingFile {
  const log = pino({ level: 'info' }, { write: (line: string) => logged.push(line) });
  const { store, replica } = of;
  return new ExistingFile({ path, dataDir: dir, store, replica, self: 'this-master', clock, log });
}

const run = (of?: Harness, dir?: string) => existing(of, dir).prepare();

const names = () => [...sharedStore.records.keys()].sort();
const backup = () => readFile(`${path}.before-satellite`, 'utf8');

const OFF = { 'managed-events': {}, 'manual-events': {}, 'managed-flag': 'off', 'manual-flag': null } as const;
const ON = { ...OFF, 'managed-flag': 'on' } as const;

describe('rule 20: the first start', () => {
  test('every host of the file that the store lacks is created, managed on; the file is untouched and copied', async () => {
    await writeFile(path, 'b.example\na.example\n10.0.0.7\n');
    await run();
    expect(names()).toEqual(['10.0.0.7', 'a.example', 'b.example']);
    expect(sharedStore.record(host('a.example'))).toMatchObject({
      'managed-flag': 'on',
      'manual-flag': null,
      'manual-events': {},
      changed: { version: 0, by: 'this-master', cause: 'takeover' },
    });
    expect(await readFile(path, 'utf8')).toBe('b.example\na.example\n10.0.0.7\n');
    expect(await backup()).toBe('b.example\na.example\n10.0.0.7\n');
  });

  test('a host that reported while the file was read stays as it is', async () => {
    await writeFile(path, 'a.example\nb.example\n');
    harness.store.lose();
    const file = existing();
    await expect(file.prepare()).rejects.toMatchObject({ code: 'store-unavailable' });
    harness.store.find();
    await harness.whitelist.edit(host('a.example'), OPERATOR, () => OFF);
    const before = sharedStore.records.get(host('a.example'))?.data;
    await file.prepare();
    expect(sharedStore.records.get(host('a.example'))?.data).toBe(before);
    expect(names()).toEqual(['a.example', 'b.example']);
  });

  test('lines that are no host name are logged and left out; the others are taken', async () => {
    await writeFile(path, 'a.example\nwith blank.example\r\n../etc\n\u0007bell\n12.34\nb.example\n');
    await run();
    expect(names()).toEqual(['a.example', 'b.example']);
    const lines = logged.map((line) => JSON.parse(line) as { line?: string }).flatMap(({ line }) => line ?? []);
    expect(lines).toEqual(['with blank.example\\u000d', '../etc', '\\u0007bell', '12.34']);
  });

  test('it happens once: hosts deleted later stay deleted at the next start', async () => {
    await writeFile(path, 'a.example\nb.example\n');
    await run();
    await harness.whitelist.remove(host('a.example'), OPERATOR);
    await writeFile(path, 'c.example\n');
    await run();
    expect(names()).toEqual(['b.example']);
    expect(await backup()).toBe('a.example\nb.example\n');
  });

  test('without a file nothing is created, and a file that appears later is not taken over', async () => {
    await run();
    await writeFile(path, 'a.example\n');
    await run();
    expect(names()).toEqual([]);
  });

  test('the copy of an earlier try is not overwritten', async () => {
    await writeFile(path, 'a.example\n');
    await writeFile(`${path}.before-satellite`, 'older\n');
    await run();
    expect(await backup()).toBe('older\n');
  });

  test('while the store is out of reach it fails, and is done whole at the next try', async () => {
    await writeFile(path, 'a.example\n');
    harness.store.lose();
    await expect(run()).rejects.toMatchObject({ code: 'store-unavailable' });
    harness.store.find();
    await run();
    expect(names()).toEqual(['a.example']);
  });

  test('three masters may do it at the same time', async () => {
    const all = Array.from({ length: 450 }, (_, at) => `h${at}.example`).sort();
    await writeFile(path, `${all.join('\n')}\n`);
    const others = [
      await Harness.open({ clock, sharedStore, leads: false }),
      await Harness.open({ clock, sharedStore, leads: false }),
    ];
    await Promise.all([harness, ...others].map((one, at) => run(one, `${dataDir}-${at}`)));
    expect(names()).toEqual(all);
    for (const stored of sharedStore.records.values()) expect(stored.version).toBe(0);
  });

  test('hosts taken over count for the guard at once', async () => {
    const early = await Harness.open({ clock, sharedStore, leads: false, registrationOf: () => 'unsure' });
    await writeFile(path, Array.from({ length: 10 }, (_, at) => `h${at}.example\n`).join(''));
    await run(early);
    expect(early.guardCounts.counts().inventory).toBe(10);
    expect(early.guardCounts.limit()).toBe(3);
  });
});

describe('rule 20a: the store holds records already', () => {
  const offShare = 0.3;
  const present = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example', 'f.example', 'g.example'];
  beforeEach(async () => {
    await harness.whitelist.edit(host('a.example'), OPERATOR, () => ON);
    await writeFile(path, `${present.join('\n')}\n`);
  });
  const hold = (file: ExistingFile) =>
    file.hold({ replica: harness.replica, present, hosts: harness.replica.on(), offShare, nowS: harness.nowS });

  test('nothing is imported; the file is copied, and the differences are logged', async () => {
    await run();
    expect(names()).toEqual(['a.example']);
    expect(await backup()).toBe(`${present.join('\n')}\n`);
    expect(logged.join('')).toContain('"missing":6,"added":0,"missingHosts":["b.example"');
  });

  test('it is held while more than the share of the guard would be dropped, also after a restart', async () => {
    const file = existing();
    await file.prepare();
    expect(hold(file)).toEqual({ rule: '20a', reason: expect.stringContaining('drop 6 of its 7 lines; at most 2') });
    const again = existing();
    await again.prepare();
    expect(hold(again)).toMatchObject({ rule: '20a' });
    for (const name of present.slice(1, 5)) await harness.whitelist.edit(host(name), OPERATOR, () => ON);
    await harness.settled();
    expect(hold(again)).toBeUndefined();
  });

  test('a confirmation releases it for good', async () => {
    const file = existing();
    await file.prepare();
    await file.confirmed();
    expect(hold(file)).toBeUndefined();
    const again = existing();
    await again.prepare();
    expect(hold(again)).toBeUndefined();
  });

  test('a first start is one for each file: another path is compared again', async () => {
    const file = existing();
    await file.prepare();
    await file.confirmed();
    path = join(folder, 'another');
    await writeFile(path, `${present.join('\n')}\n`);
    const other = existing();
    await other.prepare();
    expect(await backup()).toBe(`${present.join('\n')}\n`);
    expect(hold(other)).toMatchObject({ rule: '20a' });
  });

  test('a file that this master published before the mark named it is known', async () => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'published.json'), JSON.stringify({ file: path, at: '2026-01-01T00:00:00Z' }));
    const file = existing();
    await file.prepare();
    expect(hold(file)).toBeUndefined();
  });

  test('an import that was cut off is finished, though the store holds records then', async () => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'published.json'), JSON.stringify({ files: { [path]: 'importing' } }));
    await run();
    expect(names()).toEqual(present);
  });
});
