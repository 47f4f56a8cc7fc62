import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combined, fisherTail } from '../../../../satellite-master/rules/black-hole/statistics.ts';

/** By counting, with whole numbers. */
function exactTail(f: number, n: number, F: number, N: number): number {
  const choose = (a: number, b: number): bigint => {
    let result = 1n;
    for (let i = 1; i <= b; i++) result = (result * BigInt(a - b + i)) / BigInt(i);
    return b > a || b < 0 ? 0n : result;
  };
  let sum = 0n;
  for (let k = f; k <= Math.min(n, f + F); k++) sum += choose(f + F, k) * choose(n + N - f - F, n - k);
  return Number((sum * 1_000_000_000_000n) / choose(n + N, n)) / 1e12;
}

describe('the exact test of Fisher', () => {
  test.each([
    [3, 3, 0, 3, 1 / 20],
    [5, 5, 0, 6, 1 / 462],
    [0, 5, 3, 10, 1],
    [5, 5, 10, 10, 1],
  ])('%i of %i here, %i of %i elsewhere', (f, n, F, N, p) => {
    expect(fisherTail(f, n, F, N)).toBeCloseTo(p, 12);
  });

  test('is what counting gives', () => {
    const count = fc.nat({ max: 30 });
    fc.assert(
      fc.property(count, count, count, count, (f, g, F, G) => {
        expect(fisherTail(f, f + g, F, F + G)).toBeCloseTo(exactTail(f, f + g, F, F + G), 9);
      }),
    );
  });

  test('large numbers neither overflow nor take long', () => {
    expect(fisherTail(5_000, 5_000, 10, 100_000)).toBeLessThan(1e-300);
    expect(fisherTail(500, 5_000, 10_000, 100_000)).toBeGreaterThan(0.4);
  });
});

test('likelihoods are combined as chi-square has it', () => {
  expect(combined([])).toBe(1);
  expect(combined([0.03])).toBeCloseTo(0.03, 12);
  expect(combined([0.1, 0.1])).toBeCloseTo(0.01 * (1 - Math.log(0.01)), 12);
  expect(combined([1, 1, 1])).toBeCloseTo(1, 12);
  expect(combined([0, 0.5])).toBeLessThan(1e-300);
});
