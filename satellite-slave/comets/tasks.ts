import { messageOf } from '../../shared/errors.ts';
import { type Comet, exactly, type Recipe, recipe, Undecided } from './comet.ts';

const STARTED = ['failed', 'finished', 'killed', 'lost', 'running', 'staging', 'starting'];

/** The agent's own counters since it started, summed. */
function totalTasks(service: string, counters: readonly string[]): Recipe {
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
        return [{ service, metric, state: 'ok' }];
      },
    }),
    { asksAgent: true },
  );
}

export const totalTasksFailed = totalTasks('total-tasks-failed', ['failed']);
export const totalTasksFinished = totalTasks('total-tasks-finished', ['finished']);
/** Every task that was ever handed to the agent, whatever became of it. */
export const totalTasksStarted = totalTasks('total-tasks-started', STARTED);
