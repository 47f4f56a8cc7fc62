/**
 * The cluster in figures, from the metrics of the Mesos master that leads. Figures that a version of Mesos lacks are
 * absent; while nobody answers the last ones stay, with their age. Does no I/O: it gets the answers.
 */
import type { Clock } from '../../shared/clock.ts';
import { follow, noRates, perMinute, type Rates } from './rates.ts';

export type MesosMetrics = Readonly<Record<string, number>>;

export const RESOURCES = ['cpus', 'mem', 'disk'] as const;
/** Tasks that are in that state now. */
export const LIVE_TASKS = ['staging', 'starting', 'running', 'killing', 'unreachable'] as const;
/** Tasks that ended so since the leading Mesos master leads. */
export const ENDED_TASKS = ['finished', 'failed', 'killed', 'lost', 'error', 'dropped', 'gone'] as const;
export const AGENT_STATES = ['active', 'inactive', 'connected', 'disconnected', 'unreachable'] as const;
export const FRAMEWORK_STATES = ['active', 'inactive', 'connected', 'disconnected'] as const;

const taskKey = (state: string) => `master/tasks_${state}`;

/** Names of Mesos and ours, for figures that are passed on unchanged. */
const TAKEN: readonly (readonly [from: string, to: string])[] = [
  ...RESOURCES.flatMap((resource) =>
    ['total', 'used'].map((kind) => [`master/${resource}_${kind}`, `cluster-${resource}-${kind}`] as const),
  ),
  ...[...LIVE_TASKS, ...ENDED_TASKS].map((state) => [taskKey(state), `cluster-tasks-${state}`] as const),
  ...AGENT_STATES.map((state) => [`master/slaves_${state}`, `cluster-agents-${state}`] as const),
  ...FRAMEWORK_STATES.map((state) => [`master/frameworks_${state}`, `cluster-frameworks-${state}`] as const),
];

export class ClusterFigures {
  readonly #clock: Clock;
  readonly #startedMs: number;
  #rates: Rates = noRates;
  #figures: Readonly<Record<string, number>> = {};
  #answeredMs: number | undefined;
  #leader: string | undefined;
  #leaderChanges = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.monoMs();
  }

  /**
   * An answer of a Mesos master; one that does not lead says nothing about the cluster.
   * @param master identifies it
   */
  take(metrics: MesosMetrics, master: string): void {
    const atMs = this.#clock.monoMs();
    const elected = metrics['master/elected'] === 1;
    const counters: Record<string, number> = {};
    for (const state of ENDED_TASKS) {
      const value = figure(metrics, taskKey(state));
      if (value !== undefined) counters[state] = value;
    }
    const uptimeS = figure(metrics, 'master/uptime_secs');
    this.#rates = follow(this.#rates, { master, atMs, elected, uptimeS, counters });
    if (!elected) return;
    this.#figures = figuresOf(metrics);
    this.#answeredMs = atMs;
  }

  /** Whoever leads the Mesos masters now, by any name that identifies it; undefined: nobody, or unknown. */
  leads(leader: string | undefined): void {
    if (leader === undefined || leader === this.#leader) return;
    if (this.#leader !== undefined) this.#leaderChanges++;
    this.#leader = leader;
  }

  get leaderChanges(): number {
    return this.#leaderChanges;
  }

  /** Since the last answer of a leading master, seconds; undefined: there was none yet. */
  get ageS(): number | undefined {
    return this.#answeredMs === undefined ? undefined : (this.#clock.monoMs() - this.#answeredMs) / 1000;
  }

  /** The age of the figures, or while there are none, for how long they have been waited for; seconds. */
  get unverifiedS(): number {
    return this.ageS ?? (this.#clock.monoMs() - this.#startedMs) / 1000;
  }

  /** Tasks that ended so since this master watches: never sinks, whatever restarts. */
  get ended(): Readonly<Record<string, number>> {
    return this.#rates.totals;
  }

  /** As `/metrics/snapshot` shows them, all beginning with `cluster-`. */
  snapshot(): Readonly<Record<string, number>> {
    const figures: Record<string, number> = { ...this.#figures, 'cluster-leader-changes': this.#leaderChanges };
    for (const state of ENDED_TASKS) {
      const rate = perMinute(this.#rates, state);
      if (rate !== undefined) figures[`cluster-tasks-${state}-per-minute`] = rate;
    }
    if (this.ageS !== undefined) figures['cluster-figures-age-seconds'] = this.ageS;
    return figures;
  }
}

function figuresOf(metrics: MesosMetrics): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const [from, to] of TAKEN) {
    const value = figure(metrics, from);
    if (value !== undefined) figures[to] = value;
  }
  for (const resource of RESOURCES) {
    const total = figures[`cluster-${resource}-total`];
    const used = figures[`cluster-${resource}-used`];
    if (total !== undefined && used !== undefined)
      figures[`cluster-${resource}-percent`] = total > 0 ? (used / total) * 100 : 0;
  }
  return figures;
}

/** None of what Mesos counts is below zero. */
function figure(metrics: MesosMetrics, name: string): number | undefined {
  const value = metrics[name];
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;
}
