/** A stored task in a flat, readable form (`GET /tasks/{id}`). Pure. */
import { isObject, type JsonObject, listAt, numberAt, textAt } from '../../shared/mesos/index.ts';
import { newestPath } from './state.ts';
import type { StoredTask } from './store.ts';

/** States after which nothing comes; `TASK_UNREACHABLE` may still come back. */
const LAST_STATES: ReadonlySet<string> = new Set([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_LOST',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
]);

/** Null for what Mesos did not report. Times are unix seconds. */
export interface ReadableTask {
  readonly id: string;
  readonly name: string | null;
  readonly host: string;
  readonly framework: { readonly id: string | null; readonly name: string | null };
  readonly executor: {
    readonly id: string | null;
    readonly name: string | null;
    readonly source: string | null;
    readonly container: string | null;
    readonly directory: string | null;
  };
  readonly state: string | null;
  /** In the order of their times. */
  readonly states: readonly TaskState[];
  /** When it first ran. */
  readonly started: number | null;
  readonly ended: number | null;
  /** How it ended, as far as the message or reason of the last status says. */
  readonly exit: TaskExit | null;
  /** The folder on the host. */
  readonly sandbox: string | null;
  readonly storedAt: number;
}

export interface TaskState {
  readonly state: string | null;
  readonly time: number | null;
  readonly message: string | null;
  readonly reason: string | null;
  readonly source: string | null;
}

export interface TaskExit {
  readonly code: number | null;
  /** As in `Killed`. */
  readonly signal: string | null;
  readonly message: string | null;
  readonly reason: string | null;
}

/** @throws Error where the stored state has no such task */
export function readable({ id, host, state, storedAtMs }: StoredTask): ReadableTask {
  const whole: unknown = JSON.parse(state);
  const path = isObject(whole) ? newestPath(whole, id) : undefined;
  if (!path) throw new Error(`the stored state of ${JSON.stringify(id)} has no such task`);
  const { framework, executor, task } = path;
  const states = listAt(task, 'statuses').filter(isObject).map(stateOf).sort(byTime);
  const now = textAt(task, 'state') ?? states.at(-1)?.state ?? null;
  const last = now !== null && LAST_STATES.has(now) ? states.findLast((status) => status.state === now) : undefined;
  const directory = textAt(executor, 'directory') ?? null;
  return {
    id,
    name: textAt(task, 'name') ?? null,
    host,
    framework: { id: textAt(framework, 'id') ?? null, name: textAt(framework, 'name') ?? null },
    executor: {
      id: textAt(executor, 'id') ?? null,
      name: textAt(executor, 'name') ?? null,
      source: textAt(executor, 'source') ?? null,
      container: textAt(executor, 'container') ?? null,
      directory,
    },
    state: now,
    states,
    started: states.find((status) => status.state === 'TASK_RUNNING')?.time ?? null,
    ended: last?.time ?? null,
    exit: last ? exitOf(last) : null,
    sandbox: directory,
    storedAt: storedAtMs / 1000,
  };
}

function stateOf(status: JsonObject): TaskState {
  return {
    state: textAt(status, 'state') ?? null,
    time: numberAt(status, 'timestamp') ?? null,
    message: textAt(status, 'message') ?? null,
    reason: textAt(status, 'reason') ?? null,
    source: textAt(status, 'source') ?? null,
  };
}

function byTime(a: TaskState, b: TaskState): number {
  return (a.time ?? 0) - (b.time ?? 0);
}

/** In the words of Mesos' own executors: "Command exited with status 1", "Command terminated with signal Killed". */
function exitOf({ message, reason }: TaskState): TaskExit | null {
  if (message === null && reason === null) return null;
  const code = /\bexited with status (\d+)/i.exec(message ?? '')?.[1];
  const signal = /\bterminated with signal ([^;:.()]+)/i.exec(message ?? '')?.[1]?.trim();
  return { code: code === undefined ? null : Number(code), signal: signal ?? null, message, reason };
}
