/** What a master knows and says of the cluster: puts figures, their history, the monitor and drift together. */
import { hostname } from 'node:os';
import type { Clock } from '../shared/clock.ts';
import type { HostName } from '../shared/host-name.ts';
import type { Log } from '../shared/log.ts';
import { type DriftReport, DriftWatch } from './mesos/drift/index.ts';
import { ClusterWatch, hostOfMesos, LeaderFigures, type MesosSources } from './mesos/metrics/index.ts';
import type { Reception } from './reception.ts';
import type { MesosSettings } from './settings.ts';
import type { FigureHistory, Metrics } from './stats/index.ts';
import { ClusterFigures, FigureRecorder } from './stats/index.ts';
import type { Replica } from './whitelist/index.ts';

export interface ClusterSideOptions {
  readonly settings: { readonly mesos: MesosSettings | undefined; readonly dataDir: string };
  readonly mesos:
    | (Omit<MesosSources, 'leader'> & {
        /** Whether Mesos may still know the host though it is in no answer. */
        readonly remembered: (host: HostName) => boolean;
      })
    | undefined;
  readonly replica: Replica;
  readonly reception: Reception;
  readonly leads: () => boolean;
  /** The whitelist's own figures. */
  readonly hostFigures: () => Readonly<Record<string, number>>;
  /** What the users' rules add; none of them takes the place of a figure of ours. */
  readonly ruleFigures: () => Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Without a Mesos the whitelist's own figures are still told. */
const DEFAULT_POLL_MS = 60_000;
/** Drift is looked for so often at least, whatever `sleep-time` is. */
const MOST_DRIFT_MS = 60_000;

export class ClusterSide {
  readonly #options: ClusterSideOptions;
  readonly #figures: ClusterFigures;
  readonly #recorder: FigureRecorder;
  readonly #leader: LeaderFigures | undefined;
  readonly #watch: ClusterWatch;
  readonly #drift: DriftWatch;
  readonly #pollIntervalMs: number;

  constructor(options: ClusterSideOptions) {
    this.#options = options;
    const { settings, mesos, replica, reception, leads, hostFigures, clock, log } = options;
    this.#pollIntervalMs = settings.mesos?.pollIntervalMs ?? DEFAULT_POLL_MS;
    this.#figures = new ClusterFigures(clock);
    this.#recorder = new FigureRecorder({
      dataDir: settings.dataDir,
      // Not the empty inventory of a master that has not read the store yet.
      figures: () => (replica.complete ? this.snapshot() : {}),
      clock,
      log,
    });
    this.#leader = settings.mesos && new LeaderFigures(settings.mesos);
    this.#watch = new ClusterWatch({
      mesos: mesos && this.#leader && { ...mesos, leader: this.#leader },
      figures: this.#figures,
      leads,
      hostFigures: () => (replica.complete ? hostFigures() : undefined),
      take: (events) => reception.takeOwn(events),
      host: hostOfMesos(settings.mesos?.url, hostname()),
      pollIntervalMs: this.#pollIntervalMs,
      clock,
      log,
    });
    this.#drift = new DriftWatch({
      cluster: mesos?.cluster,
      replica,
      heard: () => reception.heard(),
      remembered: (host) => mesos?.remembered(host) ?? false,
      clock,
    });
  }

  get figureHistory(): FigureHistory {
    return this.#recorder.history;
  }

  async start(): Promise<void> {
    this.#watch.start();
    this.#drift.start(Math.min(this.#pollIntervalMs, MOST_DRIFT_MS));
    await this.#recorder.start();
  }

  async stop(): Promise<void> {
    this.#watch.stop();
    this.#drift.stop();
    await this.#recorder.stop();
    await this.#leader?.close();
  }

  leadershipChanged(): void {
    this.#watch.sayLeader();
  }

  /** For `/metrics/snapshot`: before Mesos has answered there is nothing to say of the cluster. */
  snapshot(): Readonly<Record<string, number>> {
    const { hostFigures, ruleFigures, mesos } = this.#options;
    const figures = { ...hostFigures(), ...(mesos ? this.#figures.snapshot() : {}) };
    const added = Object.entries(ruleFigures()).filter(([name]) => !Object.hasOwn(figures, name));
    return { ...figures, ...Object.fromEntries(added) };
  }

  async drift(): Promise<DriftReport> {
    await this.#drift.looked();
    return this.#drift.report();
  }

  fill({ cluster }: Metrics): void {
    if (this.#options.mesos) cluster.fill(this.#figures);
    cluster.fillDrift(this.#drift.counts());
  }
}
