/** The shape of a JSON value: every path in it with the type that stands there; items of a list share one path. */
export function shapeOf(value: unknown, path = '', into = new Set<string>()): Set<string> {
  if (Array.isArray(value)) {
    into.add(`${path}: list`);
    for (const item of value as unknown[]) shapeOf(item, `${path}[]`, into);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) shapeOf(inner, `${path}.${key}`, into);
    if (path !== '') into.add(`${path}: object`);
  } else into.add(`${path}: ${value === null ? 'null' : typeof value}`);
  return into;
}

/** Paths of each that the other lacks; those that `aside` matches do not count. */
export function differences(
  simulated: unknown,
  captured: unknown,
  aside: RegExp,
): { readonly missing: string[]; readonly foreign: string[] } {
  const [ours, theirs] = [shapeOf(simulated), shapeOf(captured)];
  const only = (one: Set<string>, other: Set<string>) =>
    [...one].filter((path) => !other.has(path) && !aside.test(path)).sort();
  return { missing: only(theirs, ours), foreign: only(ours, theirs) };
}
