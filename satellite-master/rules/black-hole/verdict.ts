/**
 * The rule: which hosts are black holes and which applications fail by themselves, as a pure function of what happened
 * in the window. A host is blamed only by applications that work elsewhere; in doubt nobody is.
 */
import { byCodeUnit } from '../../../shared/text.ts';
import { type Cell, type Counts, type Picture, sumOf, wellOf } from './picture.ts';
import { acquittal, applicationReason, comparedReason, severalReason, stillReason } from './reasons.ts';
import { combined, fisherTail } from './statistics.ts';

/** The settings `blackhole-*`. */
export interface Thresholds {
  /** Seconds. */
  readonly windowS: number;
  /** failed / started must be above it, */
  readonly failsToStarts: number;
  /** and failed / finished above this; without a divisor any failure is above. */
  readonly failsToFinishes: number;
  readonly leastFailures: number;
}

/** What an agent counted of its own errors in the window. */
export interface AgentErrors {
  /** Containers that it could not launch: its own fault, or that of an image. */
  readonly launch: number;
  /** Errors of recovery and of destroying containers: never the doing of an application. */
  readonly own: number;
}

export interface VerdictInput {
  readonly picture: Picture;
  readonly thresholds: Thresholds;
  readonly errorsOf: (host: string) => AgentErrors | undefined;
  /** Hosts blamed until now: they stay it until they do better, or nothing fails there any more. */
  readonly blamedBefore: ReadonlySet<string>;
}

export interface Blame {
  readonly name: string;
  readonly counts: Readonly<Counts>;
  readonly reason: string;
}

export interface Verdict {
  readonly hosts: readonly Blame[];
  /** They fail wherever they run, as far as anything is known. */
  readonly applications: readonly Blame[];
  /** Hosts above the thresholds all the same, and why they are not blamed. */
  readonly acquitted: readonly Blame[];
}

/**
 * The chance that any innocent host is blamed in one look, over all hosts together (Bonferroni). 0.01 lets five
 * failures of five here against two good runs on each of three other hosts count; one look in a hundred would err only
 * if applications that work on most hosts failed on one three times in four by chance, and that least of failures.
 */
const MOST_CHANCE = 0.01;

/** An application that fails so often elsewhere, as a mean over the hosts, is no witness. */
const MOST_SHARE_ELSEWHERE = 0.5;

/** So many applications that have run nowhere else must all fail to count without a comparison; fewer with agent errors. */
const SEVERAL = 3;

/** What one application says of one host. */
export interface Testimony {
  readonly cell: Cell;
  /** Failures that count: those of one instance that went well nowhere are one. */
  readonly failures: number;
  readonly failedElsewhere: number;
  readonly trialsElsewhere: number;
  readonly hostsElsewhere: number;
  /** `works`: elsewhere, a witness; `fails`: elsewhere too; `alone`: ran nowhere else. */
  readonly kind: 'works' | 'fails' | 'alone';
  /** For a witness: the chance of so many failures here if here were like elsewhere. */
  readonly chance: number;
}

export function judgeBlackHoles(input: VerdictInput): Verdict {
  const { picture, thresholds } = input;
  const suspects = [...picture.hosts]
    .map(([host, cells]) => ({ host, cells: [...cells.values()], counts: sumOf(cells.values()) }))
    .filter(
      ({ host, counts }) =>
        counts.failed >= thresholds.leastFailures || (input.blamedBefore.has(host) && counts.failed > 0),
    )
    .sort((a, b) => byCodeUnit(a.host, b.host));
  const compared = [...picture.hosts.values()].filter((cells) => sumOf(cells.values()).started > 0).length;
  const guilty = new Map<string, Blame>();
  // Each black hole that is found makes the comparison for the others clearer: it is left out of it.
  for (let found = -1; found < guilty.size; ) {
    found = guilty.size;
    const without = new Set(guilty.keys());
    for (const { host, cells, counts } of suspects) {
      if (guilty.has(host)) continue;
      const testimonies = cells.map((cell) => testimonyOf(cell, picture, without));
      const reason = guiltOf(host, testimonies, compared, input);
      if (reason !== undefined) guilty.set(host, { name: host, counts, reason });
    }
  }
  const without = new Set(guilty.keys());
  const acquitted = suspects
    .filter(({ host, counts }) => !guilty.has(host) && isAbove(counts, thresholds, thresholds.leastFailures))
    .map(({ host, cells, counts }) => {
      const testimonies = cells.map((cell) => testimonyOf(cell, picture, without));
      return { name: host, counts, reason: acquittal(counts, testimonies, thresholds) };
    });
  return {
    hosts: [...guilty.values()].sort((a, b) => byCodeUnit(a.name, b.name)),
    applications: failingApplications(picture, thresholds, without),
    acquitted,
  };
}

/** The original's two thresholds, and the least number of failures. */
export function isAbove(
  { failed, started, finished }: Readonly<Counts>,
  thresholds: Thresholds,
  least: number,
): boolean {
  const { failsToStarts, failsToFinishes } = thresholds;
  return failed >= Math.max(1, least) && failed > failsToStarts * started && failed > failsToFinishes * finished;
}

