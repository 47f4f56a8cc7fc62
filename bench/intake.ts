/** How many reports one master takes, by events a report: all of them tests of 1,000 hosts, judged and indexed. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type MasterProcess, startMaster } from '../test/support/satellite.ts';
import { startLoad } from './load-process.ts';
import { cpuMs, memoryMb } from './processes.ts';
import { FileReader, whenSeen } from './reader.ts';
import { type Figure, median, spread, tenths, whole } from './table.ts';

const HOSTS = 1_000;
const SIZES = [1, 10, 100] as const;
const RUNS = 3;
const RUN_MS = 3_000;
const CONNECTIONS = 32;

interface Run {
  readonly reportsPerS: number;
  /** Share of one core. */
  readonly masterCpu: number;
  readonly senderCpu: number;
}

/** @param folder of its own */
export async function intakeFigures(folder: string): Promise<readonly Figure[]> {
  const master = await startMaster(join(folder, 'master'));
  const runsOf = new Map<number, Run[]>();
  for (const size of SIZES) {
    const runs: Run[] = [];
    await oneRun(master, size);
    for (let n = 0; n < RUNS; n++) runs.push(await oneRun(master, size));
    runsOf.set(size, runs);
  }
  const { now } = memoryMb(master.pid);
  await master.stop();
  const rate = (size: number) => median((runsOf.get(size) ?? []).map(({ reportsPerS }) => reportsPerS));
  const figures = SIZES.map((size): Figure => {
    const runs = runsOf.get(size) ?? [];
    const cpu = (pick: (run: Run) => number) => `${whole(median(runs.map(pick)) * 100)} %`;
    const ratio =
      size === 1
        ? ''
        : `; ${tenths(rate(1) / rate(size))} times the work of a report with 1, ${tenths((rate(size) * size) / rate(1))} times its events/s`;
    const cores = `cores: master ${cpu((run) => run.masterCpu)}, sender ${cpu((run) => run.senderCpu)}`;
    const reports = runs.map(({ reportsPerS }) => reportsPerS);
    return {
      name: `reports/s with ${size} event${size > 1 ? 's' : ''} each`,
      value: whole(rate(size)),
      note: `${whole(rate(size) * size)} events/s; ${spread(reports, whole)}; ${cores}${ratio}`,
    };
  });
  return [
    ...figures,
    { name: 'master, 100,000 events indexed', value: `${whole(now)} MB`, note: 'resident, right after' },
  ];
}

async function oneRun(master: MasterProcess, eventsAReport: number): Promise<Run> {
  const port = Number(new URL(master.url).port);
  const load = await startLoad({
    ports: [port],
    connections: CONNECTIONS,
    hosts: HOSTS,
    hostPrefix: 'a',
    eventsAReport,
  });
  const file = new FileReader(master.file);
  await whenSeen(() => file.lines === HOSTS, 'all hosts in the file');
  const fromMs = cpuMs(master.pid);
  const startMs = performance.now();
  await pause(RUN_MS);
  const cpu = cpuMs(master.pid) - fromMs;
  const tookMs = performance.now() - startMs;
  const { sent, refused, seconds, cpuSeconds } = await load.stop();
  if (refused > 0) throw new Error(`${refused} of ${sent + refused} reports were refused`);
  return { reportsPerS: sent / seconds, masterCpu: cpu / tookMs, senderCpu: cpuSeconds / seconds };
}
