/** Which name was most likely meant: the mistakes people make with host names, from the likeliest on. Pure. */

export type Likeness = 'other case' | 'short name' | 'trailing dot' | 'mistyped';

export interface Nearest {
  readonly name: string;
  readonly likeness: Likeness;
}

/** Pairs of names that are compared letter by letter before it gives up: some 20 ms. */
export const MOST_PAIRS = 50_000;
/** Changes of one letter (put in, left out, replaced) by which a mistyped name may differ. */
const MOST_TYPOS = 2;

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
  const names = new Set(strange);
  const likely = new Map<string, Nearest>();
  if (names.size === 0) return likely;
  const index = indexOf(names, known);
  const unlike: string[] = [];
  for (const name of names) {
    const nearest = alike(name, index);
    if (nearest) likely.set(name, nearest);
    else unlike.push(name);
  }
  if (unlike.length === 0) return likely;
  const candidates = known.filter(isUnclaimed).map((name) => ({ name, plain: plainOf(name) }));
  for (const name of unlike.slice(0, MOST_PAIRS / Math.max(candidates.length, 1))) {
    const mistyped = leastTypos(plainOf(name), candidates);
    if (mistyped !== undefined) likely.set(name, { name: mistyped, likeness: 'mistyped' });
  }
  return likely;
}

/** The known names by what they have in common with the strange ones. */
interface Index {
  /** By what is left of a name without case and trailing dot. */
  readonly byPlain: ReadonlyMap<string, string>;
  /** By first label; null where several share it. */
  readonly byShort: ReadonlyMap<string, string | null>;
}

function indexOf(strange: ReadonlySet<string>, known: readonly string[]): Index {
  const wanted = new Set(Array.from(strange, (name) => firstLabel(plainOf(name))));
  const byPlain = new Map<string, string>();
  const byShort = new Map<string, string | null>();
  for (const name of known) {
    const plain = plainOf(name);
    const short = firstLabel(plain);
    if (!wanted.has(short)) continue;
    byPlain.set(plain, name);
    byShort.set(short, byShort.has(short) ? null : name);
  }
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
function leastTypos(
  plain: string,
  candidates: readonly { readonly name: string; readonly plain: string }[],
): string | undefined {
  let best: string | undefined;
  let fewest = MOST_TYPOS + 1;
  for (const candidate of candidates) {
    const typos = typosBetween(plain, candidate.plain);
    if (typos > fewest || typos > MOST_TYPOS) continue;
    best = typos === fewest ? undefined : candidate.name;
    fewest = typos;
  }
  return best;
}

function plainOf(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

function firstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? name : name.slice(0, dot);
}

/** Levenshtein's distance, as far as it is at most {@link MOST_TYPOS}; else something greater. */
export function typosBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_TYPOS) return MOST_TYPOS + 1;
  let from = 0;
  while (from < a.length && a.charCodeAt(from) === b.charCodeAt(from)) from++;
  let endA = a.length;
  let endB = b.length;
  while (endA > from && endB > from && a.charCodeAt(endA - 1) === b.charCodeAt(endB - 1)) {
    endA--;
    endB--;
  }
  return distance(a.slice(from, endA), b.slice(from, endB), MOST_TYPOS);
}

/** Tries the three ways on from the first letters, and gives up beyond `most`: short for names that are near. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  const restA = a.slice(at);
  const restB = b.slice(at);
  if (restA === '' || restB === '') return restA.length + restB.length;
  if (most === 0) return 1;
  return (
    1 +
    Math.min(
      distance(restA.slice(1), restB.slice(1), most - 1),
      distance(restA.slice(1), restB, most - 1),
      distance(restA, restB.slice(1), most - 1),
    )
  );
}
