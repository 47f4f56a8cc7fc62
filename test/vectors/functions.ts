/** Cases of kind "function": arguments to result, or that it throws. */
import { createStreams } from '../../satellite-master/streams/index.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { same, shownValue } from './compare.ts';
import { foldsOf, pointsAsNamed } from './folds.ts';
import { different, type Outcome, SAME, type VectorFile } from './vector-file.ts';

interface FunctionCase {
  readonly name?: string;
  readonly function: string;
  readonly args: Arguments;
  readonly now?: number;
  readonly result?: unknown;
  readonly exception?: string;
}

/** What the file holds is taken for what ours expects: a wrong form shows as a difference. */
// biome-ignore lint/suspicious/noExplicitAny: placeholder
type Arguments = readonly any[];

type Ours = (args: Arguments, nowS: number) => unknown;

const streamsAt = (nowS: number) => {
  const fault = (_: string, error: unknown) => {
    throw error;
  };
  return createStreams({ clock: new ManualClock(nowS * 1000), fault });
};

/** By the name that the case gives, without its namespace; where it gives none, by that of the file. */
const FUNCTIONS: Readonly<Record<string, Ours>> = {
  'expired?': ([event], nowS) => streamsAt(nowS).isExpired(event),
  'alive?': ([event], nowS) => !streamsAt(nowS).isExpired(event),
  expire: ([event], nowS) => streamsAt(nowS).expire(event),
  'difference-since-beginning': ([events], nowS) => streamsAt(nowS).differenceSinceBeginning(events),
  'exceeds-threshold?': ([a, b, threshold], nowS) => streamsAt(nowS).exceedsThreshold(a, b, threshold),
  'fold-blackhole-thresholds': ([counters], nowS) =>
    streamsAt(nowS).foldBlackholeThresholds({ started: 0.75, finished: 3 })(counters),
};

function foldNamed(name: string, caseName = ''): Ours | undefined {
  const folds = (nowS: number) => foldsOf(streamsAt(nowS));
  if (!Object.hasOwn(folds(0), name)) return undefined;
  return ([events, ...rest], nowS) => folds(nowS)[name]?.(events, ...rest.map((one) => pointsAsNamed(one, caseName)));
}

export async function runFunctionCase(file: VectorFile, given: unknown): Promise<Outcome> {
  const vector = given as FunctionCase;
  const name = (vector.function || (file.function ?? '')).replace(/^.*\//, '');
  const ours = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : foldNamed(name, vector.name);
  if (!ours) return different(`unknown function: ${name}`);
  let result: unknown;
  try {
    result = await ours(vector.args, vector.now ?? 0);
  } catch (error) {
    return vector.exception === undefined ? different(`${String(error)}, not ${shownValue(vector.result)}`) : SAME;
  }
  if (vector.exception !== undefined) return different(`${shownValue(result)}, not ${vector.exception}`);
  // A predicate answers yes or no: nil is no.
  if (name.endsWith('?') ? Boolean(result) === Boolean(vector.result) : same(result, vector.result)) return SAME;
  return different(`${shownValue(result)}, not ${shownValue(vector.result)}`);
}
