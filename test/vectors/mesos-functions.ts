/** Functions of the original on what Mesos says, of kind "function". */
import { metricEvents } from '../../satellite-master/mesos/metrics/cluster-events.ts';
import { RECIPES } from '../../satellite-slave/comets/recipes.ts';
import type { Agent } from '../../satellite-slave/mesos/agent.ts';
import { minimalTaskState, tasksIn } from '../../satellite-slave/mesos/task-states.ts';
import { parseHostName } from '../../shared/host-name.ts';
import { isObject, type JsonObject, listAt } from '../../shared/mesos/json.ts';
import type { FunctionTable } from './functions.ts';

const MISSING =
  'docs/switching.md, "What is judged otherwise": "A list that an old version of Mesos leaves out is read as an empty one."';
const ONE_PASS =
  'docs/switching.md, "What is judged otherwise": "The state of a task is cut out of the agent\'s state in one pass, without steps of its own."';

/** The original's master and its clock, as they stand in the results. */
const VOICE = { nowS: 1_700_000_000, ttlS: 300 };

const byService = (events: unknown) =>
  Array.isArray(events)
    ? events.toSorted((a: { service: string }, b: { service: string }) => (a.service < b.service ? -1 : 1))
    : events;
const asSet = (ids: unknown) => (Array.isArray(ids) ? [...new Set(ids)].sort() : ids);

async function totalTasks(name: string, metrics: JsonObject): Promise<number> {
  const recipe = RECIPES.get(name);
  if (!recipe) throw new Error(`no comet ${name}`);
  const agent = { metrics: async () => metrics } as unknown as Agent;
  const run = { agent, signal: new AbortController().signal } as Parameters<ReturnType<typeof recipe.make>['run']>[0];
  const [finding] = await recipe.make({}).run(run);
  return finding?.metric ?? Number.NaN;
}

const SECONDS =
  'docs/switching.md, "What is judged otherwise": "The times of Mesos are seconds, and are compared as seconds."';

/** Told apart from any result of the original, also from its throwing. */
const stepOfPruning = { run: () => 'no such step', onPurpose: () => ONE_PASS };

export const MESOS_FUNCTIONS: FunctionTable = {
  'mesos-service-events': {
    run: ([metrics]) => {
      const host = parseHostName('mesos1.example.com');
      if (host === undefined) throw new Error('no host name');
      return byService(metricEvents({ ...VOICE, host }, metrics));
    },
    theirs: byService,
  },
  'state->tasks': {
    run: ([state]) => {
      const lists = ['frameworks', 'completed_frameworks'].flatMap((key) => listAt(state, key));
      const tasks = lists.flatMap((one) => ['tasks', 'completed_tasks'].flatMap((key) => listAt(one, key)));
      return asSet(tasks.flatMap((task) => (isObject(task) ? [task['id']] : [])));
    },
    theirs: asSet,
  },
  // Ours tells of a task when it changed (monitor.ts, hasChanged), not by a window of time: there is nothing to compare.
  'state->recent-tasks': { run: () => 'no such window', onPurpose: () => SECONDS },
  'num-tasks-failed': { run: ([metrics]) => totalTasks('total-tasks-failed', metrics) },
  'num-tasks-finished': { run: ([metrics]) => totalTasks('total-tasks-finished', metrics) },
  'num-tasks-started': { run: ([metrics]) => totalTasks('total-tasks-started', metrics) },
  'get-task-ids': { run: ([state]) => asSet(tasksIn(state).map(({ id }) => id)), theirs: asSet },
  'state->minimal-task-state': {
    run: ([ids, state]) => minimalTaskState((ids as string[]).join(), state),
    onPurpose: ({ exception }) => (exception === undefined ? undefined : MISSING),
  },
  'get-in-state': {
    run: ([state, path]) =>
      (path as string[]).reduce<readonly unknown[]>(
        (found, key) => found.flatMap((one) => listAt(one, key)),
        (path as string[]).length === 0 ? [] : [state],
      ),
    onPurpose: ({ exception }) => (exception === undefined ? undefined : MISSING),
  },
  'update-state': stepOfPruning,
  'filter-state': stepOfPruning,
  'prune-state': stepOfPruning,
};
