/** Damage to folders of LevelDB whose content decides nothing: history and task metadata. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OpenedFolder, openLevelFolder } from '../../shared/level-folder.ts';

let parent: string;
let folder: string;
let opened: OpenedFolder<string | undefined>[];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'satellite-level-'));
  folder = join(parent, 'history');
  opened = [];
});

afterEach(async () => {
  for (const { level } of opened) await level.close();
  await rm(parent, { recursive: true });
});

async function open() {
  const found = await openLevelFolder({ folder, nowMs: 1_790_000_000_000, check: (level) => level.get('key') });
  opened.push(found);
  return found;
}

async function written(): Promise<void> {
  const { level } = await open();
  await level.put('key', 'value', { sync: true });
  await level.close();
}

test('a folder that is sound is opened as it is', async () => {
  await written();
  expect(await open()).toMatchObject({ checked: 'value', damage: undefined });
});

test('a missing CURRENT does not remove everything: it is repaired, and said', async () => {
  await written();
  await rm(join(folder, 'CURRENT'));
  expect(await open()).toMatchObject({ checked: 'value', damage: expect.stringContaining('CURRENT is missing') });
});

test('a damaged CURRENT is repaired, and said', async () => {
  await written();
  await writeFile(join(folder, 'CURRENT'), 'rubbish');
  expect(await open()).toMatchObject({ checked: 'value', damage: expect.stringContaining('repaired') });
});

test('what has ended the process twice while it was opened is put aside the third time', async () => {
  await written();
  await writeFile(join(parent, 'history.opening'), '2');
  const found = await open();
  expect(found.checked).toBeUndefined();
  expect(found.damage).toMatch(/ended this process 2 times .* put aside as .*history\.damaged-2026/);
  expect(await readdir(parent)).toEqual(['history', 'history.damaged-2026-09-21T141320.000Z']);
});

test('one start that ended in the middle is no reason for that, and is forgotten after the next', async () => {
  await written();
  await writeFile(join(parent, 'history.opening'), '1');
  expect(await open()).toMatchObject({ checked: 'value', damage: undefined });
  await expect(readFile(join(parent, 'history.opening'))).rejects.toMatchObject({ code: 'ENOENT' });
});
