/**
 * Adds to stored metadata what only the Mesos master says of a task: that it was lost with its agent, or is back. The
 * slave of that agent can't report it, so without this the task would stay as it was reported last.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { withStatus } from './state.ts';
import { isOlder, type TaskStore } from './store.ts';

/** A task as the Mesos master has it. */
export interface SeenTask {
  readonly id: string;
  readonly frameworkId: string;
  readonly state: string;
  /** Since when it is in that state, unix seconds. */
  readonly timeS: number | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
}

export interface LostTasksOptions {
  readonly cluster: { onTask(listener: (task: SeenTask, before: SeenTask | undefined) => void): void };
  readonly store: Pick<TaskStore, 'get' | 'put'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** States that the Mesos master gives a task whose agent does not answer. */
const LOST: ReadonlySet<string> = new Set([
  'TASK_LOST',
  'TASK_UNREACHABLE',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_DROPPED',
]);
/** Tasks that may wait for the store; beyond it those that came first are left out. */
const MAX_WAITING = 20_000;
const RETRY_MS = 5_000;

export class LostTasks {
  readonly #options: LostTasksOptions;
  readonly #once: OnceLog;
  /** The newest state of each, by task id: the store knows no other key. */
  readonly #waiting = new Map<string, SeenTask>();
  #working: Promise<void> | undefined;
  #retry: Timer | undefined;
  #stopped = false;

  constructor(options: LostTasksOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    options.cluster.onTask((task, before) => {
      if (LOST.has(task.state) || (before !== undefined && LOST.has(before.state))) this.#enqueue(task);
    });
  }

  /** Resolves when nothing waits any more, or the store refuses. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.#working;
  }

  #enqueue(task: SeenTask): void {
    this.#waiting.delete(task.id);
    this.#waiting.set(task.id, task);
    const [first] = this.#waiting.keys();
    if (this.#waiting.size > MAX_WAITING && first !== undefined) this.#waiting.delete(first);
    if (!this.#retry) this.#work();
  }

  #work(): void {
    this.#retry = undefined;
    this.#working ??= this.#drain()
      .then(() => this.#once.recovered('store', 'the states of lost tasks are stored again'))
      .catch((error: unknown) => {
        this.#once.warn('store', 'the states of lost tasks are not stored', { err: messageOf(error) });
        if (!this.#stopped) this.#retry = this.#options.clock.after(RETRY_MS, () => this.#work());
      })
      .finally(() => {
        this.#working = undefined;
      });
  }

  async #drain(): Promise<void> {
    for (const task of this.#waiting.values()) {
      if (this.#stopped) return;
      await this.#add(task);
      // A newer state may have come meanwhile.
      if (this.#waiting.get(task.id) === task) this.#waiting.delete(task.id);
    }
  }

  async #add(task: SeenTask): Promise<void> {
    const { store, clock } = this.#options;
    const stored = await store.get(task.id);
    if (!stored) return;
    const nowS = clock.wallMs() / 1000;
    // A task that is back is back since now: Mesos repeats the time at which it began to run.
    const timestamp = LOST.has(task.state) ? (task.timeS ?? nowS) : nowS;
    const isKnown = stored.newestS !== undefined && timestamp <= stored.newestS;
    if (isKnown || isOlder({ newestS: timestamp }, stored)) return;
    const { state, reason, message, frameworkId } = task;
    const status = {
      state,
      timestamp,
      source: 'SOURCE_MASTER',
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
    };
    const text = withStatus(stored.state, task.id, frameworkId, status);
    if (text === undefined) return;
    await store.put([{ id: task.id, host: stored.host, state: text, newestS: timestamp }]);
  }
}
