/** Whether ours and the original's are the same: nil is absent, numbers are equal to nine digits, tags are a set. */

export function same(ours: unknown, theirs: unknown): boolean {
  if (ours === undefined || ours === null || theirs === undefined || theirs === null)
    return (ours ?? undefined) === (theirs ?? undefined);
  if (typeof ours === 'number' && typeof theirs === 'number') return near(ours, theirs);
  if (Array.isArray(ours) && Array.isArray(theirs))
    return ours.length === theirs.length && ours.every((one, at) => same(one, theirs[at]));
  if (typeof ours !== 'object' || typeof theirs !== 'object') return ours === theirs;
  if (Array.isArray(ours) || Array.isArray(theirs)) return false;
  const [a, b] = [ours, theirs] as Readonly<Record<string, unknown>>[];
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...keys].every((key) => (key === 'tags' ? sameTags(a?.[key], b?.[key]) : same(a?.[key], b?.[key])));
}

function near(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

function sameTags(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return same(a, b);
  return same(a.toSorted(), b.toSorted());
}

export function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 297)}...` : text;
}
