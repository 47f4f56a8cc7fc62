/** Damage to the files of the embedded store (docs/judgement.md, rule 24b): reported, never taken for the whole. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EmbeddedStore } from '../../../satellite-master/whitelist/store/embedded-store.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLog } from '../../../shared/log.ts';
import { host, type Recorder, startWhole } from './recorder.ts';

interface Content {
  readonly records: Readonly<Record<string, string>>;
  readonly automation: string | undefined;
}

interface Ground {
  readonly dataDir: string;
  readonly content: Content;
  /** Below `dataDir`. */
  readonly files: readonly string[];
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-damage-'));
});

afterAll(() => rm(folder, { recursive: true }));

const makeStore = (dataDir: string) => new EmbeddedStore({ dataDir, clock: systemClock, log: silentLog });

const contentOf = ({ records, automation }: Recorder): Content => ({
  records: Object.fromEntries([...records].map(([name, { version, data }]) => [name, `${version} ${data}`]).sort()),
  automation: automation?.data,
});

/** Closed in order, with 40 records, some changed and deleted after they were made. */
async function writtenStore(name: string, reopenings: number): Promise<Ground> {
  const dataDir = join(folder, name);
  let content: Content | undefined;
  for (let round = 0; round <= reopenings; round++) {
    const store = makeStore(dataDir);
    const told = await startWhole(store);
    for (let at = 0; at < 40; at++) {
      const data = JSON.stringify({ 'manual-flag': at % 2 === 0 ? 'off' : null, round, filling: 'x'.repeat(at * 7) });
      const expect = told.records.get(host(`h${at}.example`))?.version ?? 'absent';
      await store.commit([{ host: host(`h${at}.example`), expect, data }]);
    }
    const version = told.records.get(host('h7.example'))?.version ?? 0;
    await store.commit([{ host: host('h7.example'), expect: version, data: null }], {
      expect: round,
      data: `{"round":${round}}`,
    });
    content = contentOf(told);
    await store.close(5_000);
  }
  const found = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return { dataDir, content: content as Content, files: files.map((file) => relative(dataDir, file)) };
}

