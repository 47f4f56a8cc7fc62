/**
 * Counters of a Mesos master made into what was counted while Satellite watched, and into rates. A Mesos master counts
 * from nothing when it starts, and only while it leads, so a step that spans a restart or a change of leader tells
 * nothing: it counts for 0, never for less and never for a leap. Pure.
 */

/** What one answer of a Mesos master said. */
export interface Reading {
  /** Which Mesos master it was: any name that identifies it. */
  readonly master: string;
  /** When it came, monotonic ms. */
  readonly atMs: number;
  /** Its `master/elected`: a master that does not lead counts nothing of the cluster. */
  readonly elected: boolean;
  /** Seconds since that Mesos master started; undefined if it does not report it. */
  readonly uptimeS: number | undefined;
  /** Those it has: older versions lack some. */
  readonly counters: Readonly<Record<string, number>>;
}

type Totals = Readonly<Record<string, number>>;

export interface Rates {
  readonly last: Reading | undefined;
  /** Counted since the first reading; never sinks. */
  readonly totals: Totals;
  /** Totals of the last minute and the newest before it, oldest first. */
  readonly past: readonly { readonly atMs: number; readonly totals: Totals }[];
}

export const noRates: Rates = { last: undefined, totals: {}, past: [] };

/** Rates are computed over this time span, if readings reach back so far. */
export const RATE_WINDOW_MS = 60_000;
/** No rate is given over a shorter time: one task in the first second is not sixty a minute. */
const MIN_SPAN_MS = 10_000;
/** Finer than this nothing is kept. */
const GRAIN_MS = 5_000;
/** An answer may be on its way so long that uptime seems to grow by other than the time between two answers. */
const UPTIME_SLACK_S = 4;

export function follow(rates: Rates, reading: Reading): Rates {
  const { last, totals: before } = rates;
  if (!reading.elected) return last?.master === reading.master ? { ...rates, last: reading } : rates;
  const continues = last !== undefined && !restarted(last, reading);
  const totals: Record<string, number> = { ...before };
  for (const [name, value] of Object.entries(reading.counters)) {
    const from = continues ? (last.counters[name] ?? value) : value;
    totals[name] = (before[name] ?? 0) + value - from;
  }
  // What one answer leaves out is compared with the last that had it.
  const counters = continues ? { ...last.counters, ...reading.counters } : reading.counters;
  return { last: { ...reading, counters }, totals, past: remember(rates.past, reading.atMs, totals) };
}

/**
 * Counted per minute, over the minute before the last reading; over a longer time where readings failed to come.
 * @returns undefined while there is nothing to compare, or where the counter is unknown
 */
export function perMinute({ totals, past }: Rates, name: string): number | undefined {
  const first = past[0];
  const newest = past.at(-1);
  const total = totals[name];
  if (!first || !newest || total === undefined || newest.atMs - first.atMs < MIN_SPAN_MS) return undefined;
  const from = past.findLast(({ atMs }) => newest.atMs - atMs >= RATE_WINDOW_MS) ?? first;
  return ((total - (from.totals[name] ?? total)) / (newest.atMs - from.atMs)) * 60_000;
}

/** Whether the two readings are of two lives of a master, or of two times of leading. */
function restarted(last: Reading, next: Reading): boolean {
  if (last.master !== next.master || last.elected !== next.elected) return true;
  if (last.uptimeS !== undefined && next.uptimeS !== undefined) {
    const grownS = next.uptimeS - last.uptimeS;
    const passedS = (next.atMs - last.atMs) / 1000;
    // One that has been up for longer than it can have is another one, behind the same address.
    if (grownS < 0 || Math.abs(grownS - passedS) > UPTIME_SLACK_S) return true;
  }
  return Object.entries(next.counters).some(([name, value]) => value < (last.counters[name] ?? 0));
}

/** The newest entry is always the last reading; between the others lies at least the grain. */
function remember(past: Rates['past'], atMs: number, totals: Totals): Rates['past'] {
  const settled = past.filter((entry, at) => at === 0 || entry.atMs - (past[at - 1]?.atMs ?? 0) >= GRAIN_MS);
  const base = settled.findLastIndex((entry) => atMs - entry.atMs >= RATE_WINDOW_MS);
  return [...settled.slice(Math.max(base, 0)), { atMs, totals }];
}
