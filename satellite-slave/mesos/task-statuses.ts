/** The v1 API's `GET_TASKS`: what `/state` leaves out of the statuses of tasks. */
import { isObject, type JsonObject, listAt, numberAt, textAt } from '../../shared/mesos/index.ts';

/** What a status says about why it came, as far as it does. */
export interface StatusDetail {
  readonly message?: string;
  readonly reason?: string;
  readonly source?: string;
}

/** By {@link statusKey}. */
export type StatusesOfTasks = ReadonlyMap<string, StatusDetail>;

/** A task's id is unique within its framework; a status by its state and its time. */
export function statusKey(frameworkId: string, taskId: string, status: JsonObject): string {
  return JSON.stringify([frameworkId, taskId, textAt(status, 'state'), numberAt(status, 'timestamp')]);
}

const LISTS = ['pending_tasks', 'queued_tasks', 'launched_tasks', 'terminated_tasks', 'completed_tasks'];

/** @param answer of `GET_TASKS` */
export function statusesIn(answer: JsonObject): StatusesOfTasks {
  const details = new Map<string, StatusDetail>();
  for (const list of LISTS)
    for (const task of listAt(answer, 'get_tasks', list)) {
      const framework = textAt(task, 'framework_id', 'value');
      const id = textAt(task, 'task_id', 'value');
      if (framework === undefined || id === undefined) continue;
      for (const status of listAt(task, 'statuses').filter(isObject)) {
        const detail = detailOf(status);
        if (detail) details.set(statusKey(framework, id, status), detail);
      }
    }
  return details;
}

function detailOf(status: JsonObject): StatusDetail | undefined {
  const detail = Object.fromEntries(
    ['message', 'reason', 'source'].flatMap((key) => {
      const text = textAt(status, key);
      return text === undefined ? [] : [[key, text]];
    }),
  ) as StatusDetail;
  return Object.keys(detail).length === 0 ? undefined : detail;
}

/** The task of the state with the details of its statuses. What the state itself says is kept. */
export function withStatuses(task: JsonObject, frameworkId: string, details: StatusesOfTasks): JsonObject {
  const { id, statuses } = task;
  if (details.size === 0 || typeof id !== 'string' || !Array.isArray(statuses)) return task;
  return {
    ...task,
    statuses: statuses.map((status: unknown) =>
      isObject(status) ? { ...details.get(statusKey(frameworkId, id, status)), ...status } : status,
    ),
  };
}
