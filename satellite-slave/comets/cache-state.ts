import { messageOf } from '../../shared/errors.ts';
import { tasksIn } from '../mesos/index.ts';
import type { Kept } from '../uplink/index.ts';
import { type Comet, type Finding, recipe } from './comet.ts';
import { Undecided } from './unknown-state-error.ts';

interface Params {
  /** The original's: a Clojure expression that made a Riak client. */
  readonly store?: unknown;
  readonly threshold: number;
}

const SERVICE = 'cache state';

/** Looks at every task of the agent and gives its metadata to the masters whenever it has changed. */
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
    keepsTasks: true,
    run: async ({ agent, tasks, signal }) => {
      if (!agent || !tasks) return [];
      const state = await agent.state(signal).catch((error: unknown) => {
        throw new Undecided(messageOf(error));
      });
      return [findingOf(await tasks.keep(tasksIn(state), signal), threshold)];
    },
  }),
  {
    asksAgent: true,
    noteOn: ({ store }) =>
      store === undefined
        ? undefined
        : 'store is the original\'s and has no meaning here: tasks go to every satellite-master, whose "task-store" keeps them',
  },
);

/**
 * While no master takes anything this machine is not to blame, and a store that is down must not turn hosts off by the
 * hundred: `unknown`. Nor when the masters are back, with an event that waited for them.
 */
function findingOf({ tasks, failed, taking, reason }: Kept, threshold: number): Finding {
  const state = failed < threshold ? 'ok' : taking ? 'critical' : 'unknown';
  const why = reason === undefined ? '' : `: ${reason}`;
  const description = failed === 0 ? `${tasks} tasks` : `${failed} of ${tasks} tasks could not be stored${why}`;
  return { service: SERVICE, metric: failed, state, description };
}
