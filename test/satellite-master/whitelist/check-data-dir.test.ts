/** What `--check` says of `data-dir`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { faultsOfDataDir } from '../../../satellite-master/whitelist/store/check-data-dir.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-data-'));
});

afterEach(() => rm(folder, { recursive: true }));

test('a folder, or one that is still to be made, is right', async () => {
  expect(await faultsOfDataDir(folder)).toEqual([]);
  expect(await faultsOfDataDir(join(folder, 'a', 'b'))).toEqual([]);
});

test('a file in its place, or above it, is said', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  for (const dataDir of [file, join(file, 'data'), join(file, 'a', 'b')])
    expect(await faultsOfDataDir(dataDir)).toEqual([
      `data-dir: found "${dataDir}", but ${file} is no folder, expected a folder in which satellite-master may create files`,
    ]);
});
