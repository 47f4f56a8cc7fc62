/** A damaged embedded store, its held file and the release, over HTTP (docs/judgement.md, rule 24b; docs/rest.md). */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { damageHold } from '../../../satellite-master/whitelist/file/damage-hold.ts';
import { FilePublisher } from '../../../satellite-master/whitelist/file/file-publisher.ts';
import { ExistingFile } from '../../../satellite-master/whitelist/file/import-existing-file.ts';
import { Replica } from '../../../satellite-master/whitelist/replica.ts';
import { EmbeddedStore } from '../../../satellite-master/whitelist/store/embedded-store.ts';
import { systemClock as clock } from '../../../shared/clock.ts';
import { silentLog as log } from '../../../shared/log.ts';
import { host } from '../../support/harness.ts';
import { type HttpMaster, startHttpMaster } from '../../support/http-master.ts';
import { until } from '../../support/until.ts';

const ON = JSON.stringify({ 'managed-events': {}, 'manual-events': {}, 'managed-flag': 'on', 'manual-flag': null });
const CONTENT = 'a.example\nb.example\nc.example\n';

let folder: string;
let path: string;
let store: EmbeddedStore;
let file: FilePublisher;
let master: HttpMaster | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-hold-'));
  path = join(folder, 'whitelist');
});

afterEach(async () => {
  await master?.close();
  master = undefined;
  await stop();
  await rm(folder, { recursive: true });
});

function start(): void {
  const dataDir = join(folder, 'data');
  store = new EmbeddedStore({ dataDir, clock, log });
  const replica = new Replica({ clock, log, foreignHoldMs: 60_000 });
  const existing = new ExistingFile({ path, dataDir, store, replica, self: 'this-master', clock, log });
  const holds = [damageHold(store)];
  file = new FilePublisher({ path, replica, existing, holds, offShare: 0.3, clock, log, tried: () => undefined });
  store.start(replica);
}

async function stop(): Promise<void> {
  await file.stop();
  await store.close(5_000);
}

/** Three hosts on the file, then the last line of the store is lost. */
async function damaged(): Promise<void> {
  start();
  await until(() => store.state.kind === 'whole', { what: 'the store' });
  for (const name of ['a', 'b', 'c'])
    await store.commit([{ host: host(`${name}.example`), expect: 'absent', data: ON }]);
  await until(async () => (await readFile(path, 'utf8').catch(() => '')) === CONTENT, { what: 'the file' });
  await stop();
  const records = join(folder, 'data', 'store', 'records-000001.log');
  const bytes = await readFile(records);
  await writeFile(records, bytes.subarray(0, bytes.length - 3));
  start();
  await until(() => file.state.kind === 'held', { what: 'the file to be held' });
  master = await startHttpMaster({ services: { whitelistFile: file } });
}

const ask = async (method: string, url: string, body?: unknown) => {
  const answer = await fetch(`${master?.url}${url}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
};
const shown = async () => (await ask('GET', '/whitelist/file')).json;
const confirm = (digest: unknown) =>
  ask('POST', '/whitelist/file/confirm', { by: 'me', reason: 'c is broken for good', digest });

test('the file keeps its content and says what would change, until exactly that is confirmed', async () => {
  await damaged();
  const report = await shown();
  expect(report).toMatchObject({ state: 'held', rule: '24b', missing: ['c.example'], added: [] });
  expect(report['reason']).toMatch(/damaged: the newest 1 acknowledged changes are missing; 2 records could be read/);
  expect(await readFile(path, 'utf8')).toBe(CONTENT);

  expect(await confirm('0123')).toMatchObject({ status: 409, json: { code: 'content-changed' } });
  expect(await readFile(path, 'utf8')).toBe(CONTENT);
  expect(await confirm(report['digest'])).toMatchObject({ status: 200, json: { state: 'published' } });
  expect(await readFile(path, 'utf8')).toBe('a.example\nb.example\n');
  expect(store.damage).toBeUndefined();
  expect(await confirm(report['digest'])).toMatchObject({ status: 409, json: { code: 'not-held' } });
});

test('a confirmation of content that has changed since it was shown is refused', async () => {
  await damaged();
  const { digest } = await shown();
  await store.commit([{ host: host('d.example'), expect: 'absent', data: ON }]);
  expect(await confirm(digest)).toMatchObject({ status: 409, json: { code: 'content-changed' } });
  expect(await readFile(path, 'utf8')).toBe(CONTENT);
  expect(await shown()).toMatchObject({ state: 'held', missing: ['c.example'], added: ['d.example'] });
});

test('it stays held across a restart', async () => {
  await damaged();
  await stop();
  start();
  await until(() => file.state.kind === 'held', { what: 'the file to be held again' });
  expect(file.report().rule).toBe('24b');
  expect(await readFile(path, 'utf8')).toBe(CONTENT);
});

test('author, reason and digest are needed, and nothing else is taken', async () => {
  await damaged();
  for (const body of [
    {},
    { by: 'me', reason: 'x' },
    { by: '', reason: 'x', digest: 'y' },
    { by: 'a', reason: 'b', digest: 'c', force: true },
  ])
    expect(await ask('POST', '/whitelist/file/confirm', body)).toMatchObject({ status: 400 });
});
