/**
 * Where a case of a stream differs on purpose. Each rule says from the case itself, never from its name, which of its
 * outputs the line may explain, and what must hold of ours there; all the other outputs must be the same.
 */
import { doubleFields } from './clojure-core.ts';
import { same } from './compare.ts';
import type { Output, Run, Step, StreamCase } from './stream-case.ts';

type Event = Readonly<Record<string, unknown>>;

const LINES = {
  absent: 'docs/rules.md, "Differences from Riemann": "A comparison with an absent metric is false."',
  forgotten:
    'docs/rules.md, "Differences from Riemann": "`by` drops the children of a key once every event of the key has expired and none of their timers is pending."',
  coalesce:
    'docs/rules.md, "Differences from Riemann": "`coalesce` emits on its timer while it holds live events: each expired event once, as expired, never an empty list, sorted by host and service."',
  tests: 'docs/rules.md, "Differences from Riemann": "`ensureAllTestsPass` judges each host by its own tests."',
  numbers:
    'docs/rules.md, "Differences from Riemann": "There is one kind of number, a double: 1 and 1.0 are the same."',
};

/** @returns the line that says why ours differs, or undefined */
export function streamDifference(vector: StreamCase, run: Run, theirs: readonly Output[]): string | undefined {
  if (absentMetric(vector, run, theirs)) return LINES.absent;
  if (vector.form.includes('ensure-all-tests-pass'))
    return testsPass(vector, run.outputs, theirs) ? LINES.tests : undefined;
  if (/\(coalesce\b/.test(vector.form)) return coalesced(vector, run.outputs, theirs) ? LINES.coalesce : undefined;
  if (/\((?:[\w.]+\/)?(?:changed|changed-state|runs|stable|by|match)\b/.test(vector.form)) {
    const mixtureS = firstMixtureS(vector);
    if (Number.isFinite(mixtureS) && sameBefore(mixtureS, run.outputs, theirs)) return LINES.numbers;
  }
  const { forgottenAtS } = run;
  if (forgottenAtS !== undefined && sameBefore(forgottenAtS, run.outputs, theirs)) return LINES.forgotten;
  return undefined;
}

/** The original threw at an event without a metric, where ours compared nothing with a number. All else is the same. */
function absentMetric({ steps, returned = [] }: StreamCase, run: Run, theirs: readonly Output[]): boolean {
  const excused = new Set(
    theirs
      .filter(({ exception, step }) => exception === 'NullPointerException' && lacksMetric(steps[step], run, step))
      .map(({ step }) => step),
  );
  if (excused.size === 0) return false;
  const rest = (outputs: readonly Output[]) =>
    outputs.filter(({ step, phase }) => phase !== 'event' || !excused.has(step));
  const threw = run.outputs.some(({ step, exception }) => exception !== undefined && excused.has(step));
  return (
    !threw &&
    same(rest(run.outputs), rest(theirs)) &&
    returned.every((one, at) => excused.has(at) || one === run.returned[at])
  );
}

function lacksMetric(step: Step | undefined, run: Run, at: number): boolean {
  return run.absentCompared.has(at) || (step?.event !== undefined && step.event['metric'] === undefined);
}

function sameBefore(timeS: number, ours: readonly Output[], theirs: readonly Output[]): boolean {
  const before = (outputs: readonly Output[]) => outputs.filter(({ at }) => at < timeS);
  return same(before(ours), before(theirs));
}

/** When first a number came as integer and as double, among the events and in the form; Infinity: never. */
function firstMixtureS({ form, steps }: StreamCase): number {
  const [integers, doubles] = [new Set<number>(), new Set<number>()];
  for (const [text, fraction] of form.matchAll(/(?<![\w."])-?\d+(\.0+)?(?![\w."])/g))
    (fraction ? doubles : integers).add(Number(text));
  let nowS = 0;
  for (const { at, event } of steps) {
    nowS = at ?? nowS;
    for (const [field, value] of Object.entries(event ?? {}))
      if (field !== 'time' && typeof value === 'number' && Number.isInteger(value))
        (doubleFields.get(event as object)?.has(field) ? doubles : integers).add(value);
    if ([...doubles].some((value) => integers.has(value))) return nowS;
  }
  return Number.POSITIVE_INFINITY;
}

/** What was fed before an output, oldest first; an event at the output's own step counts when that fed it. */
function fedBefore({ steps }: StreamCase, { step, phase }: Output): Event[] {
  return steps.slice(0, phase === 'event' ? step + 1 : step).flatMap(({ event }) => (event ? [event] : []));
}

const keyOf = (event: Event) => JSON.stringify([event['host'], event['service']]);

function isLive(event: Event, nowS: number): boolean {
  const { state, time, ttl = 60 } = event;
  return state !== 'expired' && (typeof time !== 'number' || nowS - time <= Number(ttl));
}

/** When the first event expires, by word or by age, that coalesce has been given; Infinity: none does. */
function firstExpiry({ steps }: StreamCase): number {
  let first = Number.POSITIVE_INFINITY;
  const until = new Map<string, number>();
  let nowS = 0;
  for (const { at, event } of steps) {
    nowS = at ?? nowS;
    for (const endS of until.values()) if (endS < nowS) first = Math.min(first, endS);
    if (!event) continue;
    const { time, ttl = 60 } = event;
    if (event['state'] === 'expired' || !isLive(event, nowS)) first = Math.min(first, nowS);
    until.set(keyOf(event), typeof time === 'number' ? time + Number(ttl) : Number.POSITIVE_INFINITY);
  }
  return first;
}

/** Until something expires ours is the original's; from then on each list holds what ours promises. */
function coalesced(vector: StreamCase, ours: readonly Output[], theirs: readonly Output[]): boolean {
  if (!sameBefore(firstExpiry(vector), ours, theirs)) return false;
  const single = (outputs: readonly Output[]) => outputs.filter(({ value }) => !Array.isArray(value));
  if (!same(single(ours), single(theirs))) return false;
  const toldExpired = new Map<string, Event>();
  return ours.every((output) => {
    if (!Array.isArray(output.value)) return true;
    const list = output.value as Event[];
    const fed = fedBefore(vector, output);
    const newest = new Map(fed.map((event) => [keyOf(event), event]));
    const newestAlive = new Map(fed.filter(({ state }) => state !== 'expired').map((event) => [keyOf(event), event]));
    const fits = (event: Event) => {
      const key = keyOf(event);
      if (event['state'] !== 'expired') return isLive(event, output.at) && same(event, newestAlive.get(key));
      const last = newest.get(key);
      if (last === undefined || toldExpired.get(key) === last) return false;
      toldExpired.set(key, last);
      return !isLive(last, output.at);
    };
    const hosts = new Set(list.map(({ host }) => host));
    const missing = [...newest.values()].filter(
      (event) =>
        isLive(event, output.at) &&
        (!vector.form.includes('(by ') || hosts.has(event['host'])) &&
        !list.some((one) => keyOf(one) === keyOf(event)),
    );
    return list.length > 0 && list.every(fits) && missing.length === 0;
  });
}

/**
 * Until an event expires, or a second host comes that the original would not look at, ours is the original's; from
 * then on a host is turned on only while its newest events that live are fit, and off only while they are not.
 */
function testsPass(vector: StreamCase, ours: readonly Output[], theirs: readonly Output[]): boolean {
  if (!sameBefore(Math.min(firstExpiry(vector), secondHost(vector)), ours, theirs)) return false;
  return ours.every((output) => {
    const { call, host } = output.value as { call?: string; host?: string };
    const tests = fedBefore(vector, output).filter((event) => event['host'] === host);
    const newest = [...new Map(tests.map((event) => [keyOf(event), event])).values()];
    const alive = newest.filter((event) => isLive(event, output.at));
    const unfit = alive.some(({ state }) => !['ok', 'warning', 'warn'].includes(String(state)));
    return newest.length > 0 && call === (alive.length > 0 && !unfit ? 'on-host' : 'off-host');
  });
}

function secondHost({ steps }: StreamCase): number {
  let nowS = 0;
  let first: unknown;
  for (const { at, event } of steps) {
    nowS = at ?? nowS;
    if (!event) continue;
    first ??= event['host'];
    if (event['host'] !== first) return nowS;
  }
  return Number.POSITIVE_INFINITY;
}
