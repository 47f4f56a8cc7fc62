/**
 * The tasks of the last while, counted by host, application and instance. A change of a task costs O(1): it is counted
 * in the slice of time it falls into, and taken off again when that slice leaves the window.
 * Seconds are of any clock that does not jump back.
 */

import { finish, interruptibly, type LongWork } from '../../../shared/cooperative.ts';
import type { Attribution } from './application.ts';
import { addCounts, type Cell, type Counts, isNothing, noCounts, type WindowCounts } from './counts.ts';
import type { TaskOutcome } from './task-outcome.ts';

/** One change of a task. */
export interface TaskStep extends Attribution {
  /** Unique in the cluster. */
  readonly task: string;
  readonly host: string;
  readonly outcome: TaskOutcome;
  /** When it began, if that is known: a task may be reported first when it ended. */
  readonly begunS: number;
  readonly atS: number;
}

/** A task that runs for so long has begun well, until it fails after all. */
export const SETTLED_S = 60;

/** The window goes on in steps of this share of it. */
const SLICES = 20;
const MAX_LEAVES = 200_000;
const MAX_LIVE = 200_000;
/** What leaves the window is taken off at so much a step, and the rest when time passes. */
const DROPPED_A_STEP = 4;

interface Leaf {
  readonly instance: string;
  readonly cell: MutableCell;
  readonly counts: Counts;
  /** Tasks of it that have not ended. */
  live: number;
}

interface MutableCell extends Cell {
  readonly counts: Counts;
  readonly ofHost: MutableGroup;
  readonly ofApplication: MutableGroup;
  readonly instances: Map<string, Leaf>;
}

interface MutableGroup {
  readonly counts: Counts;
  readonly cells: Map<string, MutableCell>;
}

interface Slice {
  readonly number: number;
  readonly counts: Map<Leaf, Counts>;
}

/** A task that has not ended, whenever it began. */
interface Live {
  readonly leaf: Leaf;
  runningS: number | undefined;
  settled: boolean;
}

export class TaskWindow implements WindowCounts {
  readonly hosts = new Map<string, MutableGroup>();
  readonly applications = new Map<string, MutableGroup>();
  readonly #sliceS: number;
  /** By number, oldest first. */
  #slices: Slice[] = [];
  /** Taken off now: slices that have left the window. */
  #dropping: LongWork = nothing();
  readonly #expired: Slice[] = [];
  readonly #live = new Map<string, Live>();
  /** Those that run and have not settled. */
  readonly #unsettled = new Set<Live>();
  #leaves = 0;
  #nowS = Number.NEGATIVE_INFINITY;

  constructor(windowS: number) {
    this.#sliceS = windowS / SLICES;
  }

