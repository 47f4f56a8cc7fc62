/** What a slave's `POST /tasks` carries: each task accepted or rejected with the reason (docs/rest.md, "Task metadata"). Pure. */
import { SatelliteError } from '../../shared/errors.ts';
import { HOST_NAME_FORM, type HostName, parseHostName } from '../../shared/host-name.ts';
import type { JsonObject } from '../../shared/mesos/index.ts';
import type { TaskMetadata } from '../tasks/index.ts';
import { newestPath } from '../tasks/index.ts';
import type { Rejected } from './reports.ts';
import { compile, faultOf, shown } from './schema.ts';

export const MAX_TASKS_PER_REQUEST = 1000;
const MAX_ID = 1024;

interface TaskInBody {
  readonly id: string;
  readonly state: JsonObject;
}

const isTask = compile<TaskInBody>({
  type: 'object',
  required: ['id', 'state'],
  properties: {
    id: { type: 'string', minLength: 1, longest: MAX_ID, expected: `1-${MAX_ID} characters` },
    state: { type: 'object', expected: "the agent's state, pruned to the task" },
  },
  additionalProperties: false,
});

const isBody = compile<{ readonly host: string; readonly tasks: readonly unknown[] }>({
  type: 'object',
  required: ['host', 'tasks'],
  properties: {
    host: { type: 'string', expected: HOST_NAME_FORM },
    tasks: { type: 'array', minItems: 1, expected: `an array of 1-${MAX_TASKS_PER_REQUEST} tasks` },
  },
});

export interface ParsedTasks {
  readonly accepted: readonly TaskMetadata[];
  readonly rejected: readonly Rejected[];
}

/** @throws SatelliteError bad-request, bad-host-name, or too-large, for the body as a whole */
export function parseTasks(body: unknown): ParsedTasks {
  if (!isBody(body)) throw new SatelliteError('bad-request', faultOf(isBody));
  const { tasks } = body;
  const host = parseHostName(body.host);
  if (!host) throw new SatelliteError('bad-host-name', `host: found ${shown(body.host)}, expected ${HOST_NAME_FORM}`);
  if (tasks.length > MAX_TASKS_PER_REQUEST)
    throw new SatelliteError('too-large', `${tasks.length} tasks, ${MAX_TASKS_PER_REQUEST} at most in one request`, {
      most: MAX_TASKS_PER_REQUEST,
    });
  const accepted: TaskMetadata[] = [];
  const rejected: Rejected[] = [];
  for (const [index, found] of tasks.entries()) {
    const task = taskOf(found, host);
    if (typeof task === 'string') rejected.push({ index, reason: task });
    else accepted.push(task);
  }
  return { accepted, rejected };
}

/** @returns the task, or what is wrong with it */
function taskOf(found: unknown, host: HostName): TaskMetadata | string {
  if (!isTask(found)) return faultOf(isTask).replace(/^the body:/, 'the task:');
  const { id, state } = found;
  if (!isWellFormed(id)) return `id: found ${shown(id)}, expected text that UTF-8 can hold`;
  const path = newestPath(state, id);
  if (!path) return `state: found no task ${shown(id)} in it, expected framework, executor and this task`;
  return { id, host, state: JSON.stringify(state), newestS: path.newestS };
}

/** No half of a surrogate pair: it would be stored under another id. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
