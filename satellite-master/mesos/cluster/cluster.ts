/**
 * The cluster as Mesos reports it: agents and tasks, from the v1 stream or a polled `/state`. Statistics, black-hole
 * detection, drift and deactivation read it through this interface.
 */
import type { HostName } from '../../../shared/host-name.ts';

/** One registration of an agent; a host name may be there twice. */
export interface ClusterAgent {
  readonly id: string;
  /** As the agent announced it; `host` is undefined where that is no host name. */
  readonly hostname: string;
  readonly host: HostName | undefined;
  /** As in `slave(1)@10.0.0.1:5051`; undefined where the master did not say. */
  readonly pid: string | undefined;
  /** Connected and offered. */
  readonly active: boolean;
  /** Taken out of scheduling through Mesos itself (1.9+). */
  readonly deactivated: boolean;
  readonly draining: 'DRAINING' | 'DRAINED' | undefined;
  readonly unreachable: boolean;
  /** In a maintenance window: `down` now, or `scheduled`. */
  readonly maintenance: 'scheduled' | 'draining' | 'down' | undefined;
  /** Unix seconds. */
  readonly registeredS: number | undefined;
}

/** A task in its last known state. */
export interface ClusterTask {
  readonly id: string;
  readonly name: string;
  readonly frameworkId: string;
  readonly frameworkName: string;
  readonly agentId: string;
  /** Of the agent, where it is known. */
  readonly host: HostName | undefined;
  /** `TASK_RUNNING` … */
  readonly state: string;
  /** When it went into that state, unix seconds; undefined where Mesos did not say. */
  readonly timeS: number | undefined;
  /** Time of its first status as starting or running, unix seconds. */
  readonly startedS: number | undefined;
  /** `REASON_…` and the message of the last status, cut to 1 KiB. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
}

export interface ClusterFramework {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly active: boolean;
  readonly mem: number;
  readonly cpus: number;
  readonly disk: number;
}

export type TaskListener = (task: ClusterTask, before: ClusterTask | undefined) => void;

export interface Cluster {
  /** Age of the last complete snapshot by the monotonic clock, ms; undefined: none yet. Old data are kept and marked stale. */
  readonly answeredMs: number | undefined;
  /** Why the model is not fresh; undefined: it is. */
  readonly stale: string | undefined;
  agents(): ReadonlyMap<string, ClusterAgent>;
  agentsOf(host: HostName): readonly ClusterAgent[];
  frameworks(): ReadonlyMap<string, ClusterFramework>;
  /** Number of tasks in each state: those in the last snapshot, and those that ended lately. */
  taskCounts(): Readonly<Record<string, number>>;
  /**
   * Called for each task that is new, whose state changed, or whose start became known, in order; at most 1,000 times in
   * one turn of the event loop.
   */
  onTask(listener: TaskListener): void;
  /** Called when agents came, left or changed; once for all that one snapshot changed. */
  onAgents(listener: () => void): void;
}
