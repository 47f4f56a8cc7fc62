/** The first start beside a whitelist file of before (docs/judgement.md, rule 20), over a real store and real files. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeOver } from '../../../satellite-master/whitelist/file/import-existing-file.ts';
import { aClock, House, host, OPERATOR } from '../../support/house.ts';
import { SharedGround } from '../../support/shared-ground.ts';

const clock = aClock();
let ground: SharedGround;
let house: House;
let folder: string;
let path: string;
let dataDir: string;
let logged: string[];

beforeEach(async () => {
  ground = await SharedGround.open(clock);
  house = await House.open({ clock, ground, leads: false });
  folder = await mkdtemp(join(tmpdir(), 'satellite-takeover-'));
  path = join(folder, 'whitelist');
  dataDir = join(folder, 'data');
  logged = [];
});

afterEach(async () => {
  await ground.close();
  await rm(folder, { recursive: true });
});

function run(of: House = house, dir = dataDir): Promise<void> {
  const log = pino({ level: 'info' }, { write: (line: string) => logged.push(line) });
  const { store, replica } = of;
  return takeOver({ path, dataDir: dir, store, replica, self: 'this-master', clock, log });
}

const names = () => [...ground.records.keys()].sort();
const backup = () => readFile(`${path}.before-satellite`, 'utf8');

describe('rule 20: the first start', () => {
  test('every host of the file that the store lacks is created, managed on; the file is untouched and copied', async () => {
    await writeFile(path, 'b.example\na.example\n10.0.0.7\n');
    await run();
    expect(names()).toEqual(['10.0.0.7', 'a.example', 'b.example']);
    expect(ground.record(host('a.example'))).toMatchObject({
      'managed-flag': 'on',
      'manual-flag': null,
      'manual-events': {},
      changed: { version: 0, by: 'this-master', cause: 'takeover' },
    });
    expect(await readFile(path, 'utf8')).toBe('b.example\na.example\n10.0.0.7\n');
    expect(await backup()).toBe('b.example\na.example\n10.0.0.7\n');
  });

  test('a host that the store has already stays as it is', async () => {
    await house.whitelist.edit(host('a.example'), OPERATOR, () => ({
      'managed-events': {},
      'manual-events': {},
      'managed-flag': 'off',
      'manual-flag': null,
    }));
    const before = ground.records.get(host('a.example'))?.data;
    await writeFile(path, 'a.example\nb.example\n');
    await run();
    expect(ground.records.get(host('a.example'))?.data).toBe(before);
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
    await house.whitelist.remove(host('a.example'), OPERATOR);
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
    house.store.lose();
    await expect(run()).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(stat(join(dataDir, 'published.json'))).rejects.toMatchObject({ code: 'ENOENT' });
    house.store.find();
    await run();
    expect(names()).toEqual(['a.example']);
  });

  test('three masters may do it at the same time', async () => {
    const all = Array.from({ length: 450 }, (_, at) => `h${at}.example`).sort();
    await writeFile(path, `${all.join('\n')}\n`);
    const others = [
      await House.open({ clock, ground, leads: false }),
      await House.open({ clock, ground, leads: false }),
    ];
    await Promise.all([house, ...others].map((one, at) => run(one, `${dataDir}-${at}`)));
    expect(names()).toEqual(all);
    for (const stored of ground.records.values()) expect(stored.version).toBe(0);
  });

  test('hosts taken over count for the guard at once', async () => {
    const early = await House.open({ clock, ground, leads: false, mesosWord: () => 'unsure' });
    await writeFile(path, Array.from({ length: 10 }, (_, at) => `h${at}.example\n`).join(''));
    await run(early);
    expect(early.census.counts().inventory).toBe(10);
    expect(early.census.limit()).toBe(3);
  });
});
