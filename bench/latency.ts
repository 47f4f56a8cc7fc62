/** From a report to the file: three masters on three ZooKeepers, each under a steady load of reports. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type MasterProcess, startMaster } from '../test/support/satellite.ts';
import type { ZooKeeperEnsemble } from '../test/support/zookeeper.ts';
import { startLoad } from './load-process.ts';
import { cpuMs } from './processes.ts';
import { FileReader, whenSeen } from './reader.ts';
import { type Figure, quantile, tenths, under, whole } from './table.ts';

const HOSTS = 1_000;
const RATE = 1_000;
/** Each way. The guard lets 300 of 1,000 go. */
const SAMPLES = 200;
const GOAL_MS = 250;

/** @param folder of its own */
export async function latencyFigures(folder: string, ensemble: ZooKeeperEnsemble): Promise<readonly Figure[]> {
  const settings = { zookeeper: ensemble.connectString, 'zookeeper-root': '/latency' };
  const masters: MasterProcess[] = [];
  for (const name of ['m1', 'm2', 'm3']) masters.push(await startMaster(join(folder, name), settings));
  const files = masters.map(({ file }) => new FileReader(file));
  const load = await startLoad({
    ports: masters.map(({ url }) => Number(new URL(url).port)),
    connections: 64,
    hosts: HOSTS,
    hostPrefix: 'b',
    eventsAReport: 1,
    ratePerSecond: RATE,
  });
  await whenSeen(() => files.every(({ lines }) => lines === HOSTS), 'all hosts in three files', 60_000);

  const cpuFrom = masters.map(({ pid }) => cpuMs(pid));
  const startMs = performance.now();
  const offMs: number[] = [];
  const onMs: number[] = [];
  for (let n = 0; n < SAMPLES; n++) {
    const ill = `b${n}.bench.example`;
    offMs.push(await latencyOf(masters, ill, 'critical', () => files.every((file) => !file.has(ill))));
    const fresh = `new${n}.bench.example`;
    onMs.push(await latencyOf(masters, fresh, 'ok', () => files.every((file) => file.has(fresh))));
  }
  const tookMs = performance.now() - startMs;
  const cpu = masters.map(({ pid }, n) => ((cpuMs(pid) - (cpuFrom[n] ?? 0)) / tookMs) * 100);
  const { sent, seconds } = await load.stop();
  await Promise.all(masters.map((master) => master.stop()));

  const rate = sent / seconds / masters.length;
  return [
    {
      name: 'background, reports/s to each master',
      value: whole(rate),
      goal: { text: `${RATE}`, met: rate > RATE * 0.9 },
    },
    ...figuresOf('critical report to all three files', offMs),
    ...figuresOf('first ok report to all three files', onMs),
    { name: 'core taken by each master', value: cpu.map((share) => `${whole(share)} %`).join(' ') },
  ];
}

function figuresOf(name: string, valuesMs: readonly number[]): readonly Figure[] {
  const p99 = quantile(valuesMs, 0.99);
  return [
    {
      name: `${name}, p50`,
      value: `${tenths(quantile(valuesMs, 0.5))} ms`,
      note: `min ${tenths(Math.min(...valuesMs))}`,
    },
    {
      name: `${name}, p99`,
      value: `${tenths(p99)} ms`,
      goal: under(p99, GOAL_MS, 'ms'),
      note: `max ${tenths(Math.max(...valuesMs))} of ${valuesMs.length}`,
    },
  ];
}

/** From just before one report goes to all masters until all files show it. */
async function latencyOf(
  masters: readonly MasterProcess[],
  host: string,
  state: string,
  isSeen: () => boolean,
): Promise<number> {
  // So as not to beat in time with anything.
  await pause(Math.random() * 30);
  const fromMs = performance.now();
  const answers = Promise.all(masters.map((master) => master.report(host, state, { service: 'mesos/slave/bench' })));
  const seenMs = await whenSeen(isSeen, `${host} ${state} in three files`);
  await answers;
  return seenMs - fromMs;
}
