/** What only the embedded store can suffer: kill -9, a full disk, a second process; damage: embedded-damage.test.ts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedStore } from '../../../satellite-master/whitelist/store/embedded-store.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLog } from '../../../shared/log.ts';
import { until } from '../../support/until.ts';
import { host, Recorder, startWhole, untilState } from './recorder.ts';

const a1 = host('a1.example');
let dataDir: string;
let stores: EmbeddedStore[];
let children: ChildProcess[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'satellite-store-'));
  stores = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const store of stores) await store.close(2_000);
  await rm(dataDir, { recursive: true });
});

function makeStore(): EmbeddedStore {
  const store = new EmbeddedStore({ dataDir, clock: systemClock, log: silentLog });
  stores.push(store);
  return store;
}

interface Line {
  readonly host: string;
  readonly version: number;
  readonly code?: string;
  readonly state?: unknown;
}

/** A real process that writes to the store; `lines` is what it has acknowledged or refused so far. */
function startWriter(
  bytes: number,
  shellPrefix = '',
  content = 'random',
): { child: ChildProcess; lines: Line[]; ended: Promise<void> } {
  const hooks = fileURLToPath(new URL('../../support/typescript-hooks.mjs', import.meta.url));
  const script = fileURLToPath(new URL('./embedded-writer.ts', import.meta.url));
  const child = spawn(
    'bash',
    ['-c', `${shellPrefix} exec node --import "$0" "$@"`, hooks, script, dataDir, `${bytes}`, content],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  children.push(child);
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { child, lines, ended };
}

/** The highest version acknowledged for each host. */
function acknowledged(lines: readonly Line[]): Map<string, number> {
  return new Map(lines.filter((line) => line.host && line.code === undefined).map((line) => [line.host, line.version]));
}

test('kill -9 in the middle of writes loses nothing that was acknowledged', async () => {
  const { child, lines, ended } = startWriter(4_000);
  await until(() => lines.length > 300, { what: '300 acknowledged commits' });
  child.kill('SIGKILL');
  await ended;
  const told = await startWhole(makeStore());
  const expected = acknowledged(lines);
  expect(expected.size).toBe(3);
  for (const [name, version] of expected) {
    const stored = told.records.get(host(name));
    // The commit that was under way may have arrived too.
    expect([version, version + 1]).toContain(stored?.version);
    expect(JSON.parse(stored?.data ?? '')).toMatchObject({ version: stored?.version });
  }
});

test('a disk that takes no more: what was acknowledged is there, what was refused is not', async () => {
  // A limit on the size of files is a disk that fills up, without root: the write fails with EFBIG.
  const { lines, ended } = startWriter(8_000, "trap '' XFSZ; ulimit -f 1000;");
  await ended;
  const refused = lines.filter((line) => line.code !== undefined);
  expect(refused.map(({ code }) => code)).toEqual(['store-unavailable', 'store-unavailable', 'store-unavailable']);
  const states = lines.flatMap(({ state }) => (state ? [state] : []));
  expect(states).toEqual([
    { kind: 'whole', writeFault: expect.stringMatching(/^writing to .* failed: EFBIG/) as string },
    { kind: 'whole' },
  ]);
  const store = makeStore();
  const told = await startWhole(store);
  expect(store.damage).toBeUndefined();
  for (const [name, version] of acknowledged(lines)) expect(told.records.get(host(name))?.version).toBe(version);
});

test('a second master on the same folder says so, and takes over when the first one ends', async () => {
  const first = makeStore();
  await startWhole(first);
  await first.commit([{ host: a1, expect: 'absent', data: '{}' }]);
  const second = makeStore();
  const told = new Recorder();
  second.start(told);
  await until(() => told.states.length > 0, { what: 'the second store to say how it stands' });
  expect(second.state).toEqual({
    kind: 'unread',
    reason: `another satellite-master uses ${join(dataDir, 'store')}`,
  });
  await expect(second.read(a1)).rejects.toMatchObject({ code: 'store-unavailable' });
  await first.close(2_000);
  await untilState(second, 'whole');
  expect(told.records.get(a1)?.data).toBe('{}');
});

test('40,000 records are read again', async () => {
  const first = makeStore();
  await startWhole(first);
  const filling = 'x'.repeat(400);
  for (let start = 0; start < 40_000; start += first.maxChanges)
    await first.commit(
      Array.from({ length: first.maxChanges }, (_, index) => ({
        host: host(`h${start + index}.example`),
        expect: 'absent' as const,
        data: JSON.stringify({ filling }),
      })),
    );
  await first.close(5_000);
  const told = await startWhole(makeStore());
  expect(told.records.size).toBe(40_000);
});
