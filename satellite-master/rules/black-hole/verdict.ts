/**
 * The rule: which hosts are black holes and which applications fail by themselves, as a pure function of what happened
 * in the window. A host is blamed only by applications that work elsewhere; in doubt nobody is.
 */

import { finish, interruptibly, type LongWork } from '../../../shared/cooperative.ts';
import { byCodeUnit } from '../../../shared/text.ts';
import { type ApplicationResult, Comparison } from './comparison.ts';
import { type Cell, type Counts, sumOf, type WindowCounts, wellOf } from './counts.ts';
import { applicationReason, clearedReason, comparedReason, severalReason, stillReason } from './explain.ts';
import { combined } from './statistics.ts';

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
  readonly picture: WindowCounts;
  readonly thresholds: Thresholds;
  readonly errorsOf: (host: string) => AgentErrors | undefined;
  /** Hosts blamed until now: they stay it until they do better, or nothing fails there any more. */
  readonly blamedBefore: ReadonlySet<string>;
}

interface Suspect {
  readonly host: string;
  readonly counts: Readonly<Counts>;
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
  readonly cleared: readonly Blame[];
}

/**
 * The chance that any innocent host is blamed in one look, over all hosts together (Bonferroni). 0.01 lets five
 * failures of five here against two good runs on each of three other hosts count; one look in a hundred would err only
 * if applications that work on most hosts failed on one three times in four by chance, and that least of failures.
 */
const MAX_CHANCE = 0.01;

/** So many applications that have run nowhere else must all fail to count without a comparison; fewer with agent errors. */
const SEVERAL = 3;

export function judgeBlackHoles(input: VerdictInput): Verdict {
  return finish(judgingBlackHoles(input));
}

/** The same a little at a time. Nothing of the input may change meanwhile. */
export function* judgingBlackHoles(input: VerdictInput): LongWork<Verdict> {
  const { picture, thresholds, blamedBefore } = input;
  const suspects: Suspect[] = [];
  let compared = 0;
  yield* interruptibly(picture.hosts, ([host, { counts }]) => {
    if (counts.failed + wellOf(counts) > 0) compared++;
    const { failed } = counts;
    if (failed >= thresholds.leastFailures || (failed > 0 && blamedBefore.has(host))) suspects.push({ host, counts });
  });
  suspects.sort((a, b) => byCodeUnit(a.host, b.host));

  const guilty = new Map<string, Blame>();
  let comparison = new Comparison(picture, new Set());
  // Each black hole that is found makes the comparison for the others clearer: it is left out of it.
  for (let found = -1; found < guilty.size; ) {
    found = guilty.size;
    for (const { host } of suspects) {
      if (guilty.has(host)) continue;
      const guilt = yield* guiltOf(host, comparison, compared, input);
      if (guilt) guilty.set(host, { name: host, ...guilt });
      yield;
    }
    if (found < guilty.size) comparison = new Comparison(picture, new Set(guilty.keys()));
  }
  const cleared: Blame[] = [];
  for (const { host, counts } of suspects) {
    if (guilty.has(host) || !isAbove(counts, thresholds, thresholds.leastFailures)) continue;
    const reason = clearedReason(counts, yield* comparison.results(host), thresholds);
    cleared.push({ name: host, counts: { ...counts }, reason });
    yield;
  }
  return {
    hosts: [...guilty.values()].sort((a, b) => byCodeUnit(a.name, b.name)),
    applications: yield* failingApplications(picture, thresholds, guilty),
    cleared,
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

/** @returns why, with the counts that the reason names; undefined: not to be blamed */
function* guiltOf(
  host: string,
  comparison: Comparison,
  compared: number,
  { thresholds, errorsOf, blamedBefore }: VerdictInput,
): LongWork<Omit<Blame, 'name'> | undefined> {
  const results = yield* comparison.results(host);
  const honest = results.filter(({ kind }) => kind !== 'fails');
  const working = honest.filter(({ kind, trials }) => kind === 'works' && trials > 0);
  const errors = errorsOf(host) ?? { launch: 0, own: 0 };
  if (failuresOf(working) >= thresholds.leastFailures && isAbove(sumOf(cellsOf(working)), thresholds, 1)) {
    const chance = combined(working.map((result) => result.chance)) * compared;
    if (chance < MAX_CHANCE)
      return { counts: sumOf(cellsOf(working)), reason: comparedReason(working, thresholds, errors, chance) };
  }
  const failing = honest.filter(({ failures }) => failures > 0);
  const several = errors.own > 0 ? SEVERAL - 2 : errors.launch > 0 ? SEVERAL - 1 : SEVERAL;
  const nothingWorks = results.every(({ cell }) => wellOf(cell.counts) === 0);
  if (
    nothingWorks &&
    failing.length >= several &&
    failuresOf(failing) >= thresholds.leastFailures &&
    isAbove(sumOf(cellsOf(failing)), thresholds, 1) &&
    (yield* comparison.worksElsewhere(host))
  )
    return { counts: sumOf(cellsOf(failing)), reason: severalReason(failing, thresholds, errors) };
  const stays = blamedBefore.has(host) && isAbove(sumOf(cellsOf(failing)), thresholds, 1);
  if (!stays) return undefined;
  return { counts: sumOf(cellsOf(failing)), reason: stillReason(failing, thresholds, errors) };
}

/** Judged by the same thresholds over the hosts that are not to blame; a task that runs for a while counts as finished. */
function* failingApplications(
  picture: WindowCounts,
  thresholds: Thresholds,
  guilty: ReadonlyMap<string, unknown>,
): LongWork<Blame[]> {
  const failing: Blame[] = [];
  for (const [application, { counts: all, cells }] of picture.applications) {
    if (all.failed < thresholds.leastFailures) continue;
    yield;
    const innocent = [...cells.values()].filter(({ host }) => !guilty.has(host));
    const counts = sumOf(innocent);
    const well = wellOf(counts);
    const asEnded = { ...counts, started: counts.failed + well, finished: well };
    if (!isAbove(asEnded, thresholds, thresholds.leastFailures)) continue;
    failing.push({ name: application, counts, reason: applicationReason(innocent, cells.size, thresholds) });
  }
  return failing.sort((a, b) => byCodeUnit(a.name, b.name));
}

function failuresOf(results: readonly ApplicationResult[]): number {
  return results.reduce((sum, { failures }) => sum + failures, 0);
}

function cellsOf(results: readonly ApplicationResult[]): Cell[] {
  return results.map(({ cell }) => cell);
}
