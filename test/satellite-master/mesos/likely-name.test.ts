import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findLikelyNames } from '../../../satellite-master/mesos/drift/likely-name.ts';
import { finish } from '../../../shared/cooperative.ts';
import { typosBetween } from '../../../shared/typos.ts';

const likelyNames = (...given: Parameters<typeof findLikelyNames>) => finish(findLikelyNames(...given));
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
  const likely = likelyNames([name], registered, (one) => one === 'node2.example.com');
  expect(likely.get(name)).toEqual({ name: expected, likeness });
});

test.each([
  ['nobody is like it', 'database.example.com', ['node2.example.com', 'build']],
  ['the near one is in use', 'node4.example.com', []],
  ['two are equally near', 'node9.example.com', ['node2.example.com', 'node5.example.com']],
  ['two agents share the short name', 'x', []],
  ['it is in another domain', 'node2.other.org', []],
])('no suggestion where %s', (_, name, unclaimed) => {
  const known = [...new Set([...registered, ...unclaimed])];
  expect(likelyNames([name], known, (one) => unclaimed.includes(one)).size).toBe(0);
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

test('in the largest clusters every mistyped name is found, in time that grows with the names, not their pairs', () => {
  const many = Array.from({ length: 20_000 }, (_, n) => `node${String(n).padStart(5, '0')}.dc${n}.example.com`);
  const mistyped = many.slice(0, 1_000).map((name) => `x${name}`);
  const likely = likelyNames([...mistyped, 'node00007'], many, () => true);
  expect(mistyped.filter((name) => likely.get(name)?.name !== name.slice(1))).toEqual([]);
  expect(likely.get('node00007')?.name).toBe('node00007.dc7.example.com');
});
