/** Reading a pruned state: the paths framework, executor, task in it. Pure; believes nothing about its form. */
import { isObject, type JsonObject, listAt, numberAt } from '../../shared/mesos/index.ts';

const FRAMEWORKS = ['frameworks', 'completed_frameworks'];
const EXECUTORS = ['executors', 'completed_executors'];
const TASKS = ['tasks', 'completed_tasks'];

export interface TaskPath {
  readonly framework: JsonObject;
  readonly executor: JsonObject;
  readonly task: JsonObject;
  /** Unix seconds of the newest status; undefined: none bears a time. */
  readonly newestS: number | undefined;
}

/** As Mesos writes one. */
export interface TaskStatus {
  readonly state: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly source: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The path to the task with the newest status: an id may have been used again. */
export function newestPath(state: JsonObject, id: string): TaskPath | undefined {
  let newest: TaskPath | undefined;
  for (const framework of objectsIn(state, FRAMEWORKS))
    for (const executor of objectsIn(framework, EXECUTORS))
      for (const task of objectsIn(executor, TASKS)) {
        if (task['id'] !== id) continue;
        const newestS = newestStatusS(task);
        if (!newest || (newestS ?? 0) > (newest.newestS ?? 0)) newest = { framework, executor, task, newestS };
      }
  return newest;
}

/**
 * The state with one more status of its task, which is now in that state.
 * @returns undefined where the task in it is of another framework, or has that state already
 */
export function withStatus(text: string, id: string, frameworkId: string, status: TaskStatus): string | undefined {
  const state: unknown = JSON.parse(text);
  const path = isObject(state) ? newestPath(state, id) : undefined;
  if (!path || path.framework['id'] !== frameworkId || path.task['state'] === status.state) return undefined;
  const task = { ...path.task, state: status.state, statuses: [...listAt(path.task, 'statuses'), status] };
  return JSON.stringify(state, (_key, value: unknown) => (value === path.task ? task : value));
}

function newestStatusS(task: JsonObject): number | undefined {
  let newestS: number | undefined;
  for (const status of listAt(task, 'statuses')) {
    const timeS = numberAt(status, 'timestamp');
    if (timeS !== undefined && (newestS === undefined || timeS > newestS)) newestS = timeS;
  }
  return newestS;
}

function objectsIn(owner: JsonObject, keys: readonly string[]): JsonObject[] {
  return keys.flatMap((key) => listAt(owner, key).filter(isObject));
}
