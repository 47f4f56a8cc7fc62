/**
 * What the figures of `/metrics/snapshot` have been, for charts: an hour by 10 s, a day by the minute, a week by
 * 10 minutes; of each step the mean. In memory, kept in one file of `data-dir`. Bounded: 22 KB a figure, 256 figures.
 */

/** Seconds between two points, and how many points there are at most; finest first. */
export const LEVELS = [
  { stepS: 10, points: 360 },
  { stepS: 60, points: 1_440 },
  { stepS: 600, points: 1_008 },
] as const;

export const MAX_FIGURES = 256;

export interface Series {
  readonly name: string;
  /** Seconds between two points. */
  readonly step: number;
  /** Unix seconds of the beginning of the step, and the mean in it; steps without a value are left out. */
  readonly points: readonly (readonly [number, number])[];
}

export class FigureHistory {
  readonly #rings = new Map<string, readonly Ring[]>();

  names(): readonly string[] {
    return [...this.#rings.keys()].sort();
  }

  /**
   * A figure beyond the bound takes the place of the one that has been unused for the longest time; where all are in use
   * it has no history.
   * @param timeS unix seconds
   */
  record(timeS: number, figures: Readonly<Record<string, number>>): void {
    const unused = this.#unused(figures);
    for (const [name, value] of Object.entries(figures)) {
      if (!Number.isFinite(value)) continue;
      const rings = this.#rings.get(name) ?? this.#begin(name, unused);
      for (const ring of rings ?? []) ring.add(timeS, value);
    }
  }

  #begin(name: string, unused: string[]): readonly Ring[] | undefined {
    if (this.#rings.size >= MAX_FIGURES) {
      const oldest = unused.shift();
      if (oldest === undefined) return undefined;
      this.#rings.delete(oldest);
    }
    const rings = LEVELS.map(({ stepS, points }) => new Ring(stepS, points));
    this.#rings.set(name, rings);
    return rings;
  }

  /** The figures that are not there now, the one that has been away for the longest time first. */
  #unused(figures: Readonly<Record<string, number>>): string[] {
    const lastOf = (rings: readonly Ring[]) => rings[0]?.newest ?? 0;
    return [...this.#rings]
      .filter(([name]) => !Object.hasOwn(figures, name))
      .sort(([, a], [, b]) => lastOf(a) - lastOf(b))
      .map(([name]) => name);
  }

  /**
   * In the finest steps that reach back to `sinceS`.
   * @returns undefined: no such figure
   */
  series(name: string, sinceS: number, nowS: number): Series | undefined {
    const rings = this.#rings.get(name);
    const ring = rings?.find(({ stepS, points }) => nowS - sinceS <= stepS * points) ?? rings?.at(-1);
    return ring && { name, step: ring.stepS, points: ring.since(sinceS) };
  }

