/** Tasks for tests, in the form in which slaves send them. */

import type { TaskMetadata } from '../../../satellite-master/tasks/store.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { parseHostName } from '../../../shared/host-name.ts';

export const HOST = parseHostName('alpha.test') as HostName;

export interface Status {
  readonly state: string;
  readonly timestamp?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly source?: string;
}

/** The pruned state of a task of one's own executor; a status that is no number of seconds has no time. */
export function stateOf(id: string, statuses: readonly Status[], more: object = {}): Readonly<Record<string, unknown>> {
  const task = { id, name: id.split('.')[0], state: statuses.at(-1)?.state ?? 'TASK_STAGING', statuses, ...more };
  const executor = {
    id,
    name: '',
    source: id,
    container: 'c1',
    directory: `/sandbox/${id}`,
    tasks: [task],
    completed_tasks: [],
  };
  const framework = { id: 'f1', name: 'marathon', executors: [executor], completed_executors: [] };
  return { id: 'S1', hostname: HOST, frameworks: [framework], completed_frameworks: [] };
}

/** A task as parsed, whose newest status is of that time; undefined: it bears none. */
export function taskAt(id: string, newestS: number | undefined, word = 'TASK_RUNNING', padding = ''): TaskMetadata {
  const status = { state: word, ...(newestS === undefined ? {} : { timestamp: newestS }) };
  return { id, host: HOST, newestS, state: JSON.stringify(stateOf(id, [status], padding === '' ? {} : { padding })) };
}
