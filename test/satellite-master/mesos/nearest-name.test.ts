import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_PAIRS, NearestNames, typosBetween } from '../../../satellite-master/mesos/nearest-name.ts';

const registered = ['Node1.example.com', 'node2.example.com', 'node3.example.com.', 'build', 'x.a.test', 'x.b.test'];

test.each([
  ['node1.example.com', 'Node1.example.com', 'other case'],
  ['NODE2.example.com', 'node2.example.com', 'other case'],
  ['node3.example.com', 'node3.example.com.', 'trailing dot'],
  ['node2', 'node2.example.com', 'short name'],
  ['build.example.com', 'build', 'short name'],
  ['nod2.example.com', 'node2.example.com', 'mistyped'],
  ['ndoe2.example.com', 'node2.example.com', 'mistyped'],
])('%s was meant to be %s (%s)', (name, expected, likeness) => {
  expect(new NearestNames(new Set(registered), (name) => name === 'node2.example.com').to(name)).toEqual({
    name: expected,
    likeness,
  });
});

test.each([
  ['nobody is like it', 'database.example.com', ['node2.example.com', 'build']],
  ['the near one is in use', 'node4.example.com', []],
  ['two are equally near', 'node9.example.com', ['node2.example.com', 'node5.example.com']],
  ['two agents share the short name', 'x', []],
  ['it is in another domain', 'node2.other.org', []],
])('no suggestion where %s', (_, name, unclaimed) => {
  const known = new Set([...registered, ...unclaimed]);
  expect(new NearestNames(known, (one) => unclaimed.includes(one)).to(name)).toBeUndefined();
});

/** Levenshtein's table, as the book has it. */
function bookDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length] ?? 0;
}

test('typos are counted as Levenshtein counts them, up to two', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
  fc.assert(
    fc.property(name, name, (a, b) => {
      const expected = bookDistance(a, b);
      const found = typosBetween(a, b);
      if (expected <= 2) expect(found).toBe(expected);
      else expect(found).toBeGreaterThan(2);
    }),
  );
});

test('in the largest clusters it gives up on typos, not on the rest', () => {
  const many = Array.from({ length: 10_000 }, (_, n) => `node${String(n).padStart(5, '0')}.dc${n}.example.com`);
  const nearest = new NearestNames(new Set(many), () => true);
  const mistyped = many.slice(0, 20).map((name) => nearest.to(`x${name}`));
  expect(mistyped.filter((found) => found !== undefined)).toHaveLength(MOST_PAIRS / many.length);
  expect(nearest.to('node00007')?.name).toBe('node00007.dc7.example.com');
});