/** Deterministic: a failing case can be run again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Damage = (path: string, size: number, random: () => number) => Promise<void>;

const inPlace =
  (change: (bytes: Buffer, random: () => number) => Buffer): Damage =>
  async (path, _, random) =>
    writeFile(path, change(await readFile(path), random));

const KINDS: Readonly<Record<string, { readonly times: number; readonly damage: Damage }>> = {
  'a flipped bit': {
    times: 40,
    damage: inPlace((bytes, random) => {
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      return bytes;
    }),
  },
  'zeros in the middle': {
    times: 10,
    damage: inPlace((bytes, random) => {
      const at = Math.floor(random() * bytes.length);
      return bytes.fill(0, at, Math.min(bytes.length, at + 1 + Math.floor(random() * 512)));
    }),
  },
  'a missing end': { times: 10, damage: inPlace((bytes, random) => bytes.subarray(0, random() * bytes.length)) },
  'no content': { times: 1, damage: (path) => writeFile(path, '') },
  'no file': { times: 1, damage: (path) => rm(path) },
};

describe.each([
  { name: 'written once', reopenings: 0 },
  { name: 'opened several times', reopenings: 3 },
])('a store that was $name', ({ name, reopenings }) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await writtenStore(name.replaceAll(' ', '-'), reopenings);
  });

  test.each(Object.entries(KINDS))(
    '%s in any of its files: exactly what was acknowledged, or damage',
    async (kind, { times, damage }) => {
      const random = randomFrom(kind.length);
      const silent: string[] = [];
      let found = 0;
      for (const file of ground.files) {
        // What the lock consists of means nothing.
        for (let time = 0; time < (file.includes('lock') ? 1 : times); time++) {
          const dataDir = join(folder, 'case');
          await rm(dataDir, { recursive: true, force: true });
          await cp(ground.dataDir, dataDir, { recursive: true });
          const path = join(dataDir, file);
          await damage(path, (await stat(path)).size, random);
          const store = makeStore(dataDir);
          const told = await startWhole(store);
          if (store.damage) found++;
          else if (JSON.stringify(contentOf(told)) !== JSON.stringify(ground.content)) silent.push(`${file}, ${time}`);
          await store.close(5_000);
        }
      }
      expect(silent).toEqual([]);
      expect(found).toBeGreaterThan(0);
    },
  );
});

describe('after damage', () => {
  const flag = (data: string) => [{ host: host('h1.example'), expect: 'absent' as const, data }];
  let dataDir: string;
  let log: string;
  let cases = 0;
  const twoChanges = async () => {
    dataDir = join(folder, `after-${cases++}`);
    const store = makeStore(dataDir);
    await startWhole(store);
    await store.commit(flag('"first"'));
    await store.commit([{ host: host('h1.example'), expect: 0, data: '"second"' }]);
    await store.close(5_000);
    log = join(dataDir, 'store', 'records-000001.log');
  };
  const reopened = async () => {
    const store = makeStore(dataDir);
    return { store, told: await startWhole(store) };
  };

  test('the rest is rescued, the file is kept as it was, and the mark stays until it is confirmed', async () => {
    await twoChanges();
    const bytes = await readFile(log);
    await writeFile(log, bytes.subarray(0, bytes.length - 5));
    const first = await reopened();
    expect(first.told.records.get(host('h1.example'))?.data).toBe('"first"');
    const { damage } = first.store;
    expect(damage).toMatchObject({ reason: 'the newest 1 acknowledged changes are missing', rescued: 1 });
    expect((await readFile(join(damage?.kept ?? '', 'records-000001.log'))).length).toBe(bytes.length - 5);
    await first.store.close(5_000);

    const second = await reopened();
    expect(second.store.damage).toEqual(damage);
    await second.store.confirmDamage();
    expect(second.store.damage).toBeUndefined();
    await second.store.close(5_000);

    const third = await reopened();
    expect(third.store.damage).toBeUndefined();
    expect(third.told.records.get(host('h1.example'))?.data).toBe('"first"');
    await third.store.close(5_000);
  });

  test('the end of a line whose change was never acknowledged is no damage', async () => {
    await twoChanges();
    const bytes = await readFile(log);
    await writeFile(log, Buffer.concat([bytes, Buffer.from('0123456789abcdef {"order":"9","su')]));
    const { store, told } = await reopened();
    expect(store.damage).toBeUndefined();
    expect(told.records.get(host('h1.example'))?.data).toBe('"second"');
    expect((await readFile(log)).equals(bytes)).toBe(true);
    await store.close(5_000);
  });

  test('a file system that takes the folder away: everything is missing, and that is damage', async () => {
    await twoChanges();
    await rm(join(dataDir, 'store'), { recursive: true });
    const { store, told } = await reopened();
    expect(told.records.size).toBe(0);
    expect(store.damage?.reason).toBe('the file with the records is missing');
    await store.close(5_000);
  });
});

describe('the format before, without checksums', () => {
  let cases = 0;
  const format1 = async (count: number) => {
    const dataDir = join(folder, `format-1-${cases++}`);
    await mkdir(dataDir);
    const level = new ClassicLevel<string, string>(join(dataDir, 'store'));
    await level.open();
    await level
      .batch()
      .put('record:a.example', '3 1790000000000 7\n{"manual-flag":"off"}')
      .put('record:b.example', '0 1790000000001 9\n{}')
      .put('automation', '4\n{"deleted":[]}')
      .put('counter', `11 ${count}`)
      .write({ sync: true });
    await level.close();
    return dataDir;
  };

  test('is taken over without loss, and its files are kept', async () => {
    const dataDir = await format1(2);
    for (let start = 0; start < 2; start++) {
      const store = makeStore(dataDir);
      const told = await startWhole(store);
      expect(store.damage).toBeUndefined();
      expect(told.records.get(host('a.example'))).toEqual({
        host: 'a.example',
        data: '{"manual-flag":"off"}',
        version: 3,
        createdMs: 1_790_000_000_000,
        order: 7n,
      });
      expect(told.records.size).toBe(2);
      expect(told.automation).toEqual({ version: 4, data: '{"deleted":[]}' });
      const [next] = await store.commit([{ host: host('c.example'), expect: 'absent', data: '{}' }]);
      expect(next?.order).toBe(start === 0 ? 12n : 14n);
      await store.commit([{ host: host('c.example'), expect: 0, data: null }]);
      await store.close(5_000);
    }
    expect(await readdir(join(dataDir, 'store.format-1'))).toContain('CURRENT');
  });

  test('with fewer records than were written it is damaged', async () => {
    const store = makeStore(await format1(3));
    const told = await startWhole(store);
    expect(told.records.size).toBe(2);
    expect(store.damage?.reason).toBe('3 records were written and 2 can be read');
    await store.close(5_000);
  });
});

test('a file that has grown is written anew, and nothing is lost by that', async () => {
  const dataDir = join(folder, 'growing');
  const store = makeStore(dataDir);
  const told = await startWhole(store);
  const filling = 'x'.repeat(500_000);
  for (let version = 0; version < 12; version++)
    await store.commit([
      { host: host('a.example'), expect: version === 0 ? 'absent' : version - 1, data: `${version} ${filling}` },
    ]);
  const content = contentOf(told);
  await store.close(5_000);
  expect(await readdir(join(dataDir, 'store'))).toEqual(['lock', 'records-000002.log']);
  const again = makeStore(dataDir);
  expect(contentOf(await startWhole(again))).toEqual(content);
  expect(again.damage).toBeUndefined();
  await again.close(5_000);
});
