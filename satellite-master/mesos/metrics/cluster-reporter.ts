/**
 * Follows the cluster for those who want figures: each answer of Mesos goes into them, and each poll (`sleep-time`)
 * down the rules as events. Decides nothing.
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
  frameworkEvents,
  hasChanged,
  hostEvents,
  leaderEvent,
  MOST_FRAMEWORKS,
  metricEvents,
  taskEvent,
  type Voice,
} from './cluster-events.ts';
import type { LeaderFigures } from './leader-metrics.ts';

/** What a configured Mesos gives; none of it where there is none. */
export interface MesosSources {
  readonly client: { onFigures(listener: (figures: MesosMetrics) => void): void };
  readonly leader: Pick<LeaderFigures, 'leader' | 'figuresOf'>;
  readonly cluster: Cluster;
}

export interface ClusterWatchOptions {
  readonly mesos: MesosSources | undefined;
  readonly figures: ClusterFigures;
  readonly leads: () => boolean;
  /** The whitelist's own; undefined while nobody may trust them. */
  readonly hostFigures: () => Readonly<Record<string, number>> | undefined;
  readonly take: (events: readonly Event[]) => void;
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
/** So many events are said before the time is looked at. */
const SAID_AT_ONCE = 50;
/** The Mesos master beside us is asked once a second, and may need three. */
const FRESH_S = 5;
const MIN_LEADER_INTERVAL_MS = 5_000;
/** Our own name for the Mesos master beside us; another's is its address. */
const LOCAL = 'local';

export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #once: OnceLog;
  readonly #turns: Turns;
  readonly #listeningSinceS: number;
  #timers: readonly Timer[] = [];
  /** The newest answer of the local Mesos master that has not been told yet. */
  #untold: MesosMetrics | undefined;
  #elected = false;
  #asking = false;
  #leaderAskedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    this.#turns = new Turns(options.clock);
    this.#listeningSinceS = options.clock.wallMs() / 1000;
    options.mesos?.client.onFigures((metrics) => this.#heard(metrics));
    options.mesos?.cluster.onTask((task, before) => {
      if (hasChanged(task, before, this.#listeningSinceS)) options.take([taskEvent(this.#voice(), task)]);
    });
  }

  start(): void {
    const { clock, pollIntervalMs } = this.#options;
    this.#timers = [
      clock.every(LEADER_MS, () => this.sayLeader()),
      clock.every(pollIntervalMs, () => void this.poll()),
    ];
    this.sayLeader();
    void this.#askLeader();
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#turns.stop();
  }

  /** Whether this master leads; to be called whenever that changed. */
  sayLeader(): void {
    const { take, leads } = this.#options;
    take([leaderEvent(this.#voice(), leads())]);
  }

  /** Says all that is known now. Never rejects. */
  async poll(): Promise<void> {
    this.#turns.run(this.#say(this.#known()));
    await this.#turns.done();
    await this.#askLeader();
  }

  #known(): Event[] {
    const { mesos, hostFigures } = this.#options;
    const voice = this.#voice();
    const events = this.#untold ? metricEvents(voice, this.#untold) : [];
    this.#untold = undefined;
    if (mesos && mesos.cluster.stale === undefined) {
      const frameworks = mesos.cluster.frameworks();
      if (frameworks.size > MOST_FRAMEWORKS)
        this.#once.warn('frameworks', `more than ${MOST_FRAMEWORKS} frameworks: the others' resources are not shown`);
      events.push(...frameworkEvents(voice, frameworks.values()));
    }
    const figures = hostFigures();
    if (figures) events.push(...hostEvents(voice, this.#options.host, figures));
    return events;
  }

  /** A master with many frameworks has thousands of figures. */
  *#say(events: readonly Event[]): LongWork {
    for (let from = 0; from < events.length; from += SAID_AT_ONCE) {
      this.#options.take(events.slice(from, from + SAID_AT_ONCE));
      yield;
    }
  }

  #heard(metrics: MesosMetrics): void {
    const elected = metrics['master/elected'] === 1;
    const turned = elected !== this.#elected;
    this.#untold = metrics;
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
        // Meanwhile the one beside us may have been elected, and then it tells.
        if (!this.#elected) figures.take(answer, leader);
      }
      // To know who leads is not yet to have its figures, and the one beside us may only have been elected once.
      if (figures.ageS === undefined || figures.ageS > FRESH_S) return;
      this.#once.recovered('leader', 'the leading Mesos master tells its figures again');
    } catch (error) {
      this.#once.warn('leader', `no figures of the leading Mesos master: ${messageOf(error)}`);
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

  #voice(): Voice {
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
