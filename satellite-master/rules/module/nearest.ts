import { MAX_TYPOS, typosBetween } from '../../../shared/typos.ts';

/** The name that was most likely meant, or none that is near. */
export function nearestTo(name: string, names: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const near = names
    .map((one) => ({ one, typos: typosBetween(one.toLowerCase(), lower) }))
    .filter(({ typos }) => typos <= MAX_TYPOS)
    .sort((a, b) => a.typos - b.typos);
  return near[0]?.one;
}
