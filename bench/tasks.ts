/**
 * The embedded task store with many tasks, 100,000 of 2 KB or any other number:
 * `node --import ./test/support/typescript-hooks.mjs bench/tasks.ts --tasks 1000000`.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EmbeddedTaskStore } from '../satellite-master/tasks/embedded.ts';
import type { TaskMetadata } from '../satellite-master/tasks/store.ts';
import { systemClock } from '../shared/clock.ts';
import { parseHostName } from '../shared/host-name.ts';
import { silentLog } from '../shared/log.ts';
import { until } from '../test/support/until.ts';

const STATE_BYTES = 2_000;
/** As a request of a slave holds at most. */
const A_REQUEST = 500;
const AT_ONCE = 4;
const LOOKUPS = 5_000;
const REWRITES = 5;

const { values } = parseArgs({ options: { tasks: { type: 'string', default: '100000' }, folder: { type: 'string' } } });
const count = Number(values.tasks);
const host = parseHostName('a1.bench.example');
if (!host || !Number.isInteger(count) || count < A_REQUEST) throw new Error('--tasks takes a number from 500 on');

/** Figures and ids that do not compress away, between words that every task has. */
function taskOf(at: number, round: number): TaskMetadata {
  const id = `app-${at % 977}.${at.toString(36)}-${(at * 2_654_435_761) % 4_294_967_296}`;
  let noise = '';
  for (let part = 0; noise.length < STATE_BYTES / 3; part++)
    noise += ((at + 1) * 7_919 * (part + 3) * (round + 1)).toString(36);
  const words = '"resources":{"cpus":0.1,"disk":0,"mem":32},"statuses":[{"state":"TASK_RUNNING"}],';
  const state = `{"id":"${id}","noise":"${noise}",${words.repeat(20)}`.slice(0, STATE_BYTES - 2);
  return { id, host: host ?? neverHost(), newestS: round, state: `${state}"}` };
}

function neverHost(): never {
  throw new Error('no host');
}

async function fill(store: EmbeddedTaskStore, round: number, some = count): Promise<number> {
  const startMs = performance.now();
  for (let from = 0; from < some; from += A_REQUEST * AT_ONCE)
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, part) => {
        const first = from + part * A_REQUEST;
        const length = Math.max(0, Math.min(A_REQUEST, some - first));
        return length === 0 ? undefined : store.put(Array.from({ length }, (__, at) => taskOf(first + at, round)));
      }),
    );
  return (performance.now() - startMs) / 1000;
}

function diskMb(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name)).size ?? 0), 0) / 1e6;
}

/** LevelDB maps its files: those pages are the kernel's to take back. */
function anonymousMb(): number {
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

async function open(dataDir: string, maxBytes: number): Promise<EmbeddedTaskStore> {
  const store = new EmbeddedTaskStore({
    dataDir,
    keepMs: 7 * 86_400_000,
    maxBytes,
    clock: systemClock,
    log: silentLog,
  });
  store.start();
  await until(() => store.fault === undefined, { timeoutMs: 60_000, what: 'the store to be open' });
  return store;
}

const say = (name: string, value: string) => process.stdout.write(`${name.padEnd(48)} ${value}\n`);
const tenths = (figure: number) => figure.toFixed(1);

const dataDir = await mkdtemp(join(values.folder ?? tmpdir(), 'satellite-bench-tasks-'));
const folder = join(dataDir, 'tasks');
try {
  let store = await open(dataDir, 1e12);
  const filledS = await fill(store, 1);
  const bytes = store.stats()?.bytes ?? 0;
  say(
    `stored, ${count} tasks of ${STATE_BYTES} bytes`,
    `${tenths(filledS)} s, ${Math.round(count / filledS)}/s, durable`,
  );
  say('their size, and on the disk', `${tenths(bytes / 1e6)} MB, ${tenths(diskMb(folder))} MB`);
  await store.close(10_000);

  const openMs = performance.now();
  store = await open(dataDir, 1e12);
  say('opened again', `${tenths(performance.now() - openMs)} ms`);
  const tookMs: number[] = [];
  for (let turn = 0; turn < LOOKUPS; turn++) {
    const { id } = taskOf(Math.floor(Math.random() * count), 1);
    const startMs = performance.now();
    if (!(await store.get(id))) throw new Error(`${id} is missing`);
    tookMs.push(performance.now() - startMs);
  }
  tookMs.sort((a, b) => a - b);
  const slow = tookMs.filter((ms) => ms >= 5).length;
  const at = (share: number) => (tookMs[Math.min(Math.floor(LOOKUPS * share), LOOKUPS - 1)] ?? 0).toFixed(2);
  say(
    'lookup of a random one: median, p99, slowest',
    `${at(0.5)} ms, ${at(0.99)} ms, ${at(1)} ms (goal: under 5 ms; ${slow} of ${LOOKUPS} were not)`,
  );
  say('memory of this process, files mapped aside', `${tenths(anonymousMb())} MB`);
  await store.close(10_000);

  // As much as half of them is kept, and all of them are told again and again.
  store = await open(dataDir, bytes / 2);
  let most = 0;
  for (let round = 2; round < 2 + REWRITES; round++) {
    await fill(store, round, Math.ceil(count / 2));
    most = Math.max(most, diskMb(folder));
  }
  await until(() => (store.stats()?.bytes ?? 0) <= bytes / 2, { timeoutMs: 120_000, what: 'room' });
  say(
    `limit ${tenths(bytes / 2e6)} MB, half told ${REWRITES} times more: on the disk`,
    `${tenths(diskMb(folder))} MB, ${tenths(most)} MB at most`,
  );
  await store.close(10_000);
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
