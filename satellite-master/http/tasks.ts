/** `POST /tasks`, `GET /tasks/{id}` and `GET /state.json`: what agents reported of their tasks, also after Mesos has forgotten them. */
import { SatelliteError } from '../../shared/errors.ts';
import { parseTasks, shown } from '../intake/index.ts';
import type { StoredTask } from '../tasks/index.ts';
import { readable } from '../tasks/index.ts';
import { JSON_ONLY, type Route } from './route.ts';
import type { Services } from './services.ts';

export function taskRoutes({ tasks, metrics }: Services): Route[] {
  const find = async (id: string): Promise<StoredTask> => {
    const task = await tasks.get(id).catch((error: unknown) => {
      metrics.taskLookups.inc({ outcome: 'failed' });
      throw error;
    });
    metrics.taskLookups.inc({ outcome: task ? 'found' : 'unknown' });
    if (!task) throw new SatelliteError('unknown-task', `nothing is stored of the task ${shown(id)}`);
    return task;
  };
  return [
    {
      method: 'POST',
      path: '/tasks',
      right: 'report',
      forms: JSON_ONLY,
      async handle(call) {
        const body = await call.body();
        if (body === undefined) throw new SatelliteError('bad-request', 'found no body, expected tasks');
        const { accepted, rejected } = parseTasks(body);
        metrics.tasksRejected.inc(rejected.length);
        if (accepted.length === 0)
          throw new SatelliteError('no-task-accepted', `none of ${rejected.length} tasks was acceptable`, { rejected });
        await tasks.put(accepted);
        metrics.tasksStored.inc(accepted.length);
        return { status: 202, json: { accepted: accepted.length, rejected } };
      },
    },
    {
      method: 'GET',
      path: '/tasks/:id',
      right: 'read',
      forms: JSON_ONLY,
      async handle(call) {
        return { json: readable(await find(call.param('id'))) };
      },
    },
    {
      method: 'GET',
      path: '/state.json',
      query: ['task'],
      ignoresUnknownQuery: true,
      right: 'read',
      forms: JSON_ONLY,
      async handle(call) {
        const id = call.query('task');
        if (id === undefined)
          throw new SatelliteError('bad-request', 'the query parameter task is required: /state.json?task=ID');
        const { state } = await find(id);
        return { json: undefined, raw: { type: 'application/json; charset=utf-8', text: `${state}\n` } };
      },
    },
  ];
}
