/**
 * Everything the demo needs, started and ended together: the simulated Mesos, a ZooKeeper where Debian's is installed,
 * a real satellite-master beside each simulated one, two real slaves, and the sender for the other hosts.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { freePort } from '../test/support/free-port.ts';
import { MasterProcess, type Program, SlaveProcess } from '../test/support/satellite.ts';
import { startZooKeeper, type ZooKeeperServer } from '../test/support/zookeeper.ts';
import { Reports } from './reports.ts';
import { AgentService } from './simulator/agent-service.ts';
import { type Mesos, startMesos } from './simulator/mesos.ts';
import type { Application } from './simulator/model.ts';

const ZOOKEEPER_JAR = '/usr/share/java/zookeeper.jar';
const JAVA = '/usr/bin/java';
export const AGENTS = 200;
/** Agents with a real satellite-slave beside them. */
const REAL_SLAVES = 2;
const REPORT_PERIOD_MS = 4_000;
export const TTL_S = 10;
export const READMIT_S = 6;
/** Where people find the masters, if nobody else is there: 6001, 6002, 6003. */
const FIRST_PORT = 6_001;

/** Services on every host, and short tasks enough that each gets one now and then; `billing` is not deployed yet. */
const APPLICATIONS: readonly Application[] = [
  { name: 'web', framework: 'marathon', instances: 260, cpus: 1, mem: 512 },
  { name: 'search', framework: 'marathon', instances: 60, cpus: 2, mem: 1_024 },
  { name: 'import', framework: 'chronos', launchesPerSecond: 4, runsS: [1, 4], failShare: 0.01 },
  { name: 'thumbnail', framework: 'chronos', launchesPerSecond: 40, runsS: [1, 3] },
  { name: 'billing', framework: 'chronos', launchesPerSecond: 0, failShare: 1 },
];

export interface Stage {
  readonly mesos: Mesos;
  readonly masters: readonly MasterProcess[];
  readonly slaves: readonly SlaveProcess[];
  readonly programs: ReadonlyMap<string, Program>;
  readonly reports: Reports;
  readonly zooKeeper: ZooKeeperServer | undefined;
  close(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'satellite-demo-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of closing.reverse()) await end();
  };
  try {
    return { ...(await build(folder, closing)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(folder: string, closing: (() => Promise<unknown>)[]): Promise<Omit<Stage, 'close'>> {
  const zooKeeper = existsSync(ZOOKEEPER_JAR) && existsSync(JAVA) ? await startZooKeeper() : undefined;
  if (zooKeeper) closing.push(() => zooKeeper.dispose());
  const count = zooKeeper ? 3 : 1;
  const fileOf = (index: number) => join(folder, `master-${index + 1}`, 'whitelist');
  const mesos = await startMesos({
    masters: count,
    agents: AGENTS,
    applications: APPLICATIONS,
    whitelistOf: fileOf,
    whitelistEveryMs: 1_000,
  });
  closing.push(() => mesos.close());

  const masters: MasterProcess[] = [];
  for (const [index, { url }] of mesos.masters.entries())
    masters.push(
      new MasterProcess(join(folder, `master-${index + 1}`), await portNear(FIRST_PORT + index), {
        'mesos-master-url': url,
        'sleep-time': '2s',
        zookeeper: zooKeeper?.connectString ?? null,
        'readmit-after': { first: `${READMIT_S}s` },
        'host-check': { dns: false },
        'blackhole-action': 'off',
        'blackhole-check-seconds': '2m',
      }),
    );
  for (const master of masters) {
    closing.push(() => master.stop());
    master.launch();
  }
  await Promise.all(masters.map((master) => master.untilReady()));

  const names = [...mesos.world.agents.keys()];
  const slaves: SlaveProcess[] = [];
  for (const name of names.slice(0, REAL_SLAVES)) {
    const service = new AgentService(mesos.world, mesos.world.agent(name));
    await service.start();
    closing.push(() => service.close());
    const slave = new SlaveProcess(join(folder, name), name, masters, {
      period: '2s',
      settings: { 'mesos-agent-url': service.url },
    });
    closing.push(() => slave.stop());
    slave.launch();
    slaves.push(slave);
  }
  const reports = new Reports({
    hosts: names.slice(REAL_SLAVES),
    masters: masters.map(({ url }) => url),
    clock: systemClock,
    periodMs: REPORT_PERIOD_MS,
    ttlS: TTL_S,
  });
  closing.push(() => reports.stop());
  reports.start();
  const programs = new Map<string, Program>(masters.map((master, index) => [`master ${index + 1}`, master]));
  return { mesos, masters, slaves, programs, reports, zooKeeper };
}

async function portNear(port: number): Promise<number> {
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  return free ? port : freePort();
}
