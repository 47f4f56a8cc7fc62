/** Real ZooKeeper servers for tests, from Debian's jars: one alone, or an ensemble. Data lies in a temporary folder. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { JavaProcess } from './java-process.ts';
import { until } from './until.ts';

const CLASS_PATH = '/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-api.jar';

/** The server's unit of time; a session ends up to one tick after its timeout. */
const TICK_MS = 250;
const MIN_SESSION_MS = 500;
const MAX_SESSION_MS = 60_000;

export interface ZooKeeperOptions {
  /** The heap of each server, default 128 MB; 40,000 nodes with watches fit. */
  readonly heapMb?: number;
}

export type ZooKeeperMode = 'standalone' | 'leader' | 'follower';

/** One server, which keeps its data and its port over all stops. */
export class ZooKeeperServer {
  /** For clients. */
  readonly port: number;
  readonly #folder: string;
  readonly #heapMb: number;
  #process: JavaProcess | undefined;

  constructor(port: number, folder: string, heapMb: number) {
    this.port = port;
    this.#folder = folder;
    this.#heapMb = heapMb;
  }

  /** `host:port`; a chroot may be added. */
  get connectString(): string {
    return `127.0.0.1:${this.port}`;
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  /** Starts the process; the server serves a little later, see {@link untilServing}. */
  launch(): void {
    if (this.running) return;
    this.#process = new JavaProcess([
      `-Xmx${this.#heapMb}m`,
      '-Xshare:auto',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      // A test kills processes, not the machine: the page cache is safe enough and ten times faster.
      '-Dzookeeper.forceSync=no',
      '-Dzookeeper.preAllocSize=1024',
      '-Dzookeeper.admin.enableServer=false',
      '-cp',
      CLASS_PATH,
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      join(this.#folder, 'zoo.cfg'),
    ]);
  }

  /** Starts the process and waits until it serves. An ensemble's member serves only with a majority: see {@link ZooKeeperEnsemble}. */
  async start(): Promise<void> {
    this.launch();
    await this.untilServing();
  }

  async untilServing(timeoutMs = 30_000): Promise<ZooKeeperMode> {
    return until(
      async () => {
        if (!this.running) throw new Error(`the server ended: ${this.#process?.output ?? 'never started'}`);
        return this.mode();
      },
      { timeoutMs, everyMs: 20, what: `ZooKeeper on port ${this.port} to serve` },
    );
  }

  /** kill -9. Data and port are kept for the next start. */
  async stop(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void {
    this.#process?.signal('SIGSTOP');
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
  }

  /** What it is at present; undefined when it does not serve. */
  async mode(): Promise<ZooKeeperMode | undefined> {
    const answer = await this.ask('srvr').catch(() => '');
    return /^Mode: (standalone|leader|follower)$/m.exec(answer)?.[1] as ZooKeeperMode | undefined;
  }

  /** One of ZooKeeper's four-letter commands, e.g. `wchs`, `mntr`, `cons`. Rejects when nobody answers in a second. */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(this.port, '127.0.0.1', () => socket.write(command));
      socket.setTimeout(1000, () => socket.destroy(new Error(`${command}: no answer in a second`)));
      socket.on('data', (text) => {
        answer += text.toString();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(answer));
    });
  }

  /** Ends the process and removes its data. */
  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Servers that elect a leader among them. */
export class ZooKeeperEnsemble {
  readonly members: readonly ZooKeeperServer[];

  constructor(members: readonly ZooKeeperServer[]) {
    this.members = members;
  }

  /** All members, separated by commas; a chroot may be added. */
  get connectString(): string {
    return this.members.map((member) => member.connectString).join(',');
  }

  /** Starts all that do not run, and waits until each serves. */
  async start(): Promise<void> {
    for (const member of this.members) member.launch();
    await this.untilServing();
  }

  /** Waits until every member that runs leads or follows. */
  async untilServing(timeoutMs = 30_000): Promise<void> {
    await Promise.all(this.members.filter((member) => member.running).map((member) => member.untilServing(timeoutMs)));
  }

  /** The member that leads, waited for where an election goes on. */
  async leader(timeoutMs = 30_000): Promise<ZooKeeperServer> {
    return until(
      async () => {
        for (const member of this.members) if (member.running && (await member.mode()) === 'leader') return member;
        return undefined;
      },
      { timeoutMs, everyMs: 20, what: 'the ensemble to have a leader' },
    );
  }

  /** kill -9 of all. */
  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.members.map((member) => member.dispose()));
  }
}

/** A server alone, serving. Call `dispose()` in afterAll. */
export async function startZooKeeper(options: ZooKeeperOptions = {}): Promise<ZooKeeperServer> {
  const server = await makeServer(await freePort(), 1, [], options);
  await server.start();
  return server;
}

/** An ensemble, serving. Call `dispose()` in afterAll. */
export async function startZooKeeperEnsemble(size = 3, options: ZooKeeperOptions = {}): Promise<ZooKeeperEnsemble> {
  const lines: string[] = [];
  for (let id = 1; id <= size; id++)
    lines.push(`server.${id}=127.0.0.1:${await freePort()}:${await freePort()}:participant`);
  const members: ZooKeeperServer[] = [];
  for (let id = 1; id <= size; id++) members.push(await makeServer(await freePort(), id, lines, options));
  const ensemble = new ZooKeeperEnsemble(members);
  await ensemble.start();
  return ensemble;
}

async function makeServer(
  port: number,
  id: number,
  ensembleLines: readonly string[],
  { heapMb = 128 }: ZooKeeperOptions,
): Promise<ZooKeeperServer> {
  const folder = await mkdtemp(join(tmpdir(), 'satellite-zookeeper-'));
  await writeFile(join(folder, 'myid'), `${id}\n`);
  const settings = [
    `dataDir=${folder}`,
    `clientPort=${port}`,
    'clientPortAddress=127.0.0.1',
    `tickTime=${TICK_MS}`,
    `minSessionTimeout=${MIN_SESSION_MS}`,
    `maxSessionTimeout=${MAX_SESSION_MS}`,
    'initLimit=40',
    'syncLimit=20',
    'maxClientCnxns=0',
    '4lw.commands.whitelist=*',
    ...ensembleLines,
  ];
  await writeFile(join(folder, 'zoo.cfg'), `${settings.join('\n')}\n`);
  return new ZooKeeperServer(port, folder, heapMb);
}
