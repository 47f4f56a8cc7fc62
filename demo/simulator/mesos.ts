/**
 * A simulated Mesos: masters that elect one of them, agents, frameworks whose applications launch tasks on the agents
 * that the leading master's whitelist allows. For tests, benchmarks and the demo; only on loopback.
 *
 * @example
 * const mesos = await startMesos({ masters: 3, agents: 200, whitelistOf: (index) => files[index] });
 * mesos.world.breakDown(mesos.world.agent('agent-007.sim.test'), 200); // a black hole
 * await mesos.killLeader(); // another leads after `electionMs`
 */
import { type Clock, systemClock, type Timer } from '../../shared/clock.ts';
import { Life } from './life.ts';
import { Maintenance } from './maintenance.ts';
import { Master } from './master.ts';
import type { Application } from './model.ts';
import { World } from './world.ts';

export interface MesosOptions {
  /** Default 1. */
  readonly masters?: number;
  /** Default 10. */
  readonly agents?: number;
  /** By its number, from 0; default `agent-007.sim.test`. */
  readonly nameOf?: (index: number) => string;
  readonly applications?: readonly Application[];
  readonly seed?: number;
  readonly clock?: Clock;
  /** One step of the cluster's life, default 200; 0: no life, `step()` is called by hand. */
  readonly stepMs?: number;
  /** A master's `--whitelist`; default none. */
  readonly whitelistOf?: (index: number) => string | undefined;
  /** How often each master reads its whitelist; the real one's 5,000. */
  readonly whitelistEveryMs?: number;
  /** From the leader's end to the next election; the real one needs about 8,500. */
  readonly electionMs?: number;
  /** A new leader shows no agents for so long; the real one about 500. */
  readonly recoveryMs?: number;
  readonly heartbeatMs?: number;
  readonly metricsPerSecond?: number;
  /** Ports; default free ones. */
  readonly portOf?: (index: number) => number;
  readonly credentials?: { readonly principal: string; readonly secret: string };
  /** Without DEACTIVATE_AGENT and its kind. */
  readonly before19?: boolean;
  /** Without `/api/v1` at all, as before 1.0. */
  readonly withoutV1?: boolean;
}

/** Two services and a batch, on two frameworks. */
export const EVERYDAY: readonly Application[] = [
  { name: 'web', framework: 'marathon', instances: 60, cpus: 1, mem: 512 },
  { name: 'search', framework: 'marathon', instances: 30, cpus: 2, mem: 1_024 },
  { name: 'import', framework: 'chronos', launchesPerSecond: 4, runsS: [1, 4], failShare: 0.01 },
  { name: 'report', framework: 'chronos', launchesPerSecond: 3, runsS: [2, 6] },
];

export class Mesos {
  readonly world: World;
  readonly maintenance: Maintenance;
  readonly masters: readonly Master[];
  readonly #clock: Clock;
  readonly #electionMs: number;
  readonly #recoveryMs: number;
  readonly #life: Life;
  readonly #timers: Timer[];
  /** Whom the others still believe to lead, after its end as well, until the next election. */
  #leader: Master | undefined;
  #election: Timer | undefined;

  constructor(options: MesosOptions) {
    const { masters = 1, agents = 10, seed = 1, clock = systemClock, stepMs = 200, applications = EVERYDAY } = options;
    const nameOf = options.nameOf ?? ((index) => `agent-${String(index).padStart(3, '0')}.sim.test`);
    this.#clock = clock;
    this.#electionMs = options.electionMs ?? 8_500;
    this.#recoveryMs = options.recoveryMs ?? 500;
    this.world = new World({ clock, seed, agents, nameOf, applications });
    this.maintenance = new Maintenance(this.world);
    this.#life = new Life(this.world, stepMs || 1_000);
    this.masters = Array.from(
      { length: masters },
      (_, index) =>
        new Master({
          world: this.world,
          maintenance: this.maintenance,
          port: options.portOf?.(index) ?? 0,
          whitelist: options.whitelistOf?.(index),
          heartbeatMs: options.heartbeatMs ?? 15_000,
          metricsPerSecond: options.metricsPerSecond ?? 2,
          credentials: options.credentials,
          before19: options.before19 ?? false,
          withoutV1: options.withoutV1 ?? false,
          leader: () => this.#leader,
        }),
    );
    const readWhitelists = () => {
      for (const { whitelist } of this.masters) whitelist?.read();
    };
    this.#timers = [clock.every(options.whitelistEveryMs ?? 5_000, readWhitelists)];
    if (stepMs > 0) this.#timers.push(clock.every(stepMs, () => this.step()));
  }

  /** The one that leads and answers; undefined during an election. */
  get leader(): Master | undefined {
    return this.#leader?.running && !this.#leader.paused ? this.#leader : undefined;
  }

  async start(): Promise<void> {
    for (const master of this.masters) await master.start();
    this.#elect();
    this.#showAgents(this.#leader);
  }

  async close(): Promise<void> {
    this.#election?.cancel();
    for (const timer of this.#timers) timer.cancel();
    await Promise.all(this.masters.map((master) => master.close()));
  }

  /** One step of the cluster's life. */
  step(): void {
    const { leader } = this;
    this.#life.step({
      on: leader !== undefined && !leader.hidden,
      allows: (hostname) => leader?.whitelist?.allows(hostname) ?? true,
    });
  }

  /** kill -9 of the leader; the next one follows after the election. @returns who led */
  async killLeader(): Promise<Master | undefined> {
    const leader = this.#leader;
    await leader?.kill();
    this.#electLater();
    return leader;
  }

  /** SIGSTOP of the leader: it takes connections and answers nobody. Woken up after an election it ends itself. */
  pauseLeader(): Master | undefined {
    this.#leader?.pause();
    this.#electLater();
    return this.#leader;
  }

  /** A master comes back; it leads when nobody does. */
  async restart(master: Master): Promise<void> {
    await master.kill();
    if (this.#leader === master) this.#leader = undefined;
    await master.start();
    if (!this.#leader) this.#electLater();
  }

  /** ZooKeeper is away: the leader ends itself, the others know of no leader until `findZooKeeper`. */
  async loseZooKeeper(): Promise<void> {
    this.#election?.cancel();
    const leader = this.#leader;
    this.#leader = undefined;
    await leader?.kill();
  }

  findZooKeeper(): void {
    this.#electLater();
  }

  /** The leader is elected and answers no agents. */
  loseQuorum(): void {
    if (this.#leader) this.#leader.hidden = true;
  }

  findQuorum(): void {
    this.#showAgents(this.#leader);
  }

  #electLater(): void {
    this.#election?.cancel();
    this.#election = this.#clock.after(this.#electionMs, () => {
      this.#elect();
      const leader = this.#leader;
      this.#election = this.#clock.after(this.#recoveryMs, () => this.#showAgents(leader));
    });
  }

  #elect(): void {
    const before = this.#leader;
    const next = this.masters.find((master) => master !== before && master.running && !master.paused);
    const fit = before?.running && !before.paused ? before : next;
    if (before && before !== fit) {
      before.steppedDown();
      // A master that wakes up and finds another elected ends itself.
      if (before.paused) void before.kill();
    }
    this.#leader = fit;
    if (!fit || fit === before) return;
    fit.hidden = true;
    fit.elected();
  }

  #showAgents(leader: Master | undefined): void {
    if (!leader || leader !== this.#leader) return;
    leader.hidden = false;
    this.world.led();
  }
}

export async function startMesos(options: MesosOptions = {}): Promise<Mesos> {
  const mesos = new Mesos(options);
  await mesos.start();
  return mesos;
}
