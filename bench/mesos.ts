/**
 * The cluster's picture at scale: 40,000 agents and 100,000 tasks in a simulated Mesos, one real master that follows
 * them, over the v1 stream and by polling `/state`. `npm run bench:mesos`, or with numbers of agents and tasks behind it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sleep, systemClock } from '../shared/clock.ts';
import { freePort } from '../test/support/free-port.ts';
import { MasterProcess } from '../test/support/satellite.ts';
import { until } from '../test/support/until.ts';
import { cpuMs, memoryMb } from './processes.ts';
import { type Figure, printFigures, tenths, under, whole } from './table.ts';

const SCRIPT = fileURLToPath(new URL('./mesos-process.ts', import.meta.url));
const STALL_WATCH = new URL('./stall-watch.mjs', import.meta.url).href;
const [manyAgents = 40_000, manyTasks = 100_000] = process.argv.slice(2).map(Number);
/** The same with hardly anything: what the machine itself does to the figures meanwhile. */
const [fewAgents, fewTasks] = [200, 500];
const POLL_S = 10;
/** Some polls, each with its parse; then what is left. */
const WATCH_MS = 40_000;
const PROBE_MS = 20;
const STALL_GOAL_MS = 50;

/** Asks the master again and again for nothing: whoever stalls answers late. */
class Probe {
  #worstMs = 0;
  #ended = false;
  readonly #done: Promise<void>;

  constructor(master: MasterProcess) {
    this.#done = this.#run(master);
  }

  async #run(master: MasterProcess): Promise<void> {
    while (!this.#ended) {
      const fromMs = performance.now();
      await master.api('GET', '/healthz').catch(() => undefined);
      this.#worstMs = Math.max(this.#worstMs, performance.now() - fromMs);
      await sleep(systemClock, PROBE_MS);
    }
  }

  async worstMs(): Promise<number> {
    this.#ended = true;
    await this.#done;
    return this.#worstMs;
  }
}

async function figuresOf(
  api: 'v1' | 'state',
  [agents, tasks]: readonly [number, number],
  folder: string,
): Promise<readonly Figure[]> {
  const mesos = spawn(process.execPath, [...process.execArgv, SCRIPT, String(agents), String(tasks), api], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => mesos.kill('SIGKILL'));
  const [url] = (await once(createInterface(mesos.stdout), 'line')) as [string];
  const bytes = Number((await fetch(`${url}/state`)).headers.get('content-length'));
  const master = new MasterProcess(folder, await freePort(), { 'mesos-master-url': url, 'sleep-time': `${POLL_S}s` });
  const stalls = `${folder}.stalls`;
  process.env['SATELLITE_STALLS'] = stalls;
  process.env['NODE_OPTIONS'] = `--import ${STALL_WATCH}`;
  master.launch();
  delete process.env['NODE_OPTIONS'];
  await master.untilReady();
  master.signal('SIGUSR2');
  const startMemory = memoryMb(master.pid).now;
  const probe = new Probe(master);
  const fromMs = performance.now();
  await until(() => isWhole(master, agents), {
    timeoutMs: 120_000,
    everyMs: 100,
    what: 'the picture to be fresh',
  });
  const pictureMs = performance.now() - fromMs;
  await lagMs(master);
  const fromCpuMs = cpuMs(master.pid);
  await sleep(systemClock, WATCH_MS);
  const lag = await lagMs(master);
  const cpu = cpuMs(master.pid) - fromCpuMs;
  const worst = await probe.worstMs();
  const memory = memoryMb(master.pid);
  const stall = JSON.parse(await readFile(stalls, 'utf8')) as { readonly gapMs: number; readonly cpuMs: number };
  await master.stop();
  mesos.kill('SIGTERM');
  return [
    { name: '/state', value: `${tenths(bytes / 1e6)} MB` },
    {
      name: 'start to whole picture',
      value: `${whole(pictureMs)} ms`,
      note: 'the simulator makes its answer meanwhile',
    },
    {
      name: 'event loop delay, p99',
      value: `${tenths(lag.p99)} ms`,
      goal: under(lag.p99, STALL_GOAL_MS, 'ms'),
      note: `worst ${tenths(lag.max)} in ${WATCH_MS / 1000} s with a poll every ${POLL_S} s`,
    },
    {
      name: 'longest stall of our own',
      value: `${tenths(stall.cpuMs)} ms`,
      goal: under(stall.cpuMs, STALL_GOAL_MS, 'ms'),
      note: `computed by the main thread from one turn to the next, the first picture included; on the clock ${tenths(stall.gapMs)}`,
    },
    { name: 'answer to /healthz, worst', value: `${tenths(worst)} ms`, note: 'the first picture included' },
    { name: 'CPU', value: `${whole((cpu / WATCH_MS) * 100)} %`, note: 'of a core, all threads' },
    {
      name: 'memory',
      value: `${whole(memory.now)} MB`,
      note: `resident; ${whole(startMemory)} before, ${whole(memory.most)} at most`,
    },
  ];
}

async function isWhole(master: MasterProcess, agents: number): Promise<boolean> {
  const { json } = await master.api('GET', '/metrics/snapshot');
  const drift = await master.api('GET', '/drift');
  return drift.json['fresh'] === true && Number(json['cluster-agents-active']) === agents;
}

/** The worst delay since it was asked last. */
async function lagMs(master: MasterProcess): Promise<{ readonly max: number; readonly p99: number }> {
  const text = await (await fetch(`${master.url}/metrics`)).text();
  const of = (name: string) => Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(text)?.[1]);
  return { max: of('max') * 1000, p99: of('p99') * 1000 };
}

const folder = await mkdtemp(join(tmpdir(), 'satellite-bench-mesos-'));
const load = loadavg().map(tenths).join(' ');
process.stdout.write(`${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.version}, load before ${load}\n`);
for (const api of ['state', 'v1'] as const)
  for (const size of [
    [fewAgents, fewTasks],
    [manyAgents, manyTasks],
  ] as const) {
    const how = api === 'v1' ? 'the v1 stream' : 'polling /state';
    const title = `${whole(size[0])} agents, ${whole(size[1])} tasks, ${how}`;
    printFigures(title, await figuresOf(api, size, join(folder, `${api}-${size[0]}`)));
  }
await rm(folder, { recursive: true, force: true });
process.exit();
