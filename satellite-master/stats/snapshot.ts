/** The figures of `/metrics/snapshot`. Pure. */

type Figures = Readonly<Record<string, number>>;

/** What the users' rules add takes the place of none of our own figures. */
export function snapshotOf(whitelist: Figures, cluster: Figures, rules: Figures): Figures {
  const own = { ...whitelist, ...cluster };
  const added = Object.entries(rules).filter(([name]) => !Object.hasOwn(own, name));
  return { ...own, ...Object.fromEntries(added) };
}
