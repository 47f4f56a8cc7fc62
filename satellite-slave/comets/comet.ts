/**
 * What comets are made of, for the built-in recipes and for users' own modules alike: a recipe makes a comet from its
 * params, a run of a comet returns findings, and findings become events.
 */
import type { Agent } from '../mesos/index.ts';
import type { TaskStorage } from '../uplink/index.ts';
import type { CommandResult } from './commands.ts';
import type { Machine } from './machine.ts';

/** What one run found about one service. Host, time, ttl and the prefix of the service are added to it. */
export interface Finding {
  /** Name below the prefix, e.g. "free memory in MB". */
  readonly service: string;
  /** `ok`, `warning`, `critical`, `unknown`; absent: it is a measurement and no test. */
  readonly state?: string;
  readonly metric?: number;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What a run may use. */
export interface CometRun {
  /** Aborted when the comet's timeout is over or the slave ends. What a run returns after that is ignored. */
  readonly signal: AbortSignal;
  /**
   * Runs a program, without a shell, in the environment of `safe-env`; everything it started is killed with the run.
   * @throws UnknownStateError when it cannot be started or is killed
   */
  command(words: readonly string[]): Promise<CommandResult>;
  readonly machine: Machine;
  /** Absent where `mesos-agent-url` is null. */
  readonly agent: Agent | undefined;
  /** Sends the metadata of tasks; absent where no comet needs it. */
  readonly tasks: TaskStorage | undefined;
}

/** One check, which can be run again and again. */
export interface Comet {
  /** Names of its findings, below the prefix: a run that fails or is late is reported under each of them. */
  readonly services: readonly string[];
  /** The program it runs, which `--check` looks for. */
  readonly program?: string | undefined;
  /** A limit of its own instead of the setting `timeout`, in ms. */
  readonly timeoutMs?: number;
  /** The state of a run that did not end within its timeout; default `critical`. */
  readonly stateWhenLate?: 'critical' | 'unknown';
  /** Set where a run needs `tasks`. */
  readonly storesTasks?: boolean;
  /**
   * @throws UnknownStateError for state `unknown`, anything else for `critical`
   */
  run(at: CometRun): Promise<readonly Finding[]>;
}

/** How often it runs and how long it may take, for a custom comet that needs to know. */
export interface CometTimes {
  readonly periodMs: number;
  readonly timeoutMs: number;
}

/** A kind of comet: the schema of its params, and how one is made of them. */
export interface Recipe {
  /** JSON schema of `params`. */
  readonly params: object;
  readonly asksAgent?: boolean;
  /** A warning about valid params. */
  readonly noteOn?: (params: unknown) => string | undefined;
  make(params: unknown): Comet;
}

/** Connects the type of `params` with the schema that checks them. */
export function recipe<P>(
  params: object,
  make: (params: P) => Comet,
  { noteOn, ...traits }: Pick<Recipe, 'asksAgent'> & { readonly noteOn?: (params: P) => string | undefined } = {},
): Recipe {
  const note = noteOn && { noteOn: (checked: unknown) => noteOn(checked as P) };
  return { params, make: (checked) => make(checked as P), ...traits, ...note };
}

/** JSON schema of an object with exactly these keys, all of them required. */
export function exactly(properties: Readonly<Record<string, object>>): object {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    expected: `an object with ${Object.keys(properties).join(' and ') || 'no keys'}`,
  };
}
