/** The whitelist's own figures, under the names that the original has. Pure. */

/** @param hosts on the merged list, and all in the inventory */
export function hostFigures({
  on,
  all,
}: {
  readonly on: number;
  readonly all: number;
}): Readonly<Record<string, number>> {
  return { 'num-hosts-up': on, 'num-available-hosts': all, 'prop-available-hosts': all === 0 ? 0 : on / all };
}
