import { exactly, recipe } from './comet.ts';

interface Threshold {
  readonly threshold: number;
}

/** ok while fewer than `threshold` processes wait in a way that nothing can interrupt. */
export const numUninterruptableProcesses = recipe<Threshold>(
  exactly({ threshold: { type: 'number', expected: 'a number of processes' } }),
  ({ threshold }) => {
    const service = 'number of processes in uninterruptable sleep';
    return {
      services: [service],
      run: async ({ machine }) => {
        const metric = await machine.uninterruptibleProcesses();
        return [{ service, metric, state: metric < threshold ? 'ok' : 'critical' }];
      },
    };
  },
);

/** ok while the load of the past 15 minutes is below `threshold`. */
export const loadAverage = recipe<Threshold>(
  exactly({ threshold: { type: 'number', expected: 'a load' } }),
  ({ threshold }) => {
    const service = 'load average over past 15 minutes';
    return {
      services: [service],
      run: async ({ machine }) => {
        const metric = machine.loadAverage();
        return [{ service, metric, state: metric < threshold ? 'ok' : 'critical' }];
      },
    };
  },
);
