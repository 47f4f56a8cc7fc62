import { parseDurationMs } from '../../shared/duration.ts';
import { type Comet, exactly, recipe } from './comet.ts';
import { firstLine } from './commands.ts';

const PATH = {
  type: 'string',
  pattern: '^/[^\\u0000-\\u001f\\u007f-\\u009f]{0,699}$',
  expected: 'an absolute path of at most 700 characters',
};

/** ok while less than `threshold` percent are used. */
export const percentageUsed = recipe<{ threshold: number; path: string }>(
  exactly({ threshold: { type: 'number', expected: 'a number of percent' }, path: PATH }),
  ({ threshold, path }): Comet => {
    const service = `percentage used of ${path}`;
    return {
      services: [service],
      run: async ({ machine }) => {
        const metric = await machine.percentageUsed(path);
        return [{ service, metric, state: metric < threshold ? 'ok' : 'critical' }];
      },
    };
  },
);

/** ok while the path exists, of whatever kind; a symbolic link is followed. The metric is that of a command: 0 or 1. */
export const fileExists = recipe<{ path: string }>(exactly({ path: PATH }), ({ path }): Comet => {
  const service = `${path} exists`;
  return {
    services: [service],
    run: async ({ machine }) =>
      (await machine.exists(path))
        ? [{ service, metric: 0, state: 'ok' }]
        : [{ service, metric: 1, state: 'critical', description: `${path} does not exist` }],
  };
});

/**
 * df asks every mount, and hangs where one of them hangs: the test is whether it returns at all. It is a process, which
 * unlike a system call can be abandoned. It has a `timeout` of its own, in seconds or as a duration.
 */
export const dfReturns = recipe<{ timeout?: number | string }>(
  {
    type: 'object',
    properties: { timeout: { type: ['number', 'string'], duration: true } },
    additionalProperties: false,
    expected: 'an object with timeout',
  },
  ({ timeout }): Comet => {
    const service = 'df returns in timely fashion';
    const timeoutMs = parseDurationMs(timeout, 's');
    return {
      services: [service],
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      run: async ({ command }) => {
        const result = await command(['df']);
        const metric = result.exit === null ? {} : { metric: result.exit };
        if (result.exit === 0) return [{ service, ...metric, state: 'ok' }];
        const complaint = result.errors.trim().split('\n', 1)[0] || firstLine(result);
        return [{ service, ...metric, state: 'critical', description: `df exited with ${result.exit}: ${complaint}` }];
      },
    };
  },
);
