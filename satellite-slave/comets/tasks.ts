import { messageOf } from '../../shared/errors.ts';
import { type Comet, exactly, type Recipe, recipe } from './comet.ts';
import { UnknownStateError } from './unknown-state-error.ts';

const STARTED = ['failed', 'finished', 'killed', 'lost', 'running', 'staging', 'starting'];

/** Errors of the agent itself, by the attribute in which the masters' black-hole rule looks for them. */
const AGENT_ERRORS: Readonly<Record<string, string>> = {
  'container-launch-errors': 'slave/container_launch_errors',
  'recovery-errors': 'slave/recovery_errors',
  'container-destroy-errors': 'containerizer/mesos/container_destroy_errors',
};

/**
 * The agent's own counters since it started, summed.
 * @param attributes further figures to report with it, where this version of the agent has them
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
        // An agent that does not answer is no fault of the machine: Mesos notices it, and the other tests go on.
        const metrics = await agent.metrics(signal).catch((error: unknown) => {
          throw new UnknownStateError(messageOf(error));
        });
        let metric = 0;
        for (const counter of counters) {
          const figure = metrics[`slave/tasks_${counter}`];
          if (typeof figure !== 'number')
            throw new UnknownStateError(`the agent's metrics have no slave/tasks_${counter}`);
          metric += figure;
        }
        const reported = Object.entries(attributes).filter(([, name]) => typeof metrics[name] === 'number');
        const beside = Object.fromEntries(reported.map(([attribute, name]) => [attribute, String(metrics[name])]));
        return [
          { service, metric: summed(metric), state: 'ok', ...(reported.length > 0 ? { attributes: beside } : {}) },
        ];
      },
    }),
    { asksAgent: true },
  );
}

export const totalTasksFailed = totalTasks('total-tasks-failed', ['failed'], AGENT_ERRORS);
export const totalTasksFinished = totalTasks('total-tasks-finished', ['finished']);
/** Every task that was ever handed to the agent, whatever became of it. */
export const totalTasksStarted = totalTasks('total-tasks-started', STARTED, {}, (sum) => sum);
