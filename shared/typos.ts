/** Changes of one letter (put in, left out, replaced) by which a mistyped name may differ. */
export const MAX_TYPOS = 2;

/** The one of `known` that `name` is most likely a mistyping of, regardless of case; undefined: none is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const lower = name.toLowerCase();
  let nearest: { readonly name: string; readonly typos: number } | undefined;
  for (const candidate of known) {
    const typos = typosBetween(candidate.toLowerCase(), lower);
    const isNear = typos <= MAX_TYPOS && typos < candidate.length - 1;
    if (isNear && (nearest === undefined || typos < nearest.typos)) nearest = { name: candidate, typos };
  }
  return nearest?.name;
}

/** Levenshtein's distance, as far as it is at most {@link MAX_TYPOS}; else something greater. */
export function typosBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_TYPOS) return MAX_TYPOS + 1;
  let from = 0;
  while (from < a.length && a.charCodeAt(from) === b.charCodeAt(from)) from++;
  let endA = a.length;
  let endB = b.length;
  while (endA > from && endB > from && a.charCodeAt(endA - 1) === b.charCodeAt(endB - 1)) {
    endA--;
    endB--;
  }
  return distance(a.slice(from, endA), b.slice(from, endB), MAX_TYPOS);
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
