/** Folds of the original Satellite, for rules that are carried over from it. */
import { fieldOf } from './item.ts';
import { nowS, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/** What a counter did over a list of events. */
export interface Difference extends StreamEvent {
  readonly metric: number;
  /** Seconds from the beginning to the end. */
  readonly interval: number;
  readonly 'event-count': number;
}

/**
 * The last event with its metric less the least of all: the counter may have been reset on the way. Where several are
 * the least, the latest of them is the beginning.
 * @throws TypeError without events, or where one has no metric or time
 */
export function differenceSinceBeginning(events: readonly StreamEvent[]): Difference {
  const end = events.at(-1);
  if (!end) throw new TypeError('differenceSinceBeginning: no events');
  let beginning = end;
  for (const event of events.toReversed()) {
    if (number(event, 'metric') < number(beginning, 'metric')) beginning = event;
  }
  return {
    ...end,
    metric: number(end, 'metric') - number(beginning, 'metric'),
    interval: number(end, 'time') - number(beginning, 'time'),
    'event-count': events.length,
  };
}

function number(event: StreamEvent, field: 'metric' | 'time'): number {
  const value = fieldOf(event, field);
  if (typeof value !== 'number') throw new TypeError(`differenceSinceBeginning: an event without ${field}`);
  return value;
}

/** Whether `a` is above nothing and more than `threshold` times `b`; false where either has no metric. */
export function exceedsThreshold(a: StreamEvent | undefined, b: StreamEvent | undefined, threshold: number): boolean {
  if (typeof a?.metric !== 'number' || typeof b?.metric !== 'number') return false;
  return a.metric > 0 && (b.metric === 0 || a.metric / b.metric > threshold);
}

export interface BlackholeThresholds {
  /** Failed tasks beside started ones. */
  readonly started: number;
  /** Failed tasks beside finished ones. */
  readonly finished: number;
}

/**
 * The original's verdict on one host out of its three counters: critical where both thresholds are exceeded. Without
 * the numbers of a least count or of other hosts it blames the innocent: prefer `blackHole`.
 */
export function foldBlackholeThresholds(context: StreamContext) {
  return ({ started: ofStarted, finished: ofFinished }: BlackholeThresholds) =>
    ([failed, started, finished]: readonly (StreamEvent | undefined)[]) => {
      const isBlackHole =
        exceedsThreshold(failed, started, ofStarted) && exceedsThreshold(failed, finished, ofFinished);
      return {
        ...(failed?.host === undefined ? {} : { host: failed.host }),
        service: 'task blackhole detected',
        state: isBlackHole ? 'critical' : 'ok',
        time: nowS(context),
        ...(failed?.ttl === undefined ? {} : { ttl: failed.ttl }),
        description: 'Whether the host represents a black hole for tasks.',
        ...counts({ failed, started, finished }),
      };
    };
}

function counts(counters: Readonly<Record<string, StreamEvent | undefined>>): Readonly<Record<string, number>> {
  const pairs = Object.entries(counters).flatMap(([name, event]) =>
    event?.metric === undefined ? [] : [[name, event.metric]],
  );
  return Object.fromEntries(pairs);
}

/** What a rule does with a host. */
export interface HostSwitch {
  readonly onHost: (host: string) => void;
  readonly offHost: (host: string) => void;
}

/**
 * Judges each host by its own tests among the events, such as `coalesce` gives them (docs/judgement.md, rules 1, 5): off where one
 * is critical or says an unknown word, or all have expired; on where all are fit; as it is where one is unknown. An event without a state is a figure and no test. The
 * original judged the first host alone, by the tests of all.
 * @example coalesce(60, ensureAllTestsPass({ onHost, offHost }))
 */
export function ensureAllTestsPass({ onHost, offHost }: HostSwitch): Stream<readonly StreamEvent[]> {
  return (events) => {
    const states = new Map<string, string[]>();
    for (const { host, state } of events) {
      if (host === undefined || state === undefined) continue;
      const known = states.get(host);
      if (known) known.push(state);
      else states.set(host, [state]);
    }
    for (const [host, heard] of states) {
      const verdict = verdictOn(heard);
      if (verdict === 'on') onHost(host);
      else if (verdict === 'off') offHost(host);
    }
  };
}

const FIT: ReadonlySet<string> = new Set(['ok', 'warning', 'warn']);

function verdictOn(states: readonly string[]): 'on' | 'off' | 'keep' {
  if (states.some((state) => !FIT.has(state) && state !== 'unknown' && state !== 'expired')) return 'off';
  if (states.every((state) => state === 'expired')) return 'off';
  return states.every((state) => FIT.has(state)) ? 'on' : 'keep';
}
