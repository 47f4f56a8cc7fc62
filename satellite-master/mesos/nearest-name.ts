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

export class NearestNames {
  readonly #known: ReadonlySet<string>;
  readonly #isUnclaimed: (name: string) => boolean;
  #index: Index | undefined;
  #pairsLeft = MOST_PAIRS;

  /**
   * @param known all names that could have been meant
   * @param isUnclaimed whether nobody uses it otherwise: only such a name is thought mistyped, since in a row of machines
   *   every name is one letter from the next
   */
  constructor(known: ReadonlySet<string>, isUnclaimed: (name: string) => boolean) {
    this.#known = known;
    this.#isUnclaimed = isUnclaimed;
  }

  to(name: string): Nearest | undefined {
    this.#index ??= indexOf(this.#known, this.#isUnclaimed);
    const { byPlain, byShort, unclaimed } = this.#index;
    const plain = plainOf(name);
    const same = byPlain.get(plain);
    if (same !== undefined && same !== name)
      return { name: same, likeness: same.endsWith('.') !== name.endsWith('.') ? 'trailing dot' : 'other case' };
    const short = byShort.get(firstLabel(plain));
    // Two full names in different domains are two hosts.
    if (short && plain.includes('.') !== short.includes('.')) return { name: short, likeness: 'short name' };
    const mistyped = this.#mistyped(plain, unclaimed);
    return mistyped === undefined ? undefined : { name: mistyped, likeness: 'mistyped' };
  }

  /** The one with the fewest typos; none where two are equally near. */
  #mistyped(plain: string, unclaimed: Index['unclaimed']): string | undefined {
    if (this.#pairsLeft < unclaimed.length) return undefined;
    this.#pairsLeft -= unclaimed.length;
    let best: string | undefined;
    let fewest = MOST_TYPOS + 1;
    for (const { name, plain: other } of unclaimed) {
      const typos = typosBetween(plain, other);
      if (typos > fewest || typos > MOST_TYPOS) continue;
      best = typos === fewest ? undefined : name;
      fewest = typos;
    }
    return best;
  }
}

interface Index {
  /** By what is left of a name without case and trailing dot. */
  readonly byPlain: ReadonlyMap<string, string>;
  /** By first label; null where several share it. */
  readonly byShort: ReadonlyMap<string, string | null>;
  readonly unclaimed: readonly { readonly name: string; readonly plain: string }[];
}

function indexOf(known: Iterable<string>, isUnclaimed: (name: string) => boolean): Index {
  const byPlain = new Map<string, string>();
  const byShort = new Map<string, string | null>();
  const unclaimed: { name: string; plain: string }[] = [];
  for (const name of known) {
    const plain = plainOf(name);
    const short = firstLabel(plain);
    byPlain.set(plain, name);
    byShort.set(short, byShort.has(short) ? null : name);
    if (isUnclaimed(name)) unclaimed.push({ name, plain });
  }
  return { byPlain, byShort, unclaimed };
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
