import { messageOf } from '../../shared/errors.ts';
import { type Comet, exactly, type Recipe, recipe } from './comet.ts';
import { Undecided } from './unknown-state-error.ts';

const STARTED = ['failed', 'finished', 'killed', 'lost', 'running', 'staging', 'starting'];

/** Errors of the agent itself, by the attribute under which the black-hole rule of the masters looks for them. */
const AGENT_ERRORS: Readonly<Record<string, string>> = {
  'container-launch-errors': 'slave/container_launch_errors',
  'recovery-errors': 'slave/recovery_errors',
  'container-destroy-errors': 'containerizer/mesos/container_destroy_errors',
};

/**
 * The agent's own counters since it started, summed.
 * @param attributes further figures to tell beside it, where this version of the agent has them
 * @param summed what becomes of the sum; as in the original a single counter is cut to a whole number
 */
function totalTasks(
  service: string,
  counters: readonly string[],
  attributes: Readonly<Record<string, string>> = {},
  summed: (sum: number) => number = Math.trunc,
): Recipe {
  return recipe<unknown>(
    exactly({}),
    (): Comet => ({
      services: [service],
      stateWhenLate: 'unknown',
      run: async ({ agent, signal }) => {
        if (!agent) return [];
        // A silent agent is not a disease of the machine: Mesos itself notices, and the other tests go on.
        const metrics = await agent.metrics(signal).catch((error: unknown) => {
          throw new Undecided(messageOf(error));
        });
        let metric = 0;
        for (const counter of counters) {
          const figure = metrics[`slave/tasks_${counter}`];
          if (typeof figure !== 'number') throw new Undecided(`the agent's metrics have no slave/tasks_${counter}`);
          metric += figure;
        }
        const told = Object.entries(attributes).filter(([, name]) => typeof metrics[name] === 'number');
        const beside = Object.fromEntries(told.map(([attribute, name]) => [attribute, String(metrics[name])]));
        return [{ service, metric: summed(metric), state: 'ok', ...(told.length > 0 ? { attributes: beside } : {}) }];
      },
    }),
    { asksAgent: true },
  );
}

export const totalTasksFailed = totalTasks('total-tasks-failed', ['failed'], AGENT_ERRORS);
export const totalTasksFinished = totalTasks('total-tasks-finished', ['finished']);
/** Every task that was ever handed to the agent, whatever became of it. */
export const totalTasksStarted = totalTasks('total-tasks-started', STARTED, {}, (sum) => sum);
