import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deadlines } from '../../../satellite-master/events/deadlines.ts';

/** The same, without any thought for the work it does. */
class Naive {
  readonly due = new Map<string, number>();

  popDue(nowMs: number): [string, number][] {
    const taken = [...this.due].filter(([, atMs]) => atMs <= nowMs).sort((a, b) => a[1] - b[1]);
    for (const [key] of taken) this.due.delete(key);
    return taken;
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const at = fc.integer({ min: 0, max: 100 });
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, at }),
  fc.record({ do: fc.constant('delete' as const), key, at }),
  fc.record({ do: fc.constant('take' as const), key, at }),
);

describe('deadlines', () => {
  test('do what a plain map would do, whatever is set, moved, deleted and taken', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const deadlines = new Deadlines<string>();
        const naive = new Naive();
        for (const one of steps) {
          if (one.do === 'set') {
            deadlines.set(one.key, one.at);
            naive.due.set(one.key, one.at);
          } else if (one.do === 'delete') {
            deadlines.delete(one.key);
            naive.due.delete(one.key);
          } else {
            const times = new Map(naive.due);
            const taken = deadlines.popDue(one.at);
            const expected = naive.popDue(one.at);
            expect([...taken].sort()).toEqual(expected.map(([name]) => name).sort());
            expect(taken.map((name) => times.get(name))).toEqual(expected.map(([, atMs]) => atMs));
          }
          expect(deadlines.size).toBe(naive.due.size);
          for (const name of ['a', 'b', 'c', 'd', 'e']) expect(deadlines.at(name)).toBe(naive.due.get(name));
          expect(deadlines.places).toBeLessThanOrEqual(2 * 5 + 64);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('are taken earliest first, also where one was moved since it was put in', () => {
    const deadlines = new Deadlines<string>();
    deadlines.set('moved', 1);
    deadlines.set('moved', 5);
    deadlines.set('second', 3);
    expect(deadlines.popDue(10)).toEqual(['second', 'moved']);
  });

  test('hold no more than about twice the keys, however often a key is brought forward', () => {
    const deadlines = new Deadlines<string>();
    for (let atMs = 1_000_000; atMs > 0; atMs -= 10) deadlines.set('one', atMs);
    expect(deadlines.places).toBeLessThan(100);
    expect(deadlines.popDue(5)).toEqual([]);
    expect(deadlines.popDue(10)).toEqual(['one']);
  });

  test('forget keys that are deleted long before they are due', () => {
    const deadlines = new Deadlines<number>();
    for (let name = 0; name < 100_000; name++) {
      deadlines.set(name, 1e12);
      deadlines.delete(name);
    }
    expect(deadlines.places).toBeLessThan(100);
  });

  test('cost nothing when a key is refreshed: it lies in the heap once', () => {
    const deadlines = new Deadlines<string>();
    for (let atMs = 0; atMs < 1_000; atMs++) deadlines.set('one', atMs);
    expect(deadlines.places).toBe(1);
    expect(deadlines.popDue(998)).toEqual([]);
    expect(deadlines.popDue(999)).toEqual(['one']);
  });
});
