import { messageOf } from '../../shared/errors.ts';
import { type Agent, tasksIn } from '../mesos/index.ts';
import type { StoredTasks } from '../uplink/index.ts';
import { type Comet, type Finding, recipe } from './comet.ts';
import { UnknownStateError } from './unknown-state-error.ts';

interface Params {
  /** The original's: a Clojure expression that made a Riak client. */
  readonly store?: unknown;
  readonly threshold: number;
}

const SERVICE = 'cache state';

/** Reads every task of the agent, and sends its metadata to the masters whenever it has changed. */
export const cacheState = recipe<Params>(
  {
    type: 'object',
    additionalProperties: false,
    required: ['threshold'],
    properties: { store: {}, threshold: { type: 'number', expected: 'a number of tasks' } },
    expected: 'an object with threshold',
  },
  ({ threshold }): Comet => ({
    services: [SERVICE],
    stateWhenLate: 'unknown',
    storesTasks: true,
    run: async ({ agent, tasks, signal }) => {
      if (!agent || !tasks) return [];
      const found = await tasksOf(agent, signal).catch((error: unknown) => {
        throw new UnknownStateError(messageOf(error));
      });
      return [findingOf(await tasks.store(found, signal), threshold)];
    },
  }),
  {
    asksAgent: true,
    noteOn: ({ store }) =>
      store === undefined
        ? undefined
        : 'store is the original\'s and has no meaning here: tasks are sent to every satellite-master, whose "task-store" keeps them',
  },
);

async function tasksOf(agent: Agent, signal: AbortSignal) {
  const state = await agent.state(signal);
  return tasksIn(state, await agent.taskStatuses(signal));
}

/**
 * While no master accepts anything this machine is not to blame, and a store that is down must not turn off hundreds of
 * hosts: `unknown`.
 */
function findingOf({ tasks, failed, accepting, reason }: StoredTasks, threshold: number): Finding {
  const state = failed < threshold ? 'ok' : accepting ? 'critical' : 'unknown';
  const why = reason === undefined ? '' : `: ${reason}`;
  const description = failed === 0 ? `${tasks} tasks` : `${failed} of ${tasks} tasks could not be stored${why}`;
  return { service: SERVICE, metric: failed, state, description };
}
