/**
 * The language of comets, for the shipped recipes and for users' own modules alike:
 * a recipe makes a comet from its params, a comet run finds out findings, findings become events.
 */
import type { Agent } from '../mesos/index.ts';
import type { TaskKeeper } from '../uplink/index.ts';
import type { CommandResult } from './commands.ts';
import type { Machine } from './machine.ts';

/** What one run found out about one service. Host, time, ttl and the prefix of the service are added to it. */
export interface Finding {
  /** Name below the prefix, e.g. "free memory in MB". */
  readonly service: string;
  /** `ok`, `warning`, `critical`, `unknown`; absent: a figure and no test. */
  readonly state?: string;
  readonly metric?: number;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What a run may use. */
export interface CometRun {
  /** Aborted when the comet's time is over or the slave ends. A run that goes on after it is not heard. */
  readonly signal: AbortSignal;
  /**
   * Runs a program, without a shell, in the environment of `safe-env`; it dies with the run, together with its group.
   * @throws when it can't be started
   */
  command(words: readonly string[]): Promise<CommandResult>;
  readonly machine: Machine;
  /** Absent where `mesos-agent-url` is null. */
  readonly agent: Agent | undefined;
  /** Where the metadata of tasks goes; absent where nobody asked for it. */
  readonly tasks: TaskKeeper | undefined;
}

/** One check, ready to be run again and again. */
export interface Comet {
  /** Names that its findings have, below the prefix: a run that fails or is late is told under each of them. */
  readonly services: readonly string[];
  /** A limit of its own instead of the setting `timeout`, in ms. */
  readonly timeoutMs?: number;
  /** What it means that a run did not end in time; default `critical`. */
  readonly stateWhenLate?: 'critical' | 'unknown';
  /** Set where `tasks` of a run is wanted. */
  readonly keepsTasks?: boolean;
  /**
   * @throws Undecided for state `unknown`, anything else for `critical`
   */
  run(at: CometRun): Promise<readonly Finding[]>;
}

/** How often and how long, for a recipe that must know. */
export interface CometTimes {
  readonly periodMs: number;
  readonly timeoutMs: number;
}

/** A kind of comet, by its schema of params and how to make one. */
export interface Recipe {
  /** JSON schema of `params`. */
  readonly params: object;
  readonly asksAgent?: boolean;
  /** Something about checked params that is allowed and yet worth a line in the log. */
  readonly noteOn?: (params: unknown) => string | undefined;
  make(params: unknown): Comet;
}

/** Ties the type of `params` to the schema that has checked them. */
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
