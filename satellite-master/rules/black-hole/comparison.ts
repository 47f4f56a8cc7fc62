/** How an application does here and elsewhere. Sums are made once an application, so that many suspects cost little. */
import { interruptibly, type LongWork } from '../../../shared/cooperative.ts';
import { type Cell, recentlyWell, type WindowCounts, wellOf } from './counts.ts';
import { fisherTail } from './statistics.ts';

/** An application with this share of failures elsewhere, as a mean over the hosts, does not count against a host. */
const MAX_SHARE_ELSEWHERE = 0.5;

/** What one application says of one host. */
export interface ApplicationResult {
  readonly cell: Cell;
  /** Failures that count: those of one instance that went well nowhere are one. */
  readonly failures: number;
  /** Of so many tasks that began of late. */
  readonly trials: number;
  readonly failedElsewhere: number;
  readonly trialsElsewhere: number;
  readonly hostsElsewhere: number;
  /** `works`: elsewhere, so that failures here count; `fails`: elsewhere too; `alone`: ran nowhere else. */
  readonly kind: 'works' | 'fails' | 'alone';
  /** For `works`: the chance of so many failures here if here were like elsewhere. */
  readonly chance: number;
}

/** Trials are tasks that failed or went well. A mean over hosts is not drowned by the one host that fails most. */
interface Sums {
  failed: number;
  trials: number;
  hosts: number;
  /** Of failed / trials of each host. */
  shares: number;
}

interface Totals extends Sums {
  /** Instances that went well on some host. */
  readonly wentWell: ReadonlySet<string>;
  readonly hasOthers: boolean;
}

export class Comparison {
  readonly #picture: WindowCounts;
  readonly #without: ReadonlySet<string>;
  readonly #totals = new Map<string, Totals>();
  #all: Sums | undefined;

  /** @param without hosts that are known to be black holes: they are no measure for others */
  constructor(picture: WindowCounts, without: ReadonlySet<string>) {
    this.#picture = picture;
    this.#without = without;
  }

  *results(host: string): LongWork<readonly ApplicationResult[]> {
    const results: ApplicationResult[] = [];
    for (const cell of this.#picture.hosts.get(host)?.cells.values() ?? [])
      results.push(resultOf(cell, yield* this.#totalsOf(cell.application), this.#without));
    return results;
  }

  /** Tasks on other hosts go well, on most of them. */
  *worksElsewhere(host: string): LongWork<boolean> {
    this.#all ??= yield* this.#sumOfHosts();
    const others = this.#without.has(host) ? this.#all : minus(this.#all, this.#trialsOf(host));
    return others.hosts > 0 && others.shares / others.hosts <= MAX_SHARE_ELSEWHERE;
  }

  *#totalsOf(application: string): LongWork<Totals> {
    const known = this.#totals.get(application);
    if (known) return known;
    const cells = this.#picture.applications.get(application)?.cells;
    const wentWell = new Set<string>();
    const names = new Set<string>();
    yield* interruptibly(cells?.values() ?? [], ({ instances }) => {
      if (isUnnamed(instances)) names.add('');
      else
        for (const [instance, { counts }] of instances) {
          if (names.size < 2) names.add(instance);
          if (instance !== '' && wellOf(counts) > 0) wentWell.add(instance);
        }
    });
    const totals: Totals = { failed: 0, trials: 0, hosts: 0, shares: 0, wentWell, hasOthers: names.size > 1 };
    yield* interruptibly(cells?.values() ?? [], (cell) => {
      if (this.#without.has(cell.host)) return;
      const failed = countingFailures(cell, totals);
      add(totals, { failed, trials: failed + wellOf(cell.counts) });
    });
    this.#totals.set(application, totals);
    return totals;
  }

  *#sumOfHosts(): LongWork<Sums> {
    const sums: Sums = { failed: 0, trials: 0, hosts: 0, shares: 0 };
    yield* interruptibly(this.#picture.hosts.keys(), (host) => {
      if (!this.#without.has(host)) add(sums, this.#trialsOf(host));
    });
    return sums;
  }

  #trialsOf(host: string): Trials {
    const counts = this.#picture.hosts.get(host)?.counts;
    return counts ? { failed: counts.failed, trials: counts.failed + wellOf(counts) } : { failed: 0, trials: 0 };
  }
}

function resultOf(cell: Cell, totals: Totals, without: ReadonlySet<string>): ApplicationResult {
  const failures = countingFailures(cell, totals);
  const well = wellOf(cell.counts);
  const others = without.has(cell.host) ? totals : minus(totals, { failed: failures, trials: failures + well });
  // What has run here for long says nothing about how tasks start here now; elsewhere it shows that the application works.
  const trials = failures + recentlyWell(cell.counts);
  const elsewhere = {
    trials,
    failedElsewhere: others.failed,
    trialsElsewhere: others.trials,
    hostsElsewhere: others.hosts,
  };
  if (others.hosts === 0) return { cell, failures, ...elsewhere, kind: 'alone', chance: 1 };
  if (others.shares / others.hosts > MAX_SHARE_ELSEWHERE)
    return { cell, failures, ...elsewhere, kind: 'fails', chance: 1 };
  const chance = fisherTail(failures, trials, others.failed, others.trials);
  return { cell, failures, ...elsewhere, kind: 'works', chance };
}

/**
 * One instance that fails again and again and went well nowhere may be broken itself (one bad input of many): all its
 * failures here count as one, where the application has other instances.
 */
function countingFailures({ counts, instances }: Cell, { wentWell, hasOthers }: Totals): number {
  let failures = counts.failed;
  if (!hasOthers) return failures;
  for (const [instance, { counts: ofInstance }] of instances)
    if (instance !== '' && ofInstance.failed > 1 && !wentWell.has(instance)) failures -= ofInstance.failed - 1;
  return failures;
}

/** Most applications give all their tasks one name. */
function isUnnamed(instances: Cell['instances']): boolean {
  return instances.size === 1 && instances.has('');
}

type Trials = Pick<Sums, 'failed' | 'trials'>;

function add(sums: Sums, { failed, trials }: Trials): void {
  if (trials === 0) return;
  sums.failed += failed;
  sums.trials += trials;
  sums.hosts++;
  sums.shares += failed / trials;
}

function minus(sums: Sums, { failed, trials }: Trials): Sums {
  if (trials === 0) return sums;
  return {
    failed: sums.failed - failed,
    trials: sums.trials - trials,
    hosts: sums.hosts - 1,
    shares: sums.shares - failed / trials,
  };
}
