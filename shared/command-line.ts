/** What the commands have in common: exit codes, --help, --version, and how an error is reported. */
import { Command, CommanderError } from 'commander';
import { messageOf } from './errors.ts';
import { SettingsError } from './settings.ts';
import { version } from './version.ts';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
/** Wrong usage or wrong settings. */
export const EXIT_USAGE = 2;

/** A command that answers --help and --version and ends with 2 on wrong usage. */
export function command(name: string, description: string): Command {
  return new Command(name).description(description).version(version).showHelpAfterError().exitOverride();
}

/** Parses the arguments and runs the command's action. Sets the exit code, and does not end the process. */
export async function runCommand(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
      return;
    }
    process.stderr.write(
      `${error instanceof SettingsError ? error.message : `${program.name()}: ${messageOf(error)}`}\n`,
    );
    process.exitCode = error instanceof SettingsError ? EXIT_USAGE : EXIT_FAILED;
  }
}
