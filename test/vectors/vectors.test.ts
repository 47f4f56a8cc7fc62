/** What a real Riemann and the original gave, beside ours; and forms that no file of ours has yet. */
import { describe, expect, test } from 'vitest';
import { doubleFields } from './clojure-core.ts';
import { runCase } from './kinds.ts';
import { vectorFiles } from './run.ts';
import { runStreamCase, type StreamCase } from './stream-case.ts';
import { isOfSlave, wholeReportOn } from './whole-report.ts';

describe('beside the original', () => {
  const paths = vectorFiles('test/fixtures/riemann-vectors').filter((path) => !isOfSlave(path));
  test.each(paths)('%s', async (path) => expect(await wholeReportOn(path)).toEqual({ problems: [], missing: 0 }));
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

describe('held-out cases of the known kinds', () => {
  const file = { kind: 'stream', notes: '', cases: [] };
  const [ok, also] = [
    { host: 'h', state: 'ok', time: 0 },
    { host: 'h', state: 'ok', time: 3 },
  ];

  test('a run that an event completes before its timer comes again with the timer', () => {
    const outputs = [ok, also].flatMap((value) => [{ step: 1, phase: 'event', at: 1, out: 1, value }]);
    const again = [ok, also].map((value) => ({ step: 2, phase: 'advance', at: 3, out: 1, value }));
    const steps = [{ at: 0, event: ok }, { at: 1, event: also }, { at: 3 }];
    const vector = { form: '(stable 3 :state out)', steps, outputs: [...outputs, ...again] };
    expect(runStreamCase(vector)).toEqual({ kind: 'same' });
  });

  test.each<[string, Event[], [number, number, unknown][]]>([
    ['(where (tagged ["a" "b"]) out)', [{ tags: ['a'] }, { tags: ['a', 'b'] }], [[1, 1, { tags: ['a', 'b'] }]]],
    ['(where (tagged "a" "b") out)', [{ tags: ['a'] }, { tags: ['c'] }], [[0, 1, { tags: ['a'] }]]],
    ['(where (tagged-any ["a" "b"]) out)', [{ tags: ['a'] }, { tags: ['c'] }], [[0, 1, { tags: ['a'] }]]],
    ['(default :note "x" out)', [{ note: null }], [[0, 1, { note: 'x' }]]],
  ])('%s', (form, events, outputs) => {
    expect(runStreamCase(vectorOf(form, events, outputs))).toEqual({ kind: 'same' });
  });

  test('1 and 1.0 are one number here, on purpose; two integers are not', () => {
    const [one, double, two] = [{ metric: 1 }, { metric: 1 }, { metric: 2 }];
    doubleFields.set(double, new Set(['metric']));
    const changed = (second: Event) =>
      runStreamCase({
        form: '(changed :metric out)',
        steps: [
          { at: 0, event: one },
          { at: 1, event: second },
        ],
        outputs: [
          { step: 0, phase: 'event', at: 0, out: 1, value: one },
          { step: 1, phase: 'event', at: 1, out: 1, value: second },
        ],
      });
    expect(changed(double).kind).toBe('on purpose');
    expect(changed(two).kind).toBe('same');
    expect(changed({ metric: 1 }).kind).toBe('different');
  });

  test.each([
    ['state = "ok" host = "b"', [0], 'on purpose'],
    ['state = "ok" host = "b"', [1], 'different'],
    ['metric>2', [], 'on purpose'],
    ['metric > -Infinity', [0, 1], 'same'],
    ['metric = NaN', [], 'same'],
    ['note = nil', [0, 1], 'same'],
    ['service ~= "(?=x)x"', [0], 'on purpose'],
  ])('the query %s that matches %j: %s', async (query, matched, kind) => {
    const events = [
      { host: 'a', service: 'x', state: 'ok', metric: 1, note: null },
      { host: 'b', service: 'y', state: 'critical', metric: 2.5 },
    ];
    expect((await runCase({ ...file, kind: 'query', events }, { query, matched })).kind).toBe(kind);
  });

  test('numbers that a double does not hold, or that have a point, are read right and written as one kind', async () => {
    const big = { event: { metric: 2 ** 53 }, decoded: { metric: 2 ** 53 } };
    const zero = { event: { metric: 0 }, decoded: { metric: 0 } };
    doubleFields.set(zero.event, new Set(['metric']));
    const codec = { ...file, kind: 'codec' };
    const written = { ...big, msg_hex: '1001320e6882808080808080207d0000005a' };
    expect((await runCase(codec, written)).kind).toBe('on purpose');
    expect((await runCase(codec, { ...zero, msg_hex: '1001320e7100000000000000007d00000000' })).kind).toBe(
      'on purpose',
    );
    expect((await runCase(codec, { ...zero, msg_hex: '1001320e71000000000000f03f7d0000803f' })).kind).toBe('different');
  });

  test.each([
    ['num-tasks-failed', { 'slave/tasks_failed': 2.7 }, 2],
    ['num-tasks-finished', { 'slave/tasks_finished': 2.7 }, 2],
  ])('%s cuts to a whole number', async (name, metrics, result) => {
    const vector = { function: name, args: [metrics], result };
    expect(await runCase({ ...file, kind: 'function' }, vector)).toEqual({ kind: 'same' });
  });

  test('an index case with events out of order can be read', async () => {
    const event = (time: number, metric: number) => ({ host: 'a', service: 'x', state: 'ok', time, metric });
    const ops = [
      { op: 'update', args: [event(5, 1)] },
      { op: 'update', args: [event(4, 2)] },
      { op: 'lookup', args: ['a', 'x'], result: event(4, 2) },
      { op: 'delete-exactly', args: [event(4, 2)], result: true },
      { op: 'dump', args: null, result: [] },
    ];
    const outcome = await runCase({ ...file, kind: 'index' }, { ops });
    expect(outcome).toMatchObject({ kind: 'on purpose', line: expect.stringContaining('out of order') });
    const wrong = [
      { op: 'update', args: [event(5, 1)] },
      { op: 'dump', args: null, result: [] },
    ];
    expect((await runCase({ ...file, kind: 'index' }, { ops: wrong })).kind).toBe('different');
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
