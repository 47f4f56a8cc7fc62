import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { type Clock, sleep, systemClock } from '../../shared/clock.ts';
import { MARKER, type ProcessTable } from './leftovers.ts';
import { UnknownStateError } from './unknown-state-error.ts';

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

const MAX_OUTPUT_BYTES = 65_536;
const MAX_ERROR_BYTES = 4_096;
/** How long an ended program's pipes are still read, when one of its children keeps them open. */
const PIPES_GRACE_MS = 250;
/** A check does not wait longer than this for the search for what it has left running, which goes on. */
const MAX_SEARCH_MS = 1_000;
/** Of a shell: not executable, not found. */
const CANNOT_EXECUTE = 126;
const NOT_FOUND = 127;

/**
 * Starting a program blocks until it is loaded, for ever where it lies on a file system that hangs. So a program of
 * this machine's own is started, and it is that one which becomes the program of the check.
 */
const LAUNCHER = ['/usr/bin/env', '--'];

export interface CommandsOptions {
  readonly environment: () => NodeJS.ProcessEnv;
  /** Finds what a check has left running; undefined: nothing is looked for. */
  readonly processes?: ProcessTable | undefined;
  /** So many processes were left running by a check, and were killed. */
  readonly onLeftovers?: (program: string, processes: number) => void;
  readonly clock?: Clock;
}

/** Runs programs for the comets: each in a process group and with a marker of its own, so that it is killed whole. */
export class Commands {
  readonly #options: CommandsOptions;
  readonly #clock: Clock;
  readonly #running = new Map<ChildProcess, string>();
  #isEnding = false;

  constructor(options: CommandsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Runs `words[0]` with the other words as arguments, never through a shell. An abort kills everything it started;
   * the promise settles when the program has really ended, which one that waits for a hung disk may not do for long.
   * @throws UnknownStateError when the program cannot be started, or something else than an abort has killed it
   */
  async run(words: readonly string[], signal: AbortSignal): Promise<CommandResult> {
    signal.throwIfAborted();
    const [program = ''] = words;
    const marker = randomUUID();
    const { child, result } = this.#start(words, marker, signal);
    try {
      const ended = await result;
      if (!signal.aborted && !this.#isEnding) refuseUnmade(program, ended);
      return ended;
    } finally {
      await this.#killLeftovers(program, marker, child.pid, signal);
    }
  }

  /** Kills everything that still runs; for the end of the slave. */
  async killAll(): Promise<void> {
    this.#isEnding = true;
    const running = [...this.#running];
    for (const [child] of running) killGroup(child);
    const { processes } = this.#options;
    await Promise.all(running.map(([child, marker]) => processes?.kill(marker, child.pid ?? 0)));
  }

  #start(words: readonly string[], marker: string, signal: AbortSignal) {
    // To `env`, a word with `=` is a variable.
    const [launcher = '', ...rest] = words[0]?.includes('=') ? words : [...LAUNCHER, ...words];
    const child = spawn(launcher, rest, {
      env: { ...this.#options.environment(), [MARKER]: marker },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = new Head(MAX_OUTPUT_BYTES);
    const errors = new Head(MAX_ERROR_BYTES);
    child.stdout.on('data', (part: Buffer) => output.add(part));
    child.stderr.on('data', (part: Buffer) => errors.add(part));
    const kill = () => {
      killGroup(child);
      if (child.pid !== undefined) void this.#options.processes?.kill(marker, child.pid);
    };
    signal.addEventListener('abort', kill, { once: true });
    this.#running.set(child, marker);
    const result = new Promise<CommandResult>((resolve, reject) => {
      child.on('error', (cause) => {
        if (child.pid === undefined) reject(new UnknownStateError(`cannot run ${words[0]}`, { cause }));
      });
      child.on('exit', () => {
        const grace = this.#clock.after(PIPES_GRACE_MS, () => {
          child.stdout.destroy();
          child.stderr.destroy();
        });
        child.on('close', () => grace.cancel());
      });
      child.on('close', (exit, endedBy) =>
        resolve({ exit, signal: endedBy, output: output.text(), errors: errors.text() }),
      );
    }).finally(() => {
      this.#running.delete(child);
      signal.removeEventListener('abort', kill);
    });
    return { child, result };
  }

  /** Also what has left the process group by `setsid`, or was put into the background. */
  async #killLeftovers(program: string, marker: string, pid: number | undefined, signal: AbortSignal): Promise<void> {
    const { processes, onLeftovers } = this.#options;
    if (pid === undefined || !processes) return;
    const killing = processes.kill(marker, pid).then((killed) => {
      if (killed > 0 && !signal.aborted) onLeftovers?.(program, killed);
    });
    const over = new AbortController();
    await Promise.race([killing, sleep(this.#clock, MAX_SEARCH_MS, over.signal)]);
    over.abort();
  }
}

/** @throws UnknownStateError where the check was not made */
function refuseUnmade(program: string, { exit, signal, errors }: CommandResult): void {
  const complaint = errors.trim().split('\n', 1)[0] ?? '';
  // The launcher's own complaint repeats the program.
  const detail = complaint.startsWith(`${LAUNCHER[0]}:`) ? (complaint.split(': ').at(-1) ?? '') : complaint;
  const said = detail === '' ? '' : `: ${detail}`;
  if (signal !== null) throw new UnknownStateError(`${program} was killed by ${signal}`);
  if (exit === NOT_FOUND) throw new UnknownStateError(`${program} exited with 127 (command not found)${said}`);
  if (exit === CANNOT_EXECUTE) throw new UnknownStateError(`${program} exited with 126 (not executable)${said}`);
}

/** The group has the id of the process that leads it. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: no process of the group is left
  }
}

/** The first bytes of a stream; the rest is dropped. */
class Head {
  readonly #maxBytes: number;
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(part: Buffer): void {
    const room = this.#maxBytes - this.#bytes;
    if (room <= 0) return;
    this.#parts.push(part.subarray(0, room));
    this.#bytes += Math.min(part.length, room);
  }

  text(): string {
    return Buffer.concat(this.#parts).toString('utf8');
  }
}

/** The first line that is not empty, of its output or else of its error output. */
export function firstLine({ output, errors }: CommandResult): string {
  return lineOf(output) || lineOf(errors);
}

function lineOf(text: string): string {
  return text.trimStart().split('\n', 1)[0]?.trim() ?? '';
}
