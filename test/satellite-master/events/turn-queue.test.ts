/** Readers of the index take turns. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TurnQueue } from '../../../satellite-master/events/turn-queue.ts';

test('one reader goes on in each turn of the event loop, in the order in which they asked', async () => {
  const queue = new TurnQueue();
  const went: string[] = [];
  for (const name of ['a', 'b', 'c']) void queue.next().then(() => went.push(name));
  const seen: number[] = [];
  while (went.length < 3) {
    seen.push(went.length);
    await setImmediate();
  }
  expect(went).toEqual(['a', 'b', 'c']);
  expect(seen).toEqual([0, 1, 2]);
});
