/** Runs a case of kind "stream": the clock from 0, step by step, and what came out where and when. */

import { createStreams } from '../../satellite-master/streams/index.ts';
import { ensureAllTestsPass } from '../../satellite-master/streams/recipes.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { absentComparisons, callable, truthy } from './clojure-core.ts';
import { same, shownValue } from './compare.ts';
import { readForm, UnknownForm } from './edn.ts';
import { streamDifference } from './stream-differences.ts';
import { type Findings, streamOf } from './stream-forms.ts';
import { different, type Outcome, onPurpose, SAME } from './vector-file.ts';

export interface Step {
  readonly at?: number;
  readonly event?: Readonly<Record<string, unknown>>;
  readonly events?: readonly Readonly<Record<string, unknown>>[];
}

export interface Output {
  readonly step: number;
  readonly phase: string;
  readonly at: number;
  readonly out?: number;
  readonly value?: unknown;
  readonly exception?: string;
}

export interface StreamCase {
  readonly form: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly order?: string;
  readonly steps: readonly Step[];
  readonly outputs: readonly Output[];
  readonly returned?: readonly unknown[];
}

export interface Run extends Findings {
  readonly outputs: readonly Output[];
  readonly returned: readonly unknown[];
  /** Steps in which a number that is absent was compared. */
  readonly absentCompared: ReadonlySet<number>;
}

/** The original's shipped thresholds, which the forms call `settings`. */
const SETTINGS = { started: 0.75, finished: 3 };

export function runStreamCase(vector: StreamCase): Outcome {
  let run: Run;
  try {
    run = runSteps(vector);
  } catch (error) {
    if (error instanceof UnknownForm) return different(`unknown form: ${error.message}`);
    return different(`${vector.form}: ${String(error)}`);
  }
  const theirs = sorted(vector, vector.outputs);
  const ours = sorted(vector, run.outputs).map((output, at) => withTheirException(output, theirs[at]));
  const returned = !vector.returned || vector.returned.every((one, at) => one === run.returned[at]);
  if (same(ours, theirs) && returned) return SAME;
  const line = streamDifference(vector, { ...run, outputs: ours }, theirs);
  if (line) return onPurpose(line);
  const at = [...ours, undefined].findIndex((one, n) => !same(one, theirs[n]));
  if (at < 0 || (at >= ours.length && at >= theirs.length))
    return different(`returned ${shownValue(run.returned)}, not ${shownValue(vector.returned)}`);
  return different(`output ${at}: ${shownValue(ours[at])}, not ${shownValue(theirs[at])}`);
}

function runSteps(vector: StreamCase): Run {
  const clock = new ManualClock();
  const nowS = () => clock.wallMs() / 1000;
  const findings: Findings = { forgottenAtS: undefined };
  const outputs: Output[] = [];
  const returned: unknown[] = [];
  const absentCompared = new Set<number>();
  let step = 0;
  let phase = 'event';
  // A child that throws is isolated and logged; what the form cannot say must not be lost with it.
  const fault = (_: string, error: unknown) => {
    if (error instanceof UnknownForm) throw error;
  };
  const out = (child: number) => (value: unknown) => {
    outputs.push({ step, phase, at: nowS(), out: child, value });
    return true;
  };
  const names: Record<string, unknown> = { out: out(1), out1: out(1), out2: out(2), out3: out(3), settings: SETTINGS };
  const streams = createStreams({ clock, fault });
  const interned = new Map<string, unknown>();
  const call = (name: string) => (host: string) => callable(interned.get(name))(host);
  names['ensure-all-tests-pass'] = ensureAllTestsPass({ onHost: call('on-host'), offHost: call('off-host') });
  const surroundings = { streams, nowS, findings, interned, names: { ...vector.args, ...names } };
  const stream = streamOf(readForm(vector.form), surroundings) as (item: unknown) => unknown;
  for (const [at, { at: clockS, event, events }] of vector.steps.entries()) {
    step = at;
    phase = 'advance';
    // What is due at the very moment runs when the clock next moves.
    const moveMs = Math.round((clockS ?? 0) * 1e6) / 1000 - clock.monoMs();
    if (moveMs > 0) clock.advance(moveMs);
    phase = 'event';
    const item = event ?? events;
    if (item === undefined) continue;
    const comparedBefore = absentComparisons.count;
    try {
      returned.push(truthy(stream(item)));
    } catch (error) {
      if (error instanceof UnknownForm) throw error;
      outputs.push({ step, phase, at: nowS(), exception: javaName(error) });
      returned.push('exception');
    }
    if (absentComparisons.count > comparedBefore) absentCompared.add(step);
  }
  return { outputs, returned, absentCompared, ...findings };
}

/** What ours throws, by the name of what the original threw in its place. */
function javaName(error: unknown): string {
  if (error instanceof TypeError) return 'NullPointerException';
  if (error instanceof RangeError) return 'ArithmeticException';
  return error instanceof Error ? error.name : String(error);
}

/** An error of JavaScript has no Java class: that ours throws where the original threw is what counts. */
function withTheirException(output: Output, theirs: Output | undefined): Output {
  const isJava = output.exception === undefined || output.exception.endsWith('Exception');
  return isJava || theirs?.exception === undefined ? output : { ...output, exception: theirs.exception };
}

/** Where the original's order was that of a hash, its file was sorted by host, service and time. */
function sorted({ order = 'as emitted' }: StreamCase, outputs: readonly Output[]): readonly Output[] {
  if (order === 'as emitted') return outputs;
  return outputs.map((output) =>
    Array.isArray(output.value) ? { ...output, value: output.value.toSorted(byHostServiceTime) } : output,
  );
}

function byHostServiceTime(a: Record<string, unknown> | null, b: Record<string, unknown> | null): number {
  for (const field of ['host', 'service', 'time']) {
    const [x, y] = [a?.[field] ?? '', b?.[field] ?? ''] as [string | number, string | number];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
