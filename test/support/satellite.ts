/** Real satellite-master and satellite-slave processes, from the built files, each with settings in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export type Settings = Readonly<Record<string, unknown>>;

/** None of them outlives the tests. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process of ours, with what it logged. */
export class Program {
  readonly #script: string;
  readonly #config: string;
  #child: ChildProcess | undefined;
  /** Lines of its log since the first start. */
  readonly log: string[] = [];

  constructor(name: 'master' | 'slave', config: string) {
    this.#script = `dist/satellite-${name}/main.js`;
    this.#config = config;
  }

  /** @param nodeArguments of the runtime, such as `--max-old-space-size=96` */
  launch(nodeArguments: readonly string[] = []): void {
    const child = spawn(process.execPath, [...nodeArguments, this.#script, '--config', this.#config], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    if (child.stderr) createInterface(child.stderr).on('line', (line) => this.log.push(line));
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM. @returns its exit code */
  async stop(): Promise<number | null> {
    return await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (this.running) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  }
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export class MasterProcess extends Program {
  readonly url: string;
  /** The whitelist file. */
  readonly file: string;
  readonly folder: string;

  constructor(folder: string, port: number, settings: Settings) {
    mkdirSync(folder, { recursive: true });
    const config = join(folder, 'master.json');
    const file = join(folder, 'whitelist');
    const own = {
      'mesos-master-url': null,
      'data-dir': join(folder, 'data'),
      'local-whitelist-path': file,
      'service-port': port,
      'riemann-tcp-server-options': null,
      'riemann-udp-server-options': null,
    };
    writeFileSync(config, JSON.stringify({ ...own, ...settings }));
    super('master', config);
    this.url = `http://127.0.0.1:${port}`;
    this.file = file;
    this.folder = folder;
  }

  async api(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await answer.text();
    return { status: answer.status, body: text, json: asObject(text) };
  }

  /** One report of one test, as a slave sends it. */
  report(
    host: string,
    state: string,
    { service = 'mesos/slave/test', ttl = 60, description = '' } = {},
  ): Promise<Answer> {
    const time = Date.now() / 1000;
    return this.api('POST', '/reports', { host, events: [{ service, state, ttl, time, description }] });
  }

  async lines(): Promise<readonly string[]> {
    const content = await readFile(this.file, 'utf8').catch(() => '');
    return content.split('\n').filter((line) => line !== '');
  }

  async untilReady(timeoutMs = 30_000): Promise<void> {
    await until(async () => (await this.api('GET', '/readyz').catch(() => undefined))?.status === 200, {
      timeoutMs,
      what: `${this.url} ready`,
    });
  }

  async leads(): Promise<boolean> {
    const answer = await this.api('GET', '/readyz').catch(() => undefined);
    return String(answer?.json['leader']).startsWith('leads');
  }
}

export async function startMaster(folder: string, settings: Settings = {}): Promise<MasterProcess> {
  const master = new MasterProcess(folder, await freePort(), settings);
  master.launch();
  await master.untilReady();
  return master;
}

export class SlaveProcess extends Program {
  readonly host: string;
  /** While it exists the slave's one test is ok. */
  readonly healthy: string;

  constructor(
    folder: string,
    host: string,
    masters: readonly MasterProcess[],
    { period = '1s', settings = {} as Settings } = {},
  ) {
    mkdirSync(folder, { recursive: true });
    const healthy = join(folder, 'healthy');
    writeFileSync(healthy, '');
    const config = join(folder, 'slave.json');
    const own = {
      satellites: masters.map(({ url }) => ({ url })),
      'slave-host': host,
      'mesos-agent-url': null,
      comets: [
        { name: 'file-exists', period, params: { path: healthy } },
        { name: 'load-average', period, params: { threshold: 10_000 } },
      ],
    };
    writeFileSync(config, JSON.stringify({ ...own, ...settings }));
    super('slave', config);
    this.host = host;
    this.healthy = healthy;
  }
}

function asObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
