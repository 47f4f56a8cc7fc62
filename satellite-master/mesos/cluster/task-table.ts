/** The tasks of the picture: all that live, and those that ended lately; bounded. */
import { LRUCache } from 'lru-cache';
import type { ClusterTask } from './cluster.ts';
import { hasEnded, taskKey } from './messages.ts';

const MOST_LIVE = 200_000;
const MOST_ENDED = 50_000;
/** For so long a task that is in no answer any more is remembered, so that it is no news when a failover brings it back. */
const REMEMBERED_MS = 600_000;
/** Forgetting is put off rather than all done at once. */
const MOST_FORGOTTEN = 10_000;
const UNREACHABLE = 'TASK_UNREACHABLE';

export class HeldTasks {
  readonly #live = new Map<string, ClusterTask>();
  /** Those that were told first go first. */
  readonly #ended = new LRUCache<string, ClusterTask>({
    max: MOST_ENDED,
    dispose: ({ state }) => this.#count(state, -1),
  });
  /** Living ones that are in no answer any more, since when (monotonic ms). */
  readonly #missing = new Map<string, number>();
  /** Keys of living ones that are unreachable. */
  readonly #unreachable = new Set<string>();
  readonly #counts = new Map<string, number>();

  /** Whether there is room for one more that lives. */
  get isFull(): boolean {
    return this.#live.size >= MOST_LIVE;
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

  /** It is in no answer any more. One that has ended is kept anyway: Mesos forgets soon. */
  gone(key: string, nowMs: number): void {
    const task = this.#live.get(key);
    if (!task || this.#missing.has(key)) return;
    this.#missing.set(key, nowMs);
    this.#count(task.state, -1);
  }

  /** Forgets those that have been missing for long; of very many some. */
  tidy(nowMs: number): void {
    let left = MOST_FORGOTTEN;
    for (const [key, sinceMs] of this.#missing) {
      if (nowMs - sinceMs < REMEMBERED_MS || left-- === 0) return;
      this.#missing.delete(key);
      this.#live.delete(key);
      this.#unreachable.delete(key);
    }
  }

  /** Agents of those in the last answer that are unreachable. */
  unreachableAgents(): ReadonlySet<string> {
    const agents = new Set<string>();
    for (const key of this.#unreachable) {
      const task = this.#live.get(key);
      if (task && !this.#missing.has(key)) agents.add(task.agentId);
    }
    return agents;
  }

  /** Those in the last answer, and those that ended lately. */
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
