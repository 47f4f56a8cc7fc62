/** Looks for drift again and again, and says what has lasted. Without a fresh picture of the cluster the last findings stay. */
import type { Clock, Timer } from '../../shared/clock.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { ReplicaChange, ReplicaEntry } from '../whitelist/replica.ts';
import type { Cluster, ClusterTask } from './cluster.ts';
import { DRIFT_KINDS, type DriftKind, type Finding, findDrift, type TasksWhileOff } from './drift.ts';

/** As `GET /drift` answers it. */
export interface DriftReport {
  /** Unix seconds: now, and when it was looked last; null: never. */
  readonly time: number;
  readonly checkedAt: number | null;
  readonly fresh: boolean;
  /** Why it is not fresh. */
  readonly reason: string | null;
  /** At most {@link MOST_FINDINGS} of each kind. */
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

export const MOST_FINDINGS = 1_000;
/** What is new, a host or this master, settles within it: only what has lasted so long is told. */
export const GRACE_MS = 60_000;
/** Looking walks all hosts; whoever asks within it gets the last findings. */
const HOLDS_MS = 5_000;
/** Offers that were out when the host went off may still be used. */
const OFFERS_OUT_S = 60;

const NO_COUNTS = Object.fromEntries(DRIFT_KINDS.map((kind) => [kind, 0])) as Record<DriftKind, number>;

export class DriftWatch {
  readonly #options: DriftWatchOptions;
  /** Since when each candidate stands, monotonic ms. */
  #since = new Map<string, number>();
  #findings: readonly Finding[] = [];
  #counts: Readonly<Record<DriftKind, number>> = NO_COUNTS;
  #checkedMs: number | undefined;
  #checkedAtS: number | null = null;
  #reason: string | null = 'not looked yet';
  /** Since when hosts that are off are known to be, unix seconds. */
  readonly #offSinceS = new Map<HostName, number>();
  readonly #startedOff = new Map<HostName, TasksWhileOff>();
  #timer: Timer | undefined;

  constructor(options: DriftWatchOptions) {
    this.#options = options;
    options.replica.onChange((change) => this.#changed(change));
    options.cluster?.onTask((task, before) => this.#task(task, before));
  }

  start(everyMs: number): void {
    this.#timer = this.#options.clock.every(everyMs, () => this.look());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Looks now, unless it has just looked. */
  report(): DriftReport {
    const { clock } = this.#options;
    if (this.#checkedMs === undefined || clock.monoMs() - this.#checkedMs >= HOLDS_MS) this.look();
    return {
      time: clock.wallMs() / 1000,
      checkedAt: this.#checkedAtS,
      fresh: this.#reason === null,
      reason: this.#reason,
      findings: this.#findings,
      counts: this.#counts,
    };
  }

  /** As found last, without looking; undefined: never looked. */
  counts(): Readonly<Record<DriftKind, number>> | undefined {
    return this.#checkedMs === undefined ? undefined : this.#counts;
  }

  look(): void {
    const { cluster, replica, heard, remembered, clock } = this.#options;
    this.#reason = this.#blindness();
    if (this.#reason !== null || !cluster) return;
    const nowMs = clock.monoMs();
    const found = findDrift({
      on: replica.on(),
      inInventory: (host) => replica.get(host) !== undefined,
      heard: new Set(heard()),
      agents: cluster.agents().values(),
      remembered,
      tasksWhileOff: this.#startedOff,
    });
    const since = new Map<string, number>();
    const counts = { ...NO_COUNTS };
    const lasting = found.filter((finding) => {
      const key = `${finding.kind} ${finding.host}`;
      const firstMs = this.#since.get(key) ?? nowMs;
      since.set(key, firstMs);
      // Tasks that were started stay started: nothing has to settle.
      if (finding.kind !== 'tasks-while-off' && nowMs - firstMs < GRACE_MS) return false;
      return ++counts[finding.kind] <= MOST_FINDINGS;
    });
    this.#since = since;
    this.#findings = lasting;
    this.#counts = counts;
    this.#checkedMs = nowMs;
    this.#checkedAtS = clock.wallMs() / 1000;
  }

  /** Why nothing can be said now; null: it can. */
  #blindness(): string | null {
    const { cluster, replica } = this.#options;
    if (!cluster) return 'no Mesos is configured';
    if (!replica.complete) return 'the store has not been read whole yet';
    if (cluster.stale !== undefined) return cluster.stale;
    // A leader without quorum answers so, and one whose agents have yet to register again.
    return cluster.agents().size === 0 ? 'Mesos tells of no agents' : null;
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

  /** Of a host that is in the inventory, off, and known to be since when. */
  #task({ host, startedS, timeS }: ClusterTask, before: ClusterTask | undefined): void {
    const offSinceS = host && this.#offSinceS.get(host);
    if (!host || offSinceS === undefined || before) return;
    const startS = startedS ?? timeS;
    if (startS === undefined || startS <= offSinceS + OFFERS_OUT_S) return;
    const last = this.#startedOff.get(host);
    this.#startedOff.set(host, {
      offSinceS,
      tasks: (last?.tasks ?? 0) + 1,
      lastStartedS: Math.max(last?.lastStartedS ?? 0, startS),
    });
  }
}