/** @returns why, or undefined: not to be blamed */
function guiltOf(
  host: string,
  testimonies: readonly Testimony[],
  compared: number,
  { thresholds, errorsOf, blamedBefore, picture }: VerdictInput,
): string | undefined {
  const honest = testimonies.filter(({ kind }) => kind !== 'fails');
  const witnesses = honest.filter(({ kind }) => kind === 'works');
  const errors = errorsOf(host) ?? { launch: 0, own: 0 };
  if (failuresOf(witnesses) >= thresholds.leastFailures && isAbove(sumOf(cellsOf(witnesses)), thresholds, 1)) {
    const chance = combined(witnesses.map((witness) => witness.chance)) * compared;
    if (chance < MOST_CHANCE) return comparedReason(witnesses, thresholds, errors, chance);
  }
  const failing = honest.filter(({ failures }) => failures > 0);
  const several = errors.own > 0 ? SEVERAL - 2 : errors.launch > 0 ? SEVERAL - 1 : SEVERAL;
  const nothingWorks = testimonies.every(({ cell }) => wellOf(cell.counts) === 0);
  if (
    nothingWorks &&
    failing.length >= several &&
    failuresOf(failing) >= thresholds.leastFailures &&
    isAbove(sumOf(cellsOf(failing)), thresholds, 1) &&
    worksElsewhere(host, picture)
  )
    return severalReason(failing, thresholds, errors);
  const stays = blamedBefore.has(host) && isAbove(sumOf(cellsOf(failing)), thresholds, 1);
  return stays ? stillReason(failing, thresholds, errors) : undefined;
}

function testimonyOf(cell: Cell, picture: Picture, without: ReadonlySet<string>): Testimony {
  const failures = countingFailures(cell, picture);
  let failedElsewhere = 0;
  let trialsElsewhere = 0;
  let hostsElsewhere = 0;
  let shares = 0;
  for (const other of picture.applications.get(cell.application)?.values() ?? []) {
    if (other.host === cell.host || without.has(other.host)) continue;
    const failed = countingFailures(other, picture);
    const trials = failed + wellOf(other.counts);
    if (trials === 0) continue;
    failedElsewhere += failed;
    trialsElsewhere += trials;
    hostsElsewhere++;
    shares += failed / trials;
  }
  const elsewhere = { failedElsewhere, trialsElsewhere, hostsElsewhere };
  if (hostsElsewhere === 0) return { cell, failures, ...elsewhere, kind: 'alone', chance: 1 };
  if (shares / hostsElsewhere > MOST_SHARE_ELSEWHERE) return { cell, failures, ...elsewhere, kind: 'fails', chance: 1 };
  const chance = fisherTail(failures, failures + wellOf(cell.counts), failedElsewhere, trialsElsewhere);
  return { cell, failures, ...elsewhere, kind: 'works', chance };
}

/**
 * One instance that fails again and again and went well nowhere may be broken itself (one bad input of many): all its
 * failures here count as one, where the application has other instances.
 */
function countingFailures(cell: Cell, picture: Picture): number {
  let failures = cell.counts.failed;
  const hosts = picture.applications.get(cell.application);
  for (const [instance, { counts }] of cell.instances) {
    if (instance === '' || counts.failed < 2 || wellOf(counts) > 0) continue;
    const hasOthers = cell.instances.size > 1 || (hosts?.size ?? 0) > 1;
    if (hasOthers && !wentWellElsewhere(instance, cell, hosts?.values() ?? [])) failures -= counts.failed - 1;
  }
  return failures;
}

function wentWellElsewhere(instance: string, { host }: Cell, cells: Iterable<Cell>): boolean {
  for (const other of cells) {
    const counts = other.host === host ? undefined : other.instances.get(instance)?.counts;
    if (counts && wellOf(counts) > 0) return true;
  }
  return false;
}

/** Tasks on other hosts go well, on most of them. */
function worksElsewhere(host: string, picture: Picture): boolean {
  let hosts = 0;
  let shares = 0;
  for (const [other, cells] of picture.hosts) {
    const counts = sumOf(cells.values());
    const trials = counts.failed + wellOf(counts);
    if (other === host || trials === 0) continue;
    hosts++;
    shares += counts.failed / trials;
  }
  return hosts > 0 && shares / hosts <= MOST_SHARE_ELSEWHERE;
}

/** Judged by the same thresholds over the hosts that are not to blame; a task that runs for a while counts as finished. */
function failingApplications(picture: Picture, thresholds: Thresholds, guilty: ReadonlySet<string>): Blame[] {
  const failing: Blame[] = [];
  for (const [application, cells] of picture.applications) {
    const innocent = [...cells.values()].filter(({ host }) => !guilty.has(host));
    const counts = sumOf(innocent);
    const well = wellOf(counts);
    const asEnded = { ...counts, started: counts.failed + well, finished: well };
    if (!isAbove(asEnded, thresholds, thresholds.leastFailures)) continue;
    failing.push({ name: application, counts, reason: applicationReason(innocent, cells.size, thresholds) });
  }
  return failing.sort((a, b) => byCodeUnit(a.name, b.name));
}

function failuresOf(testimonies: readonly Testimony[]): number {
  return testimonies.reduce((sum, { failures }) => sum + failures, 0);
}

function cellsOf(testimonies: readonly Testimony[]): Cell[] {
  return testimonies.map(({ cell }) => cell);
}
