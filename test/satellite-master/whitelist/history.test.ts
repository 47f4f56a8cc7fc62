import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  History,
  type HistoryEntry,
  type HistoryOptions,
} from '../../../satellite-master/whitelist/history/history.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { host } from './recorder.ts';

const a1 = host('a1.example');
const a2 = host('a2.example');
let dataDir: string;
let opened: History[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'satellite-history-'));
  opened = [];
});

afterEach(async () => {
  for (const history of opened) await history.close();
  await rm(dataDir, { recursive: true });
});

async function open(options: Partial<HistoryOptions> = {}): Promise<History> {
  const history = new History({ dataDir, clock: systemClock, log: silentLog, ...options });
  opened.push(history);
  await history.open();
  return history;
}

function entry(time: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
  return { time, from: 'on', to: 'off', cause: 'manual', by: 'ann', as: null, reason: 'disk swap', ...more };
}

const times = async (history: History, name = a1) => (await history.of(name)).map(({ time }) => time);

test('answers the newest first, with what was appended a moment ago', async () => {
  const history = await open();
  history.append(a1, entry(1), 1n);
  history.append(a2, entry(2, { as: 'token-ann' }), 2n);
  history.append(a1, entry(3, { from: 'off', to: null }), 3n);
  expect(await history.of(a1)).toEqual([entry(3, { from: 'off', to: null }), entry(1)]);
  expect(await history.of(a2)).toEqual([entry(2, { as: 'token-ann' })]);
  expect(await history.of(host('nobody.example'))).toEqual([]);
});

test('tells hosts apart whose names begin alike', async () => {
  const history = await open();
  for (const [index, name] of ['a', 'a-b', 'a.b', 'a0', 'ab', 'fe80::1', 'fe80::1:2'].entries())
    history.append(host(name), entry(index), 1n);
  for (const [index, name] of ['a', 'a-b', 'a.b', 'a0', 'ab', 'fe80::1', 'fe80::1:2'].entries())
    expect(await times(history, host(name))).toEqual([index]);
});

test('survives a restart and goes on behind what is there, whatever the keys', async () => {
  const before = await open();
  for (let time = 1; time <= 3; time++) before.append(a1, entry(time), BigInt(time) << 32n);
  await before.close();
  const after = await open();
  after.append(a1, entry(4), 1n);
  expect(await times(after)).toEqual([4, 3, 2, 1]);
});

test('the same change again replaces itself, in one go and after a restart', async () => {
  const before = await open();
  before.append(a1, entry(1), 1n);
  before.append(a1, entry(2), 2n);
  before.append(a1, entry(2), 2n);
  await before.close();
  const after = await open();
  after.append(a1, entry(2), 2n);
  expect(await times(after)).toEqual([2, 1]);
  after.append(a1, entry(2, { reason: 'said better' }), 2n);
  expect(await after.of(a1)).toEqual([entry(2, { reason: 'said better' }), entry(1)]);
});

test('keeps the newest of each host and the newest in all', async () => {
  const bounds = { perHost: 5, inAll: 8 };
  const before = await open({ bounds });
  for (let time = 1; time <= 20; time++) before.append(a1, entry(time), BigInt(time));
  expect(await times(before)).toEqual([20, 19, 18, 17, 16]);
  await before.close();
  const history = await open({ bounds });
  for (let time = 21; time <= 25; time++) {
    history.append(a2, entry(time), BigInt(time));
    await history.of(a2);
  }
  expect(await times(history)).toEqual([20, 19, 18]);
  expect(await times(history, a2)).toEqual([25, 24, 23, 22, 21]);
  expect(history.failures).toBe(0);
});

test('replaying the last change of 40,000 hosts after a restart changes nothing', async () => {
  const names = Array.from({ length: 40_000 }, (_, index) => host(`h${index}.example`));
  const before = await open();
  for (const [index, name] of names.entries()) before.append(name, entry(index), BigInt(index));
  await before.close();
  const after = await open();
  for (const [index, name] of names.entries()) after.append(name, entry(index), BigInt(index));
  expect(await times(after, names[39_999])).toEqual([39_999]);
  expect(await times(after, names[0])).toEqual([0]);
  expect(after.failures).toBe(0);
});

test('a folder that cannot be opened costs only the history: counted, and tried again', async () => {
  const clock = new ManualClock();
  await writeFile(join(dataDir, 'history'), 'a file in the way');
  const history = await open({ clock });
  history.append(a1, entry(1), 1n);
  await expect(history.of(a1)).rejects.toMatchObject({ code: 'internal' });
  expect(history.failures).toBe(1);
  await rm(join(dataDir, 'history'));
  clock.advance(5_000);
  history.append(a1, entry(2), 2n);
  expect(await times(history)).toEqual([2]);
  expect(history.failures).toBe(1);
});

test('a damaged folder is repaired', async () => {
  const before = await open();
  before.append(a1, entry(1), 1n);
  await before.close();
  await writeFile(join(dataDir, 'history', 'CURRENT'), 'no manifest');
  const after = await open();
  after.append(a1, entry(2), 2n);
  expect(await times(after)).toEqual([2, 1]);
});

test('what waits for the disk is bounded by its size, too', async () => {
  const history = await open();
  const reason = 'x'.repeat(1_000_000);
  for (let at = 0; at < 100; at++) history.append(a1, entry(at, { reason }), BigInt(at));
  expect(history.failures).toBeGreaterThan(30);
  expect((await history.of(a1)).length + history.failures).toBe(100);
});

test('what comes after close is counted as missing', async () => {
  const history = await open();
  await history.close();
  history.append(a1, entry(1), 1n);
  expect(history.failures).toBe(1);
});
