/** Reads the statuses of a task: since when it is in its state, why, and when it started. `/state` and v1 have the same. */
import { isObject, numberAt, textAt } from '../../../shared/mesos/index.ts';
import { cutToLength } from '../../../shared/text.ts';
import type { TaskRow } from '../cluster/index.ts';

const MAX_MESSAGE_CHARACTERS = 1024;

type Times = Pick<TaskRow, 'timeS' | 'startedS' | 'reason' | 'message'>;

/** @param statuses oldest first, as Mesos lists them */
export function timesIn(statuses: readonly unknown[], state: string): Times {
  let timeS: number | undefined;
  let startedS: number | undefined;
  let last: unknown;
  for (const status of statuses) {
    if (!isObject(status)) continue;
    const atS = numberAt(status, 'timestamp');
    const said = status['state'];
    if (isStart(said)) startedS ??= atS;
    if (said === state && !(isObject(last) && last['state'] === state)) timeS = atS;
    last = status;
  }
  return { timeS, startedS, ...detailsIn(last) };
}

/** Whether a status of that state proves that the task was started by then. */
export function isStart(state: unknown): boolean {
  return state === 'TASK_STARTING' || state === 'TASK_RUNNING';
}

/** Reason and message of one status; old versions give no reason, short ones no message. */
export function detailsIn(status: unknown): Pick<Times, 'reason' | 'message'> {
  const message = textAt(status, 'message');
  return {
    reason: textAt(status, 'reason'),
    message: message === undefined ? undefined : cutToLength(message, MAX_MESSAGE_CHARACTERS),
  };
}