  take(step: TaskStep): void {
    const { task, outcome, atS } = step;
    if (outcome === 'unsure') return;
    if (atS > this.#nowS) this.#roll(atS);
    for (let left = DROPPED_A_STEP; left > 0 && !this.#dropSome(); left--);
    const live = this.#live.get(task) ?? this.#begin(step);
    if (outcome === 'begun') return;
    if (outcome === 'running') {
      if (!live || live.runningS !== undefined) return;
      live.runningS = atS;
      this.#unsettled.add(live);
      return;
    }
    const leaf = live?.leaf ?? this.#leafOf(step);
    if (outcome !== 'ended' && this.#isWithin(atS)) this.#count(leaf, this.#sliceAt(atS), outcome, 1);
    if (live) this.#end(task, live);
    else this.#clear(leaf);
  }

  /** Whether what happened then can still count at `nowS`. */
  reaches(atS: number, nowS: number): boolean {
    return this.#numberOf(atS) >= this.#numberOf(nowS) - SLICES;
  }

  /** Whether a task that has not ended is known under that name. */
  isLive(task: string): boolean {
    return this.#live.has(task);
  }

  advance(nowS: number): void {
    finish(this.advancing(nowS));
  }

  /** Time passes: what is too old is forgotten, and who has run for long enough has settled. */
  *advancing(nowS: number): LongWork {
    if (nowS < this.#nowS) return;
    this.#roll(nowS);
    while (!this.#dropSome()) yield;
    yield* interruptibly(this.#unsettled, (live) => {
      if (nowS - (live.runningS ?? nowS) < SETTLED_S) return;
      this.#unsettled.delete(live);
      this.#settle(live, true);
    });
  }

  /** Nothing begins or ends any more; some may still run. */
  get isQuiet(): boolean {
    return this.#slices.length === 0;
  }

  /** Tasks that went away without having ended are forgotten. */
  *keepOnly(isKnown: (task: string) => boolean): LongWork {
    yield* interruptibly(this.#live, ([task, live]) => {
      if (!isKnown(task)) this.#end(task, live);
    });
  }

  #roll(nowS: number): void {
    this.#nowS = nowS;
    const oldest = this.#numberOf(nowS) - SLICES;
    while (this.#slices[0] && this.#slices[0].number < oldest) this.#expired.push(...this.#slices.splice(0, 1));
  }

  /** @returns whether nothing is left that has left the window */
  #dropSome(): boolean {
    if (!this.#dropping.next().done) return false;
    const slice = this.#expired.shift();
    if (!slice) return true;
    this.#dropping = interruptibly(slice.counts, ([leaf, counts]) => this.#drop(leaf, counts), 8);
    return false;
  }

  /** undefined: there is no more room. */
  #begin(step: TaskStep): Live | undefined {
    if (this.#live.size >= MAX_LIVE) return undefined;
    const leaf = this.#leafOf(step);
    if (this.#isWithin(step.begunS)) this.#count(leaf, this.#sliceAt(step.begunS), 'started', 1);
    const live: Live = { leaf, runningS: undefined, settled: false };
    leaf.live++;
    this.#live.set(step.task, live);
    return live;
  }

  #end(task: string, live: Live): void {
    this.#live.delete(task);
    this.#unsettled.delete(live);
    this.#settle(live, false);
    live.leaf.live--;
    this.#clear(live.leaf);
  }

  #settle(live: Live, settled: boolean): void {
    if (live.settled === settled) return;
    live.settled = settled;
    for (const total of totalsOf(live.leaf)) total.settled += settled ? 1 : -1;
  }

  #drop(leaf: Leaf, counts: Counts): void {
    for (const total of totalsOf(leaf)) addCounts(total, counts, -1);
    this.#clear(leaf);
  }

  #count(leaf: Leaf, slice: Slice, what: keyof Counts, by: 1 | -1): void {
    const counts = slice.counts.get(leaf) ?? noCounts();
    slice.counts.set(leaf, counts);
    counts[what] += by;
    for (const total of totalsOf(leaf)) total[what] += by;
  }

  #leafOf({ host, application, instance }: TaskStep): Leaf {
    const cell = this.hosts.get(host)?.cells.get(application) ?? this.#cellOf(host, application);
    const name = this.#leaves < MAX_LEAVES ? instance : '';
    const known = cell.instances.get(name);
    if (known) return known;
    const leaf: Leaf = { instance: name, cell, counts: noCounts(), live: 0 };
    cell.instances.set(name, leaf);
    this.#leaves++;
    return leaf;
  }

  #cellOf(host: string, application: string): MutableCell {
    const ofHost = groupOf(this.hosts, host);
    const ofApplication = groupOf(this.applications, application);
    const cell = { host, application, counts: noCounts(), instances: new Map(), ofHost, ofApplication };
    ofHost.cells.set(application, cell);
    ofApplication.cells.set(host, cell);
    return cell;
  }

  #clear({ instance, cell, counts, live }: Leaf): void {
    if (live > 0 || !isNothing(counts) || !cell.instances.delete(instance)) return;
    this.#leaves--;
    if (cell.instances.size > 0) return;
    remove(this.hosts, cell.host, cell.application);
    remove(this.applications, cell.application, cell.host);
  }

  #sliceAt(atS: number): Slice {
    const number = Math.max(this.#numberOf(atS), this.#numberOf(this.#nowS) - SLICES);
    let at = this.#slices.length;
    while (at > 0 && (this.#slices[at - 1]?.number ?? 0) > number) at--;
    const known = this.#slices[at - 1];
    if (known?.number === number) return known;
    const slice: Slice = { number, counts: new Map() };
    this.#slices.splice(at, 0, slice);
    return slice;
  }

  #numberOf(atS: number): number {
    return Math.floor(atS / this.#sliceS);
  }

  #isWithin(atS: number): boolean {
    return this.reaches(atS, this.#nowS);
  }
}

function* nothing(): LongWork {}

/** Everything in which the leaf is counted. */
function totalsOf({ counts, cell }: Leaf): readonly Counts[] {
  return [counts, cell.counts, cell.ofHost.counts, cell.ofApplication.counts];
}

function groupOf(groups: Map<string, MutableGroup>, key: string): MutableGroup {
  const group = groups.get(key) ?? { counts: noCounts(), cells: new Map<string, MutableCell>() };
  groups.set(key, group);
  return group;
}

function remove(groups: Map<string, MutableGroup>, key: string, cell: string): void {
  const cells = groups.get(key)?.cells;
  if (cells?.delete(cell) && cells.size === 0) groups.delete(key);
}
