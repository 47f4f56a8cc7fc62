/** The cluster for Prometheus: `satellite_mesos_…` and drift. What a version of Mesos lacks has no series. */
import { Counter, Gauge, type Registry } from 'prom-client';
import {
  AGENT_STATES,
  type ClusterFigures,
  ENDED_TASKS,
  FRAMEWORK_STATES,
  LIVE_TASKS,
  RESOURCES,
} from './cluster-figures.ts';

export class ClusterMetrics {
  readonly #capacity: Gauge<'resource'>;
  readonly #used: Gauge<'resource'>;
  readonly #tasks: Gauge<'state'>;
  readonly #agents: Gauge<'state'>;
  readonly #frameworks: Gauge<'state'>;
  readonly #ended: Counter<'state'>;
  readonly #leaderChanges: Counter;
  readonly #age: Gauge;
  readonly #drift: Gauge<'kind'>;
  readonly #reported = new Map<string, number>();

  constructor(registry: Registry) {
    const of = (name: string, help: string) => ({ name: `satellite_${name}`, help, registers: [registry] });
    const byState = { labelNames: ['state'] } as const;
    const byResource = { labelNames: ['resource'] } as const;
    this.#capacity = new Gauge({
      ...of('mesos_resource_capacity', 'What the agents offer; mem and disk in MB'),
      ...byResource,
    });
    this.#used = new Gauge({
      ...of('mesos_resource_used', 'What of it is allocated; mem and disk in MB'),
      ...byResource,
    });
    this.#tasks = new Gauge({ ...of('mesos_tasks', 'Tasks that are in the state now'), ...byState });
    this.#agents = new Gauge({ ...of('mesos_agents', 'Agents as the leading Mesos master counts them'), ...byState });
    this.#frameworks = new Gauge({ ...of('mesos_frameworks', 'Frameworks as it counts them'), ...byState });
    this.#ended = new Counter({
      ...of('mesos_tasks_ended_total', 'Tasks that ended so while this master watched, whatever Mesos master led'),
      ...byState,
    });
    this.#leaderChanges = new Counter(of('mesos_leader_changes_total', 'Changes of the leading Mesos master'));
    this.#age = new Gauge(
      of(
        'mesos_figures_age_seconds',
        'Since the leading Mesos master reported its figures; before it did, since this master started',
      ),
    );
    this.#drift = new Gauge({
      ...of('drift', 'Where whitelist, reports and Mesos disagree, as found last'),
      labelNames: ['kind'],
    });
  }

  fill(figures: ClusterFigures): void {
    const now = figures.snapshot();
    for (const resource of RESOURCES) {
      put(this.#capacity, { resource }, now[`cluster-${resource}-total`]);
      put(this.#used, { resource }, now[`cluster-${resource}-used`]);
    }
    for (const state of LIVE_TASKS) put(this.#tasks, { state }, now[`cluster-tasks-${state}`]);
    for (const state of AGENT_STATES) put(this.#agents, { state }, now[`cluster-agents-${state}`]);
    for (const state of FRAMEWORK_STATES) put(this.#frameworks, { state }, now[`cluster-frameworks-${state}`]);
    for (const state of ENDED_TASKS) this.#raise(this.#ended, { state }, state, figures.ended[state]);
    this.#raise(this.#leaderChanges, {}, 'leader changes', figures.leaderChanges);
    this.#age.set(figures.unverifiedS);
  }

  /** @param counts undefined: never looked */
  fillDrift(counts: Readonly<Record<string, number>> | undefined): void {
    for (const [kind, count] of Object.entries(counts ?? {})) this.#drift.set({ kind }, count);
  }

  #raise<L extends string>(counter: Counter<L>, labels: Record<string, string>, key: string, total?: number): void {
    if (total === undefined) return;
    const more = total - (this.#reported.get(key) ?? 0);
    // Once with 0, so that the series begins before the first step.
    if (more > 0 || !this.#reported.has(key)) counter.inc(labels as Record<L, string>, Math.max(more, 0));
    this.#reported.set(key, total);
  }
}

function put<L extends string>(gauge: Gauge<L>, labels: Record<L, string>, value: number | undefined): void {
  if (value !== undefined) gauge.set(labels, value);
  else gauge.remove(labels);
}
