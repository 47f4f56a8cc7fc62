/**
 * Brings the figures of the cluster up to date with each answer of Mesos, and publishes them as events at each poll
 * (`sleep-time`). Decides nothing.
 */

import type { Clock, Timer } from '../../../shared/clock.ts';
import { type LongWork, Turns } from '../../../shared/cooperative.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Event } from '../../../shared/event.ts';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import type { ClusterFigures, MesosMetrics } from '../../stats/index.ts';
import type { Cluster } from '../cluster/index.ts';
import {
  type EventContext,
  frameworkEvents,
  hasChanged,
  hostEvents,
  leaderEvent,
  MAX_FRAMEWORKS,
  metricEvents,
  taskEvent,
} from './cluster-events.ts';
import type { LeaderMetrics } from './leader-metrics.ts';

/** What is there where a Mesos is configured. */
export interface MesosSources {
  readonly client: { onFigures(listener: (figures: MesosMetrics) => void): void };
  readonly leader: Pick<LeaderMetrics, 'leader' | 'figuresOf'>;
  readonly cluster: Cluster;
}

export interface ClusterReporterOptions {
  readonly mesos: MesosSources | undefined;
  readonly figures: ClusterFigures;
  readonly leads: () => boolean;
  /** The whitelist's own; undefined before the store was read whole. */
  readonly hostFigures: () => Readonly<Record<string, number>> | undefined;
  readonly publish: (events: readonly Event[]) => void;
  /** The host in `mesos-master-url`. */
  readonly mesosHost: HostName;
  /** The machine of this master. */
  readonly host: HostName;
  /** `sleep-time`. */
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Well within the 60 s for which the event holds. */
const LEADER_MS = 10_000;
/** Events published between two looks at the clock. */
const EVENTS_AT_ONCE = 50;
/** The local Mesos master is asked once a second, and may need three. */
const FRESH_S = 5;
const MIN_LEADER_INTERVAL_MS = 5_000;
/** Name of the local Mesos master; that of another is its address. */
const LOCAL = 'local';

export class ClusterReporter {
  readonly #options: ClusterReporterOptions;
  readonly #once: OnceLog;
  readonly #turns: Turns;
  readonly #listeningSinceS: number;
  #timers: readonly Timer[] = [];
  /** The newest answer of the local Mesos master that has not been published yet. */
  #unpublished: MesosMetrics | undefined;
  #elected = false;
  #asking = false;
  #leaderAskedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ClusterReporterOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    this.#turns = new Turns(options.clock);
    this.#listeningSinceS = options.clock.wallMs() / 1000;
    options.mesos?.client.onFigures((metrics) => this.#ingest(metrics));
    options.mesos?.cluster.onTask((task, before) => {
      if (hasChanged(task, before, this.#listeningSinceS)) options.publish([taskEvent(this.#context(), task)]);
    });
  }

  start(): void {
    const { clock, pollIntervalMs } = this.#options;
    this.#timers = [
      clock.every(LEADER_MS, () => this.publishLeader()),
      clock.every(pollIntervalMs, () => void this.poll()),
    ];
    this.publishLeader();
    void this.#askLeader();
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#turns.stop();
  }

  /** Whether this master leads; to be called whenever that changed. */
  publishLeader(): void {
    const { publish, leads } = this.#options;
    publish([leaderEvent(this.#context(), leads())]);
  }

  /** Publishes all that is known now. Never rejects. */
  async poll(): Promise<void> {
    this.#turns.run(this.#publish(this.#known()));
    await this.#turns.done();
    await this.#askLeader();
  }

  #known(): Event[] {
    const { mesos, hostFigures } = this.#options;
    const context = this.#context();
    const events = this.#unpublished ? metricEvents(context, this.#unpublished) : [];
    this.#unpublished = undefined;
    if (mesos && mesos.cluster.stale === undefined) {
      const frameworks = mesos.cluster.frameworks();
      if (frameworks.size > MAX_FRAMEWORKS)
        this.#once.warn('frameworks', 'too many frameworks, the resources of the others are not shown', {
          shown: MAX_FRAMEWORKS,
        });
      events.push(...frameworkEvents(context, frameworks.values()));
    }
    const figures = hostFigures();
    if (figures) events.push(...hostEvents(context, this.#options.host, figures));
    return events;
  }

  /** A master with many frameworks has thousands of figures. */
  *#publish(events: readonly Event[]): LongWork {
    for (let from = 0; from < events.length; from += EVENTS_AT_ONCE) {
      this.#options.publish(events.slice(from, from + EVENTS_AT_ONCE));
      yield;
    }
  }

  #ingest(metrics: MesosMetrics): void {
    const elected = metrics['master/elected'] === 1;
    const turned = elected !== this.#elected;
    this.#unpublished = metrics;
    this.#elected = elected;
    this.#options.figures.take(metrics, LOCAL);
    if (turned && this.#timers.length > 0) void this.#askLeader();
  }

  /** Who leads, and its figures where it is not the Mesos master beside us. */
  async #askLeader(): Promise<void> {
    const { mesos, figures } = this.#options;
    if (!mesos || this.#asking) return;
    this.#asking = true;
    try {
      const leader = await mesos.leader.leader();
      figures.leads(leader);
      if (leader !== undefined && !this.#elected && this.#isLeaderDue()) {
        const answer = await mesos.leader.figuresOf(leader);
        // The local one may have been elected meanwhile, and then its own answers count.
        if (!this.#elected) figures.take(answer, leader);
      }
      // Knowing the leader is not having its figures; the local one may have been elected only for a moment.
      if (figures.ageS === undefined || figures.ageS > FRESH_S) return;
      this.#once.recovered('leader', 'the leading Mesos master answers its figures again');
    } catch (error) {
      this.#once.warn('leader', 'no figures of the leading Mesos master', { err: messageOf(error) });
    } finally {
      this.#asking = false;
    }
  }

  /** Every follower asks the same leader, which answers two requests a second. */
  #isLeaderDue(): boolean {
    const nowMs = this.#options.clock.monoMs();
    if (nowMs - this.#leaderAskedMs < MIN_LEADER_INTERVAL_MS) return false;
    this.#leaderAskedMs = nowMs;
    return true;
  }

  #context(): EventContext {
    const { mesosHost, clock, pollIntervalMs } = this.#options;
    return { host: mesosHost, nowS: clock.wallMs() / 1000, ttlS: Math.max(300, (pollIntervalMs / 1000) * 3) };
  }
}

/** The host of events about Mesos, as in the original: as `mesos-master-url` has it; without one the machine itself. */
export function hostOfMesos(url: string | undefined, machine: string): HostName {
  const named = url === undefined ? machine : new URL(url).hostname.replace(/^\[|\]$/g, '');
  const host = parseHostName(named) ?? parseHostName('localhost');
  if (!host) throw new Error('localhost is a host name');
  return host;
}
