/** Which name was most likely meant: the mistakes people make with host names, the likeliest first. Pure. */
import { interruptibly, type LongWork } from '../../../shared/cooperative.ts';

export type Likeness = 'other case' | 'short name' | 'trailing dot' | 'mistyped';

export interface LikelyName {
  readonly name: string;
  readonly likeness: Likeness;
}

/** For more names no typos are looked for: no more findings are listed. */
export const MAX_MISTYPED = 2_000;

/**
 * Finds what each of the strange names was most likely meant to be; those that are like none are left out. The work
 * grows with the number of names, never with that of their pairs.
 * @param known all names that could have been meant
 * @param isUnclaimed whether nobody uses a known name otherwise: only such a one counts as mistyped, since in a row of
 *   machines every name is one letter from the next
 */
export function* findLikelyNames(
  strange: Iterable<string>,
  known: readonly string[],
  isUnclaimed: (name: string) => boolean,
): LongWork<ReadonlyMap<string, LikelyName>> {
  const names = new Set(strange);
  const likely = new Map<string, LikelyName>();
  if (names.size === 0) return likely;
  const index = yield* indexOf(names, known);
  const unlike: string[] = [];
  yield* interruptibly(names, (name) => {
    const alikeName = alike(name, index);
    if (alikeName) likely.set(name, alikeName);
    else if (unlike.length < MAX_MISTYPED) unlike.push(name);
  });
  if (unlike.length > 0) yield* findMistyped(unlike, known, isUnclaimed, likely);
  return likely;
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

function alike(name: string, { byPlain, byShort }: Index): LikelyName | undefined {
  const plain = plainOf(name);
  const same = byPlain.get(plain);
  if (same !== undefined && same !== name)
    return { name: same, likeness: same.endsWith('.') !== name.endsWith('.') ? 'trailing dot' : 'other case' };
  const short = byShort.get(firstLabel(plain));
  // Two full names in different domains are two hosts.
  return short && plain.includes('.') !== short.includes('.') ? { name: short, likeness: 'short name' } : undefined;
}

/**
 * One letter left out, put in, replaced, or changed places with the next: then both names have a form in common that
 * lacks one letter. No name is suggested where two are equally near.
 */
function* findMistyped(
  unlike: readonly string[],
  known: readonly string[],
  isUnclaimed: (name: string) => boolean,
  likely: Map<string, LikelyName>,
): LongWork {
  const byForm = new Map<string, string[]>();
  yield* interruptibly(unlike, (name) => {
    for (const form of formsOf(plainOf(name))) {
      const names = byForm.get(form);
      if (names) names.push(name);
      else byForm.set(form, [name]);
    }
  });
  const ambiguous = new Set<string>();
  yield* interruptibly(known, (candidate) => {
    if (!isUnclaimed(candidate)) return;
    for (const form of formsOf(plainOf(candidate)))
      for (const name of byForm.get(form) ?? []) {
        const before = likely.get(name);
        if (before && before.name !== candidate) ambiguous.add(name);
        likely.set(name, { name: candidate, likeness: 'mistyped' });
      }
  });
  for (const name of ambiguous) likely.delete(name);
}

/** The name itself, and without each of its letters. */
function formsOf(plain: string): ReadonlySet<string> {
  const forms = new Set([plain]);
  for (let at = 0; at < plain.length; at++) forms.add(plain.slice(0, at) + plain.slice(at + 1));
  return forms;
}

function plainOf(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

function firstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? name : name.slice(0, dot);
}
