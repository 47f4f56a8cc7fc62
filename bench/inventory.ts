/** A large cluster: 40,000 hosts in ZooKeeper, one master started on it, one host after another taken off by hand. */
import { join } from 'node:path';
import { createZooKeeperSession } from '../satellite-master/zookeeper/session.ts';
import { systemClock } from '../shared/clock.ts';
import { silentLog } from '../shared/log.ts';
import { freePort } from '../test/support/free-port.ts';
import { MasterProcess } from '../test/support/satellite.ts';
import { until } from '../test/support/until.ts';
import type { ZooKeeperEnsemble } from '../test/support/zookeeper.ts';
import { cpuMs, memoryMb } from './processes.ts';
import { FileReader, whenSeen } from './reader.ts';
import { type Figure, median, quantile, spread, tenths, under, whole } from './table.ts';

const HOSTS = 40_000;
const ROOT = '/inventory';
const STARTS = 3;
const CHANGES = 60;
const START_GOAL_MS = 10_000;
const CHANGE_GOAL_MS = 50;

const hostName = (n: number): string => `agent-${n}.rack-${n % 800}.bench.example`;

/** @param folder of its own */
export async function inventoryFigures(folder: string, ensemble: ZooKeeperEnsemble): Promise<readonly Figure[]> {
  await fill(ensemble.connectString);
  const settings = { zookeeper: ensemble.connectString, 'zookeeper-root': ROOT };
  const startsMs: number[] = [];
  const startsCpuMs: number[] = [];
  for (let n = 1; ; n++) {
    const master = new MasterProcess(join(folder, `start-${n}`), await freePort(), settings);
    const file = new FileReader(master.file);
    const fromMs = performance.now();
    master.launch();
    startsMs.push((await whenSeen(() => file.lines === HOSTS, `${HOSTS} lines in the file`)) - fromMs);
    startsCpuMs.push(cpuMs(master.pid));
    if (n < STARTS) {
      await master.stop();
      continue;
    }
    const changes = await changeFigures(master, file);
    await master.stop();
    const startMs = median(startsMs);
    return [
      {
        name: 'start to published file',
        value: `${whole(startMs)} ms`,
        goal: under(startMs, START_GOAL_MS, 'ms'),
        note: `${spread(startsMs, whole)}; ${whole(median(startsCpuMs))} ms of CPU`,
      },
      ...changes,
    ];
  }
}

async function changeFigures(master: MasterProcess, file: FileReader): Promise<readonly Figure[]> {
  await master.untilReady();
  await untilQuiet(master.pid);
  const afterStart = memoryMb(master.pid);
  const byHand = await workOf(master, async (n) => {
    const host = hostName((n * 7_919) % HOSTS);
    const { status, body } = await master.api('PUT', `/whitelist/host/${host}/off`);
    if (status !== 200) throw new Error(`PUT ${host} off: ${status} ${body}`);
    return () => !file.has(host);
  });
  const fresh = await workOf(master, async (n) => {
    const host = `new-${n}.bench.example`;
    await master.report(host, 'ok');
    return () => file.has(host);
  });
  const memory = memoryMb(master.pid);
  return [
    ...workFigures('PUT off', byHand),
    ...workFigures('first report of a new host', fresh),
    {
      name: 'memory of that master',
      value: `${whole(memory.now)} MB`,
      note: `resident; ${whole(afterStart.now)} after its start, ${whole(memory.most)} at most`,
    },
  ];
}

interface Work {
  /** CPU for one change, all threads of the master. */
  readonly cpuMs: number;
  /** From before the request until the file shows it. */
  readonly tookMs: readonly number[];
}

/** @param change makes one change, and gives how to see in the file that it is there */
async function workOf(master: MasterProcess, change: (n: number) => Promise<() => boolean>): Promise<Work> {
  const tookMs: number[] = [];
  const cpuFromMs = cpuMs(master.pid);
  for (let n = 0; n < CHANGES; n++) {
    const fromMs = performance.now();
    const isSeen = await change(n);
    tookMs.push((await whenSeen(isSeen, `change ${n} in the file`)) - fromMs);
  }
  return { cpuMs: (cpuMs(master.pid) - cpuFromMs) / CHANGES, tookMs };
}

function workFigures(name: string, { cpuMs: workMs, tookMs }: Work): readonly Figure[] {
  return [
    {
      name: `${name}, CPU of the master`,
      value: `${tenths(workMs)} ms`,
      goal: under(workMs, CHANGE_GOAL_MS, 'ms'),
      note: `mean of ${CHANGES}, all threads, idle work included`,
    },
    {
      name: `${name} to file, p50`,
      value: `${tenths(median(tookMs))} ms`,
      note: `min ${tenths(Math.min(...tookMs))}, p99 ${tenths(quantile(tookMs, 0.99))}`,
    },
  ];
}

/** The start is over when its last threads rest: the history goes to the disk after the file. */
async function untilQuiet(pid: number): Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  await until(
    () => {
      const now = cpuMs(pid);
      const quiet = now - last <= 20;
      last = now;
      return quiet;
    },
    { everyMs: 500, timeoutMs: 30_000, what: 'the master to rest after its start' },
  );
}

/** Records as a master leaves them, put there by hand. */
async function fill(connectString: string): Promise<void> {
  const session = createZooKeeperSession({ connectString, clock: systemClock, log: silentLog });
  session.start();
  await until(() => session.state.kind === 'connected', { what: 'a session' });
  await session.ensurePath(`${ROOT}/whitelist`);
  const time = Math.floor(Date.now() / 1000);
  const changed = { version: 0, time, by: 'bench', as: null, cause: 'first-report', reason: 'all 9 tests fit' };
  const record = { 'managed-events': {}, 'manual-events': {}, 'managed-flag': 'on', 'manual-flag': null, changed };
  const data = Buffer.from(JSON.stringify(record));
  const ATONCE = 500;
  for (let from = 0; from < HOSTS; from += ATONCE)
    await session.multi(
      Array.from({ length: ATONCE }, (_, n) => ({
        op: 'create' as const,
        path: `${ROOT}/whitelist/${hostName(from + n)}`,
        data,
      })),
    );
  await session.close(5_000);
}
