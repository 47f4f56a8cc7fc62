import { exactly, recipe } from './comet.ts';
import { COMMAND_SCHEMA, endOf, firstLine, SERVICE_SCHEMA, wordsOf } from './commands.ts';

/** Any program: exit status 0 is ok, anything else critical; the first line of its output tells why. */
export const command = recipe<{ command: string | readonly string[]; service: string }>(
  exactly({ command: COMMAND_SCHEMA, service: SERVICE_SCHEMA }),
  ({ command, service }) => ({
    services: [service],
    run: async (at) => {
      const result = await at.command(wordsOf(command));
      const description = firstLine(result) || endOf(result);
      return [
        {
          service,
          description,
          state: result.exit === 0 ? 'ok' : 'critical',
          ...(result.exit === null ? {} : { metric: result.exit }),
        },
      ];
    },
  }),
);
