/** Which name was most likely meant: the mistakes people make with host names, from the likeliest on. Pure. */
import { finish, interruptibly, type LongWork } from '../../../shared/cooperative.ts';
import { MOST_TYPOS, typosBetween } from '../../../shared/typos.ts';

export type Likeness = 'other case' | 'short name' | 'trailing dot' | 'mistyped';

export interface Nearest {
  readonly name: string;
  readonly likeness: Likeness;
}

/** Pairs of names that are compared letter by letter before it gives up: some 20 ms. */
export const MOST_PAIRS = 50_000;

/**
 * What each of the strange names was most likely meant to be; those that are like none are left out. One walk over the
 * known names, and another where typos are to be looked for.
 * @param known all names that could have been meant
 * @param isUnclaimed whether nobody uses a known name otherwise: only such a one is thought mistyped, since in a row of
 *   machines every name is one letter from the next
 */
export function nearestNames(
  strange: Iterable<string>,
  known: readonly string[],
  isUnclaimed: (name: string) => boolean,
): ReadonlyMap<string, Nearest> {
  return finish(findingNearest(strange, known, isUnclaimed));
}

/** The same a little at a time. */
export function* findingNearest(
  strange: Iterable<string>,
  known: readonly string[],
  isUnclaimed: (name: string) => boolean,
): LongWork<ReadonlyMap<string, Nearest>> {
  const names = new Set(strange);
  const likely = new Map<string, Nearest>();
  if (names.size === 0) return likely;
  const index = yield* indexOf(names, known);
  const unlike: string[] = [];
  yield* interruptibly(names, (name) => {
    const nearest = alike(name, index);
    if (nearest) likely.set(name, nearest);
    else unlike.push(name);
  });
  if (unlike.length === 0) return likely;
  const candidates: Candidate[] = [];
  yield* interruptibly(known, (name) => {
    if (isUnclaimed(name)) candidates.push({ name, plain: plainOf(name) });
  });
  for (const name of unlike.slice(0, MOST_PAIRS / Math.max(candidates.length, 1))) {
    const mistyped = yield* leastTypos(plainOf(name), candidates);
    if (mistyped !== undefined) likely.set(name, { name: mistyped, likeness: 'mistyped' });
  }
  return likely;
}

interface Candidate {
  readonly name: string;
  readonly plain: string;
}

/** The known names by what they have in common with the strange ones. */
interface Index {
  /** By what is left of a name without case and trailing dot. */
  readonly byPlain: ReadonlyMap<string, string>;
  /** By first label; null where several share it. */
  readonly byShort: ReadonlyMap<string, string | null>;
}

function* indexOf(strange: ReadonlySet<string>, known: readonly string[]): LongWork<Index> {
  const wanted = new Set<string>();
  yield* interruptibly(strange, (name) => wanted.add(firstLabel(plainOf(name))));
  const byPlain = new Map<string, string>();
  const byShort = new Map<string, string | null>();
  yield* interruptibly(known, (name) => {
    const plain = plainOf(name);
    const short = firstLabel(plain);
    if (!wanted.has(short)) return;
    byPlain.set(plain, name);
    byShort.set(short, byShort.has(short) ? null : name);
  });
  return { byPlain, byShort };
}

function alike(name: string, { byPlain, byShort }: Index): Nearest | undefined {
  const plain = plainOf(name);
  const same = byPlain.get(plain);
  if (same !== undefined && same !== name)
    return { name: same, likeness: same.endsWith('.') !== name.endsWith('.') ? 'trailing dot' : 'other case' };
  const short = byShort.get(firstLabel(plain));
  // Two full names in different domains are two hosts.
  return short && plain.includes('.') !== short.includes('.') ? { name: short, likeness: 'short name' } : undefined;
}

/** The one with the fewest typos; none where two are equally near. */
function* leastTypos(plain: string, candidates: readonly Candidate[]): LongWork<string | undefined> {
  let best: string | undefined;
  let fewest = MOST_TYPOS + 1;
  yield* interruptibly(candidates, (candidate) => {
    const typos = typosBetween(plain, candidate.plain);
    if (typos > fewest || typos > MOST_TYPOS) return;
    best = typos === fewest ? undefined : candidate.name;
    fewest = typos;
  });
  return best;
}

function plainOf(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

function firstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? name : name.slice(0, dot);
}
