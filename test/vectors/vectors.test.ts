/** What a real Riemann and the original gave, beside ours; and forms that no file of ours has yet. */
import { describe, expect, test } from 'vitest';
import { runCase } from './kinds.ts';
import { reportOn, vectorFiles } from './run.ts';
import { runStreamCase, type StreamCase } from './stream-case.ts';

describe('beside the original', () => {
  test.each(vectorFiles('test/fixtures/riemann-vectors'))('%s', async (path) => {
    const { total, passed, onPurpose, problems } = await reportOn(path);
    expect(problems).toEqual([]);
    expect(total).toBeGreaterThan(0);
    expect(passed + [...onPurpose.values()].reduce((sum, count) => sum + count, 0)).toBe(total);
  });
});

type Event = Readonly<Record<string, unknown>>;

/** One event a step, all at 0 and synchronous: what went to which child. */
function vectorOf(form: string, events: readonly Event[], outputs: readonly (readonly [number, number, unknown])[]) {
  return {
    form,
    steps: events.map((event) => ({ at: 0, event })),
    outputs: outputs.map(([step, out, value]) => ({ step, phase: 'event', at: 0, out, value })),
  } satisfies StreamCase;
}

describe('forms that no file has', () => {
  const one = { host: 'a', service: 's', metric: 1 };
  const two = { host: 'b', service: 't', metric: 2, tags: ['x', 'y'], state: 'ok' };

  test.each<[string, Event[], [number, number, unknown][]]>([
    ['(untag "x" out)', [two], [[0, 1, { ...two, tags: ['y'] }]]],
    ['(not-expired out)', [one, { state: 'expired' }], [[0, 1, one]]],
    [
      '(where (not (tagged "x")) out (else out2))',
      [one, two],
      [
        [0, 1, one],
        [1, 2, two],
      ],
    ],
    ['(where (and (host "a") (not (service #"t"))) out)', [one, two], [[0, 1, one]]],
    ['(where (= service (:service event)) out)', [one], [[0, 1, one]]],
    [
      '(where (service "s" "t") out)',
      [one, two],
      [
        [0, 1, one],
        [1, 1, two],
      ],
    ],
    ['(where (metric #{1 3}) out)', [one, two], [[0, 1, one]]],
    ['(where (if (> (or metric 0) 1) (state "ok") false) out)', [one, two], [[1, 1, two]]],
    ['(where* #(= 1 (:metric %)) out)', [one, two], [[0, 1, one]]],
    ['(riemann.streams/where (state nil) out)', [one, two], [[0, 1, one]]],
    [
      '(split (host "a") out out2)',
      [one, two],
      [
        [0, 1, one],
        [1, 2, two],
      ],
    ],
    ['(with {:state "x" :metric nil} out)', [one], [[0, 1, { host: 'a', service: 's', state: 'x' }]]],
    ['(adjust [:metric + 1] out)', [one], [[0, 1, { ...one, metric: 2 }]]],
    ['(adjust #(assoc % :host "z") out)', [one], [[0, 1, { ...one, host: 'z' }]]],
    ['(match :host (fn [h] (= h "b")) out)', [one, two], [[1, 1, two]]],
    [
      '(pipe - (where (metric 1) (with :state "one" -) (else -)) out)',
      [one, two],
      [
        [0, 1, { ...one, state: 'one' }],
        [1, 1, two],
      ],
    ],
    [
      '(sreduce (fn [n e] (+ n (:metric e))) 10 out)',
      [one, two],
      [
        [0, 1, 11],
        [1, 1, 13],
      ],
    ],
    [
      '(smap (comp inc :metric) out)',
      [one, two],
      [
        [0, 1, 2],
        [1, 1, 3],
      ],
    ],
    ['(smap :state out)', [one, two], [[1, 1, 'ok']]],
    [
      '(smapcat (fn [e] [(:host e) (:service e)]) out)',
      [one],
      [
        [0, 1, 'a'],
        [0, 1, 's'],
      ],
    ],
    ['(let [f (fn [{:keys [host metric]}] (str host "-" metric))] (smap f out))', [one], [[0, 1, 'a-1']]],
    [
      '(smap (fn [e] (-> e (assoc :x 1) (update-in [:metric] * 3) (dissoc :service))) out)',
      [one],
      [[0, 1, { host: 'a', metric: 3, x: 1 }]],
    ],
    [
      '(by [(fn [e] (even? (:metric e)))] (changed :service out))',
      [one, one, two],
      [
        [0, 1, one],
        [2, 1, two],
      ],
    ],
    ['(by :host (by [:service] (runs 2 :host out)))', [one, two, one], [[2, 1, one]]],
    ['(changed-state {:init "ok"} out)', [two, { ...two, state: 'bad' }], [[1, 1, { ...two, state: 'bad' }]]],
    ['(project* [#(= "a" (:host %)) :state] out)', [one], [[0, 1, [one, undefined]]]],
    [
      '(stream out out2)',
      [one],
      [
        [0, 1, one],
        [0, 2, one],
      ],
    ],
    ['(do out2 out)', [one], [[0, 1, one]]],
  ])('%s', (form, events, outputs) => {
    expect(runStreamCase(vectorOf(form, events, outputs))).toEqual({ kind: 'same' });
  });

  test.each([
    ['(no-such-stream out)', 'unknown form: no no-such-stream'],
    ['(where (service "a") (frobnicate out))', 'unknown form: no frobnicate'],
    ['(where (frobnicate metric) out)', 'unknown form: no frobnicate'],
    ['(by :host (frobnicate out))', 'unknown form: no frobnicate'],
    ['(where (service "a") out', 'unknown form: no )'],
  ])('%s is no case that passes', (form, problem) => {
    expect(runStreamCase(vectorOf(form, [one], []))).toEqual({ kind: 'different', problem });
  });

  test('nor is an unknown kind or function', async () => {
    const file = { kind: 'prophecy', notes: '', cases: [] };
    expect(await runCase(file, {})).toEqual({ kind: 'different', problem: 'unknown kind: prophecy' });
    const outcome = await runCase({ ...file, kind: 'function' }, { function: 'x/guess', args: [] });
    expect(outcome).toEqual({ kind: 'different', problem: 'unknown function: guess' });
  });
});

describe('a difference on purpose is one only where its line can explain it', () => {
  test('what came out before anything expired must be the same', () => {
    const steps = [{ at: 0, event: { host: 'a', service: 's', time: 0 } }, { at: 3 }];
    const outputs = [{ step: 1, phase: 'advance', at: 0, out: 1, value: [] }];
    expect(runStreamCase({ form: '(coalesce 2 out)', steps, outputs }).kind).toBe('different');
  });

  test('a metric that is there is no reason for not throwing', () => {
    const steps = [{ at: 0, event: { metric: 1 } }];
    const outputs = [{ step: 0, phase: 'event', at: 0, exception: 'NullPointerException' }];
    expect(runStreamCase({ form: '(where (> metric 0) out)', steps, outputs }).kind).toBe('different');
  });
});
