/** The tasks of the cluster: all that live, and those that ended lately; bounded. */
import { LRUCache } from 'lru-cache';
import type { ClusterTask } from './cluster.ts';
import { hasEnded, taskKey } from './messages.ts';

const MAX_LIVE = 200_000;
const MAX_ENDED = 50_000;
/** A missing task is remembered for this long, so that it is not new when a failover brings it back. */
const REMEMBERED_MS = 600_000;
/** Tasks forgotten at once; the rest follows with the next snapshot. */
const MAX_FORGOTTEN = 10_000;
const UNREACHABLE = 'TASK_UNREACHABLE';

export class TaskTable {
  readonly #live = new Map<string, ClusterTask>();
  /** The first to end goes first. */
  readonly #ended = new LRUCache<string, ClusterTask>({
    max: MAX_ENDED,
    dispose: ({ state }) => this.#count(state, -1),
  });
  /** Live tasks that are in no snapshot, since when (monotonic ms). */
  readonly #missing = new Map<string, number>();
  /** Keys of live tasks that are unreachable. */
  readonly #unreachable = new Set<string>();
  readonly #counts = new Map<string, number>();

  /** Whether there is no room for one more live task. */
  get isFull(): boolean {
    return this.#live.size >= MAX_LIVE;
  }

  get(key: string): ClusterTask | undefined {
    return this.#live.get(key) ?? this.#ended.peek(key);
  }

  /** Whether {@link values} has it. */
  has(key: string): boolean {
    return this.#live.has(key) ? !this.#missing.has(key) : this.#ended.has(key);
  }

  put(task: ClusterTask): void {
    const key = taskKey(task);
    const ended = hasEnded(task.state);
    this.#remove(key, ended);
    this.#count(task.state, 1);
    if (ended) this.#ended.set(key, task);
    else this.#live.set(key, task);
    if (task.state === UNREACHABLE) this.#unreachable.add(key);
  }

  /** The task is in no snapshot any more. One that has ended is kept: Mesos forgets it soon. */
  markMissing(key: string, nowMs: number): void {
    const task = this.#live.get(key);
    if (!task || this.#missing.has(key)) return;
    this.#missing.set(key, nowMs);
    this.#count(task.state, -1);
  }

  /** Forgets tasks that have been missing for long, a bounded number at once. */
  forgetMissing(nowMs: number): void {
    let left = MAX_FORGOTTEN;
    for (const [key, sinceMs] of this.#missing) {
      if (nowMs - sinceMs < REMEMBERED_MS || left-- === 0) return;
      this.#missing.delete(key);
      this.#live.delete(key);
      this.#unreachable.delete(key);
    }
  }

  /** Agents of the unreachable tasks in the last snapshot. */
  unreachableAgents(): ReadonlySet<string> {
    const agents = new Set<string>();
    for (const key of this.#unreachable) {
      const task = this.#live.get(key);
      if (task && !this.#missing.has(key)) agents.add(task.agentId);
    }
    return agents;
  }

  /** Tasks in the last snapshot, and those that ended lately. */
  *values(): IterableIterator<ClusterTask> {
    for (const [key, task] of this.#live) if (!this.#missing.has(key)) yield task;
    for (const task of this.#ended.rvalues()) if (task) yield task;
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #remove(key: string, forGood: boolean): void {
    this.#ended.delete(key);
    this.#unreachable.delete(key);
    const task = this.#live.get(key);
    if (!task) return;
    if (forGood) this.#live.delete(key);
    if (!this.#missing.delete(key)) this.#count(task.state, -1);
  }

  #count(state: string, by: number): void {
    const count = (this.#counts.get(state) ?? 0) + by;
    if (count === 0) this.#counts.delete(state);
    else this.#counts.set(state, count);
  }
}
