import { exactly, recipe } from './comet.ts';
import { COMMAND_SCHEMA, SERVICE_SCHEMA, wordsOf } from './command-words.ts';
import { firstLine } from './commands.ts';

/** Any program: exit status 0 is ok, anything else critical; the first line of its output says why. */
export const command = recipe<{ command: string | readonly string[]; service: string }>(
  exactly({ command: COMMAND_SCHEMA, service: SERVICE_SCHEMA }),
  ({ command, service }) => ({
    services: [service],
    program: wordsOf(command)[0],
    run: async (at) => {
      const result = await at.command(wordsOf(command));
      return [
        {
          service,
          description: firstLine(result) || `exited with ${result.exit}`,
          state: result.exit === 0 ? 'ok' : 'critical',
          ...(result.exit === null ? {} : { metric: result.exit }),
        },
      ];
    },
  }),
);
