import { type ChildProcess, spawn } from 'node:child_process';
import { type Clock, systemClock } from '../../shared/clock.ts';

/** How a program ended. */
export interface CommandResult {
  /** Exit status, or null where a signal ended it. */
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The first 64 KiB of its standard output; the rest is read and dropped. */
  readonly output: string;
  /** The first 4 KiB of its standard error. */
  readonly errors: string;
}

const MOST_OUTPUT_BYTES = 65_536;
const MOST_ERROR_BYTES = 4_096;
/** How long an ended program's pipes are read on, when one of its children keeps them open. */
const PIPES_GRACE_MS = 250;

/** Runs programs for the comets: each in a process group of its own, so that it can be ended whole. */
export class Commands {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #clock: Clock;
  readonly #running = new Set<ChildProcess>();

  constructor(environment: NodeJS.ProcessEnv, clock: Clock = systemClock) {
    this.#environment = environment;
    this.#clock = clock;
  }

  /**
   * Runs `words[0]` with the other words as arguments, never through a shell. An abort kills its whole group at once;
   * the promise settles when the program has really ended, which one that waits for a hung disk may not do for long.
   * @throws Error when the program can't be started
   */
  run(words: readonly string[], signal: AbortSignal): Promise<CommandResult> {
    const [program = '', ...rest] = words;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const child = spawn(program, rest, {
        env: this.#environment,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const output = new Head(MOST_OUTPUT_BYTES);
      const errors = new Head(MOST_ERROR_BYTES);
      child.stdout.on('data', (part: Buffer) => output.add(part));
      child.stderr.on('data', (part: Buffer) => errors.add(part));
      const kill = () => killGroup(child);
      signal.addEventListener('abort', kill, { once: true });
      this.#running.add(child);
      const forget = () => {
        this.#running.delete(child);
        signal.removeEventListener('abort', kill);
      };
      child.on('error', (error) => {
        if (child.pid !== undefined) return;
        forget();
        reject(new Error(`cannot run ${program}`, { cause: error }));
      });
      child.on('exit', () => {
        const grace = this.#clock.after(PIPES_GRACE_MS, () => {
          child.stdout.destroy();
          child.stderr.destroy();
        });
        child.on('close', () => grace.cancel());
      });
      child.on('close', (exit, endedBy) => {
        forget();
        if (child.pid !== undefined) resolve({ exit, signal: endedBy, output: output.text(), errors: errors.text() });
      });
    });
  }

  /** Ends everything that still runs; for the end of the slave. */
  killAll(): void {
    for (const child of this.#running) killGroup(child);
  }
}

/** The group bears the number of the program that leads it. One that has left the group by setsid is not reached. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: nobody of the group is left
  }
}

/** The first bytes of a stream; the rest is let go. */
class Head {
  readonly #most: number;
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(part: Buffer): void {
    const room = this.#most - this.#bytes;
    if (room <= 0) return;
    this.#parts.push(part.subarray(0, room));
    this.#bytes += Math.min(part.length, room);
  }

  text(): string {
    return Buffer.concat(this.#parts).toString('utf8');
  }
}

/** A command of the settings: an array of words, or a text split at blanks. */
export function wordsOf(command: string | readonly string[]): readonly string[] {
  return typeof command === 'string' ? command.trim().split(/\s+/) : command;
}

/** JSON schema of a command. */
export const COMMAND_SCHEMA = {
  type: ['string', 'array'],
  pattern: '\\S',
  minItems: 1,
  items: { type: 'string', expected: 'a word of the command' },
  expected: 'a command: an array of words, or one text that is split at blanks (no shell)',
};

/** JSON schema of the name that a command's event gets. */
export const SERVICE_SCHEMA = {
  type: 'string',
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]{1,700}$',
  expected: 'the name of the event, 1-700 characters',
};

/** The first line that is not empty, of what it printed or else of what it complained. */
export function firstLine({ output, errors }: CommandResult): string {
  return lineOf(output) || lineOf(errors);
}

function lineOf(text: string): string {
  return text.trimStart().split('\n', 1)[0]?.trim() ?? '';
}

/** How it ended, in words. */
export function endOf({ exit, signal }: CommandResult): string {
  return signal === null ? `ended with ${exit}` : `was ended by ${signal}`;
}
