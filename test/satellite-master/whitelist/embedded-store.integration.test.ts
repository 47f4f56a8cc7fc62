/** What only the embedded store can suffer: kill -9, a full disk, a second process, damage. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ClassicLevel } from 'classic-level';
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

test.each([
  // What LevelDB cannot compress it cannot write out again either: the folder stays closed.
  { content: 'random', first: 'store-uncertain' },
  // It opens again, and the counter says that the change did not arrive.
  { content: 'same', first: 'store-unavailable' },
])(
  'a disk that takes no more, $content bytes: what was acknowledged is there, what was refused is not',
  async ({ content, first }) => {
    // A limit on the size of files is a disk that fills up, without root: the write fails with EFBIG.
    const { lines, ended } = startWriter(8_000, "trap '' XFSZ; ulimit -f 1000;", content);
    await ended;
    const refused = lines.filter((line) => line.code !== undefined);
    expect(refused.length).toBe(3);
    expect(refused[0]?.code).toBe(first);
    const told = await startWhole(makeStore());
    for (const [name, version] of acknowledged(lines)) {
      const stored = told.records.get(host(name))?.version;
      const code = refused.find((line) => line.host === name)?.code;
      expect(['store-unavailable', 'store-uncertain']).toContain(code);
      expect(code === 'store-unavailable' ? [version] : [version, version + 1]).toContain(stored);
    }
  },
);

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

test('a folder that is damaged stays unread, with the reason', async () => {
  await mkdir(join(dataDir, 'store'));
  await writeFile(join(dataDir, 'store', 'CURRENT'), 'no manifest');
  const store = makeStore();
  const told = new Recorder();
  store.start(told);
  await until(() => told.states.length > 0, { what: 'the store to say how it stands' });
  expect(store.state.kind).toBe('unread');
  expect(JSON.stringify(store.state)).toMatch(/cannot be opened.*LEVEL_CORRUPTION/);
});

test('records lost from the log are missed by count: the rest is not taken for the whole', async () => {
  const first = makeStore();
  await startWhole(first);
  await first.commit([{ host: a1, expect: 'absent', data: '{}' }]);
  await first.commit([{ host: host('a2.example'), expect: 'absent', data: '{}' }]);
  await first.close(2_000);
  const level = new ClassicLevel(join(dataDir, 'store'));
  await level.del('record:a1.example');
  await level.close();
  const store = makeStore();
  const told = new Recorder();
  store.start(told);
  await until(() => told.states.length > 0, { what: 'the store to say how it stands' });
  expect(JSON.stringify(store.state)).toContain('2 records were written and 1 can be read');
  expect(told.records.size).toBe(0);
});

test('a log torn at its end, as by a power cut, opens with what came before', async () => {
  const first = makeStore();
  await startWhole(first);
  await first.commit([{ host: a1, expect: 'absent', data: '{"n":0}' }]);
  await first.commit([{ host: a1, expect: 0, data: '{"n":1}' }]);
  await first.close(2_000);
  const folder = join(dataDir, 'store');
  const log = (await readdir(folder)).find((name) => name.endsWith('.log')) ?? '';
  const { size } = await stat(join(folder, log));
  await truncate(join(folder, log), size - 5);
  const told = await startWhole(makeStore());
  expect(told.records.get(a1)).toMatchObject({ version: 0, data: '{"n":0}' });
});

test('40,000 records are whole within five seconds', async () => {
  const first = makeStore();
  await startWhole(first);
  const filling = 'x'.repeat(400);
  for (let start = 0; start < 40_000; start += first.mostChanges)
    await first.commit(
      Array.from({ length: first.mostChanges }, (_, index) => ({
        host: host(`h${start + index}.example`),
        expect: 'absent' as const,
        data: JSON.stringify({ filling }),
      })),
    );
  await first.close(5_000);
  const startMs = performance.now();
  const told = await startWhole(makeStore());
  expect(told.records.size).toBe(40_000);
  expect(performance.now() - startMs).toBeLessThan(5_000);
});
