/** Which name was most likely meant: the mistakes people make with host names, from the likeliest on. Pure. */

export type Likeness = 'other case' | 'short name' | 'trailing dot' | 'mistyped';

export interface Nearest {
  readonly name: string;
  readonly likeness: Likeness;
}

/** Pairs of names that are compared letter by letter before it gives up: some 20 ms. */
const MOST_PAIRS = 400_000;
/** Changes of one letter (put in, left out, replaced) by which a mistyped name may differ. */
const MOST_TYPOS = 2;

export class NearestNames {
  /** By what is left of a name without case and trailing dot. */
  readonly #plain = new Map<string, string>();
  /** By first label; null where several share it. */
  readonly #short = new Map<string, string | null>();
  readonly #unclaimed: readonly string[];
  #pairsLeft = MOST_PAIRS;

  /**
   * @param known all names that could have been meant
   * @param unclaimed those of them that nobody uses otherwise: only these are thought mistyped, since in a row of
   *   machines every name is one letter from the next
   */
  constructor(known: Iterable<string>, unclaimed: Iterable<string>) {
    for (const name of known) {
      const plain = plainOf(name);
      this.#plain.set(plain, name);
      const short = firstLabel(plain);
      this.#short.set(short, this.#short.has(short) ? null : name);
    }
    this.#unclaimed = [...unclaimed];
  }

  to(name: string): Nearest | undefined {
    const plain = plainOf(name);
    const same = this.#plain.get(plain);
    if (same !== undefined && same !== name)
      return { name: same, likeness: same.endsWith('.') !== name.endsWith('.') ? 'trailing dot' : 'other case' };
    const short = this.#short.get(firstLabel(plain));
    // Two full names in different domains are two hosts.
    if (short && plain.includes('.') !== short.includes('.')) return { name: short, likeness: 'short name' };
    const mistyped = this.#mistyped(plain);
    return mistyped === undefined ? undefined : { name: mistyped, likeness: 'mistyped' };
  }

  /** The one with the fewest typos; none where two are equally near. */
  #mistyped(plain: string): string | undefined {
    if (this.#pairsLeft < this.#unclaimed.length) return undefined;
    this.#pairsLeft -= this.#unclaimed.length;
    let best: string | undefined;
    let fewest = MOST_TYPOS + 1;
    for (const name of this.#unclaimed) {
      const typos = typosBetween(plain, plainOf(name));
      if (typos > fewest || typos > MOST_TYPOS) continue;
      best = typos === fewest ? undefined : name;
      fewest = typos;
    }
    return best;
  }
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
  while (from < a.length && a[from] === b[from]) from++;
  let endA = a.length;
  let endB = b.length;
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) {
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
