import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Due, ExpiryWheel } from '../../../satellite-master/events/expiry-wheel.ts';

class Thing implements Due {
  expiresMs: number;
  turn = -1;
  gone = false;
  constructor(expiresMs: number) {
    this.expiresMs = expiresMs;
  }
}

type Step =
  | { readonly kind: 'set'; readonly key: number; readonly inMs: number }
  | { readonly kind: 'delete'; readonly key: number }
  | { readonly kind: 'pass'; readonly ms: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: fc.nat(8), inMs: fc.oneof(fc.nat(500), fc.nat(100_000)) }),
  fc.record({ kind: fc.constant('delete' as const), key: fc.nat(8) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.oneof(fc.nat(300), fc.nat(20_000_000)) }),
);

test('everything runs out at its time and not before, in order, however it was moved', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (done) => {
      let nowMs = 12_345.5;
      const wheel = new ExpiryWheel<Thing>(nowMs);
      const live = new Map<number, Thing>();
      for (const step of done) {
        if (step.kind === 'set') {
          const thing = live.get(step.key) ?? new Thing(0);
          live.set(step.key, thing);
          thing.expiresMs = nowMs + step.inMs;
          wheel.set(thing);
        } else if (step.kind === 'delete') {
          const thing = live.get(step.key);
          if (!thing) continue;
          thing.gone = true;
          wheel.delete(thing);
          live.delete(step.key);
        } else {
          nowMs += step.ms;
          const expected = [...live].filter(([, { expiresMs }]) => expiresMs <= nowMs);
          const due = wheel.popDue(nowMs);
          expect(new Set(due)).toEqual(new Set(expected.map(([, thing]) => thing)));
          expect(due.map(({ expiresMs }) => expiresMs)).toEqual(
            due.map(({ expiresMs }) => expiresMs).sort((a, b) => a - b),
          );
          for (const [key] of expected) live.delete(key);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('what comes and goes again and again leaves nothing behind', () => {
  const wheel = new ExpiryWheel<Thing>(0);
  for (let n = 0; n < 10_000; n++) {
    const thing = new Thing(1e9 + n * 1000);
    wheel.set(thing);
    thing.expiresMs = 1e8;
    wheel.set(thing);
    thing.gone = true;
    wheel.delete(thing);
  }
  expect(wheel.places).toBeLessThan(1_000);
});

test('putting one off takes no place', () => {
  const wheel = new ExpiryWheel<Thing>(0);
  const thing = new Thing(1_000);
  for (let n = 0; n < 1_000; n++) {
    thing.expiresMs += 10;
    wheel.set(thing);
  }
  expect(wheel.places).toBe(1);
  expect(wheel.popDue(10_999)).toEqual([]);
  expect(wheel.popDue(11_000)).toEqual([thing]);
});
