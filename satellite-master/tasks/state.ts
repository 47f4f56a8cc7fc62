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

/** The place of the task that has the newest word on it: an id may have been used again. */
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
