/** Looks for drift at intervals, and shows what has lasted. While the model of the cluster is stale the last findings stay. */
import type { Clock, Timer } from '../../../shared/clock.ts';
import { interruptibly, type LongWork, Turns } from '../../../shared/cooperative.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ReplicaChange, ReplicaEntry } from '../../whitelist/index.ts';
import type { Cluster, ClusterTask } from '../cluster/index.ts';
import { type DriftKind, type Finding, findDrift, type TasksWhileOff } from './drift.ts';
import { PersistentFindings } from './persistent-findings.ts';

export { GRACE_MS, MAX_FINDINGS } from './persistent-findings.ts';

/** As `GET /drift` answers it. */
export interface DriftReport {
  /** Unix seconds: now, and when it was looked last; null: never. */
  readonly time: number;
  readonly checkedAt: number | null;
  readonly fresh: boolean;
  /** Why it is not fresh. */
  readonly reason: string | null;
  /** No Mesos is configured, so there is nothing to disagree with. */
  readonly withoutMesos: boolean;
  /** At most 1,000 of each kind. */
  readonly findings: readonly Finding[];
  /** Of each kind all there are. */
  readonly counts: Readonly<Record<DriftKind, number>>;
}

export interface DriftWatchOptions {
  /** undefined: no Mesos here. */
  readonly cluster: Cluster | undefined;
  readonly replica: {
    readonly complete: boolean;
    on(): readonly HostName[];
    get(host: HostName): ReplicaEntry | undefined;
    onChange(listener: (change: ReplicaChange) => void): void;
  };
  /** Slaves that report now. */
  readonly heard: () => Iterable<HostName>;
  /** Whether Mesos may still know the host, though it is in no answer: it may register again. */
  readonly remembered: (host: HostName) => boolean;
  readonly clock: Clock;
}

/** Looking walks all hosts; a request within this time gets the last findings. */
const CACHE_MS = 5_000;
/** Offers that were out when the host went off may still be used. */
const OFFERS_OUT_S = 60;
/** A look is restarted when agents change meanwhile, at most this often. */
const MAX_RESTARTS = 3;

export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #turns: Turns;
  #restarts = 0;
  #last = new PersistentFindings();
  #findings: readonly Finding[] = [];
  #checkedMs: number | undefined;
  #checkedAtS: number | null = null;
  #reason: string | null = 'not looked yet';
  /** Since when hosts that are off are known to be, unix seconds. */
  readonly #offSinceS = new Map<HostName, number>();
  readonly #startedOff = new Map<HostName, TasksWhileOff>();
  #timer: Timer | undefined;

  constructor(options: DriftWatchOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock);
    options.replica.onChange((change) => this.#changed(change));
    options.cluster?.onTask((task, before) => this.#task(task, before));
    options.cluster?.onAgents(() => this.#agentsChanged());
  }

  start(everyMs: number): void {
    this.#timer = this.#options.clock.every(everyMs, () => this.look());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#turns.stop();
  }

  /** Looks now, unless it has just looked; resolves when that is done. */
  async looked(): Promise<void> {
    this.#lookUnlessCached();
    await this.#turns.done();
  }

  /** As found last; looks now, unless it has just looked, but does not wait for it where there is much to be seen. */
  report(): DriftReport {
    const { clock } = this.#options;
    this.#lookUnlessCached();
    return {
      time: clock.wallMs() / 1000,
      checkedAt: this.#checkedAtS,
      fresh: this.#reason === null,
      reason: this.#reason,
      withoutMesos: this.#options.cluster === undefined,
      findings: this.#findings,
      counts: this.#last.counts,
    };
  }

  #lookUnlessCached(): void {
    const { clock } = this.#options;
    if (this.#checkedMs === undefined || clock.monoMs() - this.#checkedMs >= CACHE_MS) this.look();
  }

  /** As found last, without looking; undefined: never looked. */
  counts(): Readonly<Record<DriftKind, number>> | undefined {
    return this.#checkedMs === undefined ? undefined : this.#last.counts;
  }

  look(): void {
    this.#reason = this.#blindness();
    if (this.#reason !== null) this.#turns.stop();
    else if (!this.#turns.busy) {
      this.#restarts = 0;
      this.#turns.run(this.#look());
    }
  }

  #agentsChanged(): void {
    if (this.#turns.busy && this.#restarts++ < MAX_RESTARTS) this.#turns.run(this.#look());
  }

  /** Takes several turns of the event loop; the findings count when it is complete, as of its beginning. */
  *#look(): LongWork {
    const { cluster, replica, heard, remembered, clock } = this.#options;
    if (!cluster) return;
    const nowMs = clock.monoMs();
    const nowS = clock.wallMs() / 1000;
    const lasting = new PersistentFindings(this.#last, nowMs);
    const slaves = new Set<HostName>();
    yield* interruptibly(heard(), (host) => slaves.add(host));
    const input = {
      on: replica.on(),
      inInventory: (host: HostName) => replica.get(host) !== undefined,
      heard: slaves,
      agents: cluster.agents().values(),
      remembered,
      tasksWhileOff: this.#startedOff,
    };
    yield* findDrift(input, (finding) => lasting.add(finding));
    // The model may have become stale meanwhile, or lost all its agents.
    this.#reason = this.#blindness();
    if (this.#reason !== null) return;
    this.#last = lasting;
    this.#findings = lasting.first();
    this.#checkedMs = nowMs;
    this.#checkedAtS = nowS;
  }

  /** Why nothing can be said now; null: it can. */
  #blindness(): string | null {
    const { cluster, replica } = this.#options;
    if (!cluster) return 'no Mesos is configured';
    if (!replica.complete) return 'the store has not been read whole yet';
    if (cluster.stale !== undefined) return cluster.stale;
    // As a leader without quorum answers, and one whose agents have yet to register again.
    return cluster.agents().size === 0 ? 'Mesos answers no agents' : null;
  }

  #changed({ host, after, initial }: ReplicaChange): void {
    if (!after || after.on) {
      this.#offSinceS.delete(host);
      this.#startedOff.delete(host);
      return;
    }
    if (this.#offSinceS.has(host)) return;
    const nowS = this.#options.clock.wallMs() / 1000;
    // Found off at the start: since its record changed last at the latest.
    this.#offSinceS.set(host, (initial ? after.record?.changed?.time : undefined) ?? nowS);
  }

  /**
   * Counts a task once, when its start first becomes known: Mesos reports a new task as staging, without a time. Only
   * for a host that is in the inventory, off, and known to be since when.
   */
  #task(task: ClusterTask, before: ClusterTask | undefined): void {
    const { host } = task;
    const offSinceS = host && this.#offSinceS.get(host);
    if (!host || offSinceS === undefined || (before && startOf(before) !== undefined)) return;
    const startS = startOf(task);
    if (startS === undefined || startS <= offSinceS + OFFERS_OUT_S) return;
    const last = this.#startedOff.get(host);
    this.#startedOff.set(host, {
      offSinceS,
      tasks: (last?.tasks ?? 0) + 1,
      lastStartedS: Math.max(last?.lastStartedS ?? 0, startS),
    });
  }
}

/** Unix seconds. One that failed at its launch has no other time than that of its end. */
function startOf({ startedS, state, timeS }: ClusterTask): number | undefined {
  return startedS ?? (state === 'TASK_FAILED' || state === 'TASK_FINISHED' ? timeS : undefined);
}
