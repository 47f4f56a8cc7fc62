/** What happened in a window of time, counted by host and application: what the rule judges. */

export interface Counts {
  /** Begun in the window, or ended in it without having been seen before. */
  started: number;
  /** Ended by themselves, well. */
  finished: number;
  failed: number;
  /** Running now, and for a while already, whenever it began. */
  settled: number;
}

export interface Cell {
  readonly host: string;
  readonly application: string;
  readonly counts: Readonly<Counts>;
  /** The same by instance, where instances have names of their own; else under the empty name. */
  readonly instances: ReadonlyMap<string, { readonly counts: Readonly<Counts> }>;
}

/** All cells of a host by application, or of an application by host. */
export interface Group {
  readonly counts: Readonly<Counts>;
  readonly cells: ReadonlyMap<string, Cell>;
}

export interface WindowCounts {
  readonly hosts: ReadonlyMap<string, Group>;
  readonly applications: ReadonlyMap<string, Group>;
}

export function noCounts(): Counts {
  return { started: 0, finished: 0, failed: 0, settled: 0 };
}

export function addCounts(to: Counts, counts: Readonly<Counts>, sign: 1 | -1 = 1): Counts {
  to.started += sign * counts.started;
  to.finished += sign * counts.finished;
  to.failed += sign * counts.failed;
  to.settled += sign * counts.settled;
  return to;
}

export function isNothing({ started, finished, failed, settled }: Readonly<Counts>): boolean {
  return started === 0 && finished === 0 && failed === 0 && settled === 0;
}

export function sumOf(cells: Iterable<Cell>): Counts {
  const sum = noCounts();
  for (const { counts } of cells) addCounts(sum, counts);
  return sum;
}

/** Tasks that went well. */
export function wellOf({ finished, settled }: Readonly<Counts>): number {
  return finished + settled;
}

/** Of them those that began in the window: the rest of the started that runs still, as far as it has settled. */
export function recentlyWell({ started, failed, finished, settled }: Readonly<Counts>): number {
  return finished + Math.min(settled, Math.max(0, started - failed - finished));
}
