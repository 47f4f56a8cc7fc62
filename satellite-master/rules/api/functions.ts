/** What is known of the functions a rules module is given: which have to be called, and what a call of them made. */
import { StreamArgumentError } from '../../streams/index.ts';

/** Folds and functions of one event: they are handed over as they are, as in `smap(maximum, index())`. */
const HANDED_OVER: ReadonlySet<string> = new Set([
  'count',
  'difference',
  'differenceSinceBeginning',
  'differenceStrict',
  'exceedsThreshold',
  'expire',
  'fold',
  'foldAll',
  'foldStrict',
  'isExpired',
  'maximum',
  'mean',
  'median',
  'minimum',
  'mode',
  'nonNilMetrics',
  'product',
  'productStrict',
  'quotient',
  'quotientSloppy',
  'quotientStrict',
  'rateOf',
  'sortedSample',
  'sortedSampleExtract',
  'stdDev',
  'sum',
  'sumStrict',
  'variance',
]);
/** Their results are predicates; `null` and `undefined` are values to compare with. */
const PREDICATES: ReadonlySet<string> = new Set(['host', 'service', 'state', 'description', 'metric', 'time', 'ttl']);
/** Streams that also say whether they let an event through, so that they serve as predicates. */
const FILTERS: ReadonlySet<string> = new Set([
  'expired',
  'hysteresis',
  'match',
  'notExpired',
  'over',
  'tagged',
  'taggedAll',
  'taggedAny',
  'under',
  'where',
  'within',
  'without',
]);
/** They call a function that makes streams themselves; any function of a rules module may be that one. */
const CALLS_MAKERS: ReadonlySet<string> = new Set(['by', 'rule', 'pipe']);
/** They take lists that hold functions. */
const TAKES_LISTS: ReadonlySet<string> = new Set(['adjust', 'by', 'project', 'split', 'splitp', 'match']);
/** Everything may be left out of them. */
const TAKES_NOTHING: ReadonlySet<string> = new Set([
  'judgeTests',
  'keepHost',
  'log',
  'offHost',
  'onHost',
  'match',
  'releaseHost',
  ...PREDICATES,
]);

/** Functions of rules modules that have to be called, by their names. */
const uncalled = new WeakMap<object, string>();
/** What a call made, by the name of the function that was called. */
const made = new WeakMap<object, string>();

export function rememberFunction(name: string, given: object): void {
  if (!HANDED_OVER.has(name)) uncalled.set(given, name);
}

export function rememberResult(name: string, result: unknown): void {
  if (typeof result === 'function' && !HANDED_OVER.has(name)) made.set(result, name);
}

/** @throws StreamArgumentError for an argument that would do nothing, though it has the right type */
export function requireUsefulArguments(name: string, args: readonly unknown[]): void {
  if (HANDED_OVER.has(name)) return;
  args.forEach((arg, at) => {
    if (isNothing(arg) && !TAKES_NOTHING.has(name)) throw new StreamArgumentError(name, `argument ${at + 1} is ${arg}`);
    for (const one of Array.isArray(arg) ? (arg as readonly unknown[]) : [arg])
      if (!CALLS_MAKERS.has(name)) requireCalled(name, one);
    if (Array.isArray(arg) && !TAKES_LISTS.has(name) && arg.some((one) => isMade(one)))
      throw new StreamArgumentError(name, `takes its children one after another, not in a list (argument ${at + 1})`);
  });
  if (name === 'by' || name === 'rule') requireMaker(name, args[1]);
  if (name === 'where') requireCondition(name, args[0]);
  if (name === 'where') for (const child of args.slice(1)) requireNoPredicate(name, child);
  if (name === 'sdo') for (const child of args) requireNoPredicate(name, child);
  if (name === 'pipe') requireCalled(name, args.at(-1));
  if (name === 'split')
    for (const way of args) {
      const [predicate, child] = Array.isArray(way) ? (way as readonly unknown[]) : [undefined, way];
      requireCondition(name, predicate);
      requireNoPredicate(name, child);
    }
}

/** @throws StreamArgumentError for a function that has to be called, in the place of what a call of it makes */
export function requireCalled(where: string, given: unknown): void {
  const name = typeof given === 'function' ? uncalled.get(given) : undefined;
  if (name !== undefined)
    throw new StreamArgumentError(where, `found the function ${name} itself: call it, as in ${name}(...)`);
}

function requireMaker(name: string, given: unknown): void {
  const maker = isMade(given) ? made.get(given) : undefined;
  if (maker !== undefined)
    throw new StreamArgumentError(
      name,
      `takes a function that makes the streams: write () => ${maker}(...), not ${maker}(...)`,
    );
}

function requireCondition(name: string, given: unknown): void {
  const maker = isMade(given) ? made.get(given) : undefined;
  if (maker !== undefined && !PREDICATES.has(maker) && !FILTERS.has(maker))
    throw new StreamArgumentError(name, `takes a predicate first; what ${maker}(...) makes is a stream`);
}

function requireNoPredicate(name: string, given: unknown): void {
  const maker = isMade(given) ? made.get(given) : undefined;
  if (maker !== undefined && PREDICATES.has(maker))
    throw new StreamArgumentError(name, `takes streams as children; what ${maker}(...) makes is a predicate`);
}

function isNothing(arg: unknown): boolean {
  return arg === undefined || arg === null || arg === false;
}

function isMade(given: unknown): given is object {
  return typeof given === 'function' && made.has(given);
}
