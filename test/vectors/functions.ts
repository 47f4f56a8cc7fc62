/**
 * Cases of kind "function": arguments to result, or that it throws. Each table of functions is a file; a function is
 * found by the name that the case gives, without its namespace, or where it gives none by that of the file.
 */
import { createStreams } from '../../satellite-master/streams/index.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { same, shownValue } from './compare.ts';
import { foldsOf, pointsAsNamed } from './folds.ts';
import { MESOS_FUNCTIONS } from './mesos-functions.ts';
import { RECORD_FUNCTIONS } from './record-functions.ts';
import { recipeNamed, SLAVE_FUNCTIONS } from './slave-functions.ts';
import { different, type Outcome, onPurpose, SAME, type VectorFile } from './vector-file.ts';

/** What the file holds is taken for what ours expects: a wrong form shows as a difference. */
export type Arguments = readonly [never, never, never];

export interface FunctionCase {
  readonly name?: string;
  readonly function: string;
  readonly args: Arguments;
  readonly now?: number;
  readonly result?: unknown;
  readonly exception?: string;
}

export interface OurFunction {
  readonly run: (args: Arguments, nowS: number, vector: FunctionCase) => unknown;
  /** Says the original's result as ours says it, where they mean the same. */
  readonly theirs?: (result: unknown) => unknown;
  /** Leaves of a result what is to be compared. */
  readonly alike?: (result: unknown, vector: FunctionCase) => unknown;
  /** The line that says why ours differs, by what the case holds and ours made of it; undefined: nothing says so. */
  readonly onPurpose?: (vector: FunctionCase, ours: unknown) => string | undefined;
  /** What ours refuses where the original answers; undefined: refusing is a difference. */
  readonly refuses?: () => unknown;
}

export type FunctionTable = Readonly<Record<string, OurFunction>>;

const streamsAt = (nowS: number) => {
  const fault = (_: string, error: unknown) => {
    throw error;
  };
  return createStreams({ clock: new ManualClock(nowS * 1000), fault });
};

const FUNCTIONS: FunctionTable = {
  'expired?': { run: ([event], nowS) => streamsAt(nowS).isExpired(event) },
  'alive?': { run: ([event], nowS) => !streamsAt(nowS).isExpired(event) },
  expire: { run: ([event], nowS) => streamsAt(nowS).expire(event) },
  'difference-since-beginning': { run: ([events], nowS) => streamsAt(nowS).differenceSinceBeginning(events) },
  'exceeds-threshold?': { run: ([a, b, threshold], nowS) => streamsAt(nowS).exceedsThreshold(a, b, threshold) },
  'fold-blackhole-thresholds': {
    run: ([counters], nowS) => streamsAt(nowS).foldBlackholeThresholds({ started: 0.75, finished: 3 })(counters),
  },
  ...RECORD_FUNCTIONS,
  ...MESOS_FUNCTIONS,
  ...SLAVE_FUNCTIONS,
};

function foldNamed(name: string, caseName = ''): OurFunction | undefined {
  const folds = (nowS: number) => foldsOf(streamsAt(nowS));
  if (!Object.hasOwn(folds(0), name)) return undefined;
  return {
    run: ([events, ...rest], nowS) => folds(nowS)[name]?.(events, ...rest.map((one) => pointsAsNamed(one, caseName))),
  };
}

function recipeOf(file: VectorFile, name: string): OurFunction | undefined {
  return file.function?.startsWith('satellite-slave.recipes') ? recipeNamed(name) : undefined;
}

export async function runFunctionCase(file: VectorFile, given: unknown): Promise<Outcome> {
  const vector = given as FunctionCase;
  const name = (vector.function || (file.function ?? '')).replace(/^.*\//, '');
  const ours = Object.hasOwn(FUNCTIONS, name)
    ? FUNCTIONS[name]
    : (recipeOf(file, name) ?? foldNamed(name, vector.name));
  return ours ? judge(name, ours, vector) : different(`unknown function: ${name}`);
}

async function judge(name: string, ours: OurFunction, vector: FunctionCase): Promise<Outcome> {
  const { theirs = (result) => result, alike = (result) => result } = ours;
  const wanted = vector.exception === undefined ? theirs(vector.result) : undefined;
  let made: unknown;
  let problem: string | undefined;
  try {
    made = await ours.run(vector.args, vector.now ?? 0, vector);
  } catch (error) {
    if (vector.exception !== undefined) return SAME;
    if (ours.refuses) made = ours.refuses();
    else problem = `${String(error)}, not ${shownValue(wanted)}`;
  }
  if (vector.exception !== undefined) problem = `${shownValue(made)}, not ${vector.exception}`;
  // A predicate answers yes or no: nil is no.
  const agrees = name.endsWith('?')
    ? Boolean(made) === Boolean(wanted)
    : same(alike(made, vector), alike(wanted, vector));
  if (problem === undefined && agrees) return SAME;
  const line = ours.onPurpose?.(vector, made);
  return line ? onPurpose(line) : different(problem ?? `${shownValue(made)}, not ${shownValue(wanted)}`);
}
