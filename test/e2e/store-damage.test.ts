/** Damage to the files of a master on the embedded store, between kill -9 and the next start (docs/judgement.md, rule 24b). */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-damage-'));
let masters: MasterProcess[] = [];

afterEach(async () => {
  for (const master of masters) await master.kill();
  masters = [];
  rmSync(folder, { recursive: true, force: true });
});

const HOSTS = Array.from({ length: 12 }, (_, at) => `h${at}.example`).sort();

/** Six of twelve hosts are off by hand; then the master is killed. */
async function killedMaster(name: string): Promise<MasterProcess> {
  const master = await startMaster(join(folder, name), { 'host-check': { dns: false } });
  masters.push(master);
  for (const host of HOSTS) await master.report(host, 'ok', { ttl: 3600 });
  await until(async () => (await master.lines()).length === 12, { what: 'twelve hosts on the file' });
  for (const host of HOSTS.slice(0, 6))
    expect((await master.api('PUT', `/whitelist/host/${host}/off`)).status).toBe(200);
  await until(async () => (await master.lines()).length === 6, { what: 'six hosts on the file' });
  await master.kill();
  return master;
}

const records = (master: MasterProcess) => {
  const store = join(master.folder, 'data', 'store');
  return join(store, readdirSync(store).find((name) => name.endsWith('.log')) ?? '');
};

it('an "off" that is lost puts nobody back on the file before an operator has seen it', async () => {
  const master = await killedMaster('lost');
  const bytes = readFileSync(records(master));
  const at = bytes.lastIndexOf('"manual-flag\\":\\"off\\"');
  expect(at).toBeGreaterThan(0);
  bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 1;
  writeFileSync(records(master), bytes);
  const before = await master.lines();

  master.launch();
  await until(
    async () =>
      String((await master.api('GET', '/readyz').catch(() => undefined))?.json['file']).startsWith('file-held'),
    { what: 'the file to be held' },
  );
  const ready = await master.api('GET', '/readyz');
  expect(ready.status).toBe(503);
  expect(ready.json['file']).toMatch(/^file-held: rule 24b: the store was damaged/);
  expect(master.log.filter((line) => line.includes('the embedded store is damaged'))).toHaveLength(1);
  for (const host of HOSTS) await master.report(host, 'ok', { ttl: 3600 });
  expect(await master.lines()).toEqual(before);
  const why = await master.api('GET', `/whitelist/host/${HOSTS[7]}/why`);
  expect(why.json['file']).toMatchObject({ held: true, reason: expect.stringContaining('damaged') });

  const shown = await master.api('GET', '/whitelist/file');
  expect(shown.json).toMatchObject({ state: 'held', rule: '24b', missing: [] });
  const digest = shown.json['digest'];
  const answer = await master.api('POST', '/whitelist/file/confirm', { by: 'me', reason: 'seen', digest });
  expect(answer).toMatchObject({ status: 200, json: { state: 'published' } });
  await master.untilReady();
  expect((await master.lines()).length).toBe(before.length + (shown.json['added'] as string[]).length);
}, 60_000);

it('the whole folder of the store gone: the file keeps its lines, and it is said', async () => {
  const master = await killedMaster('gone');
  const before = await master.lines();
  rmSync(join(master.folder, 'data', 'store'), { recursive: true });
  master.launch();
  await until(async () => (await master.api('GET', '/readyz').catch(() => undefined))?.json['file'] !== undefined, {
    what: 'the master to answer',
  });
  await until(
    async () =>
      String((await master.api('GET', '/readyz')).json['file']).includes('the file with the records is missing'),
    { what: 'the damage to be said' },
  );
  expect(await master.lines()).toEqual(before);
}, 60_000);