  /** A line of JSON that says what follows, then the values of all rings as doubles in the order of this machine. */
  save(): Buffer {
    const figures = [...this.#rings].map(([name, rings]) => ({ name, newest: rings.map(({ newest }) => newest) }));
    const head = Buffer.from(`${JSON.stringify({ version: VERSION, levels: LEVELS, figures })}\n`);
    return Buffer.concat([head, ...[...this.#rings.values()].flatMap((rings) => rings.map((ring) => ring.save()))]);
  }

  /**
   * Takes what {@link save} gave, in the place of everything.
   * @throws Error that says what is wrong with it; nothing is taken then
   */
  load(saved: Buffer): void {
    const end = saved.indexOf('\n');
    const figures = headOf(saved.subarray(0, Math.max(end, 0)).toString('utf8'));
    const bytesEach = LEVELS.reduce((sum, { points }) => sum + points * 8, 0);
    const expected = end + 1 + figures.length * bytesEach;
    if (saved.length !== expected) throw new Error(`it has ${saved.length} bytes instead of ${expected}`);
    this.#rings.clear();
    let at = end + 1;
    for (const { name, newest } of figures) {
      const rings = LEVELS.map(({ stepS, points }, level) => {
        const ring = new Ring(stepS, points);
        ring.load(newest[level] ?? null, saved.subarray(at, at + points * 8));
        at += points * 8;
        return ring;
      });
      this.#rings.set(name, rings);
    }
  }
}

const VERSION = 1;

interface SavedFigure {
  readonly name: string;
  readonly newest: readonly (number | null)[];
}

function headOf(text: string): readonly SavedFigure[] {
  const head: unknown = JSON.parse(text);
  const { version, levels, figures } = head as Readonly<Record<string, unknown>>;
  if (version !== VERSION || JSON.stringify(levels) !== JSON.stringify(LEVELS))
    throw new Error('it is of another version');
  if (!Array.isArray(figures) || figures.length > MAX_FIGURES) throw new Error('it has no list of figures');
  return figures.map((figure: unknown) => {
    const { name, newest } = figure as Readonly<Record<string, unknown>>;
    const fits = (slot: unknown) => slot === null || Number.isSafeInteger(slot);
    if (typeof name !== 'string' || !Array.isArray(newest) || !newest.every(fits))
      throw new Error('a figure is broken');
    return { name, newest: newest as readonly (number | null)[] };
  });
}

/** The most recent steps of one figure. A step without a value is NaN. */
class Ring {
  readonly stepS: number;
  readonly points: number;
  readonly #values: Float64Array;
  /** Number of the step that is being filled, counted from 1970; null: none yet. */
  #newest: number | null = null;
  /** How many values went into it. */
  #count = 0;

  constructor(stepS: number, points: number) {
    this.stepS = stepS;
    this.points = points;
    this.#values = new Float64Array(points).fill(Number.NaN);
  }

  get newest(): number | null {
    return this.#newest;
  }

  add(timeS: number, value: number): void {
    const step = Math.floor(timeS / this.stepS);
    this.#moveTo(step);
    const at = this.#place(step);
    const mean =
      this.#count === 0 ? value : (this.#values[at] ?? 0) + (value - (this.#values[at] ?? 0)) / (this.#count + 1);
    this.#values[at] = mean;
    this.#count++;
  }

  since(sinceS: number): (readonly [number, number])[] {
    if (this.#newest === null) return [];
    const found: (readonly [number, number])[] = [];
    const first = Math.max(this.#newest - this.points + 1, Math.floor(sinceS / this.stepS));
    for (let step = first; step <= this.#newest; step++) {
      const value = this.#values[this.#place(step)];
      if (value !== undefined && !Number.isNaN(value)) found.push([step * this.stepS, value]);
    }
    return found;
  }

  save(): Buffer {
    return Buffer.from(this.#values.buffer);
  }

  load(newest: number | null, bytes: Buffer): void {
    Buffer.from(this.#values.buffer).set(bytes);
    this.#newest = newest;
    // The stored mean counts as one value.
    this.#count = newest === null || Number.isNaN(this.#values[this.#place(newest)] ?? Number.NaN) ? 0 : 1;
  }

  /** Steps that were left out are empty. After a step back of the clock what lies ahead was of a wrong time. */
  #moveTo(step: number): void {
    if (this.#newest === step) return;
    if (this.#newest === null) this.#newest = step - 1;
    const ahead = step > this.#newest;
    const count = Math.min(this.points, Math.abs(step - this.#newest));
    const first = ahead ? step - count + 1 : this.#newest - count + 1;
    for (let empty = first; empty < first + count; empty++) this.#values[this.#place(empty)] = Number.NaN;
    this.#newest = step;
    const there = this.#values[this.#place(step)] ?? Number.NaN;
    this.#count = Number.isNaN(there) ? 0 : 1;
  }

  #place(step: number): number {
    return ((step % this.points) + this.points) % this.points;
  }
}
