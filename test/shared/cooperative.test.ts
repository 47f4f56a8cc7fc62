import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { finish, interruptibly, type LongWork, Turns } from '../../shared/cooperative.ts';

/** Each look at it costs a millisecond. */
const slow = { at: 0, monoMs: () => slow.at++ };
const still = { monoMs: () => 0 };

function* counting(to: number, seen: number[]): LongWork {
  yield* interruptibly(
    Array.from({ length: to }, (_, at) => at),
    (at) => seen.push(at),
    1,
  );
}

test('long work lets others in between, and goes on in order', async () => {
  const seen: number[] = [];
  const turns = new Turns(slow);
  turns.run(counting(30, seen));
  expect(seen.length).toBeLessThan(10);
  let inBetween = 0;
  const done = turns.done().then(() => {
    inBetween = -inBetween;
  });
  while (inBetween >= 0) {
    await nextTurn();
    if (turns.busy) inBetween++;
    else break;
  }
  await done;
  expect(inBetween).toBeLessThan(-2);
  expect(seen).toEqual(Array.from({ length: 30 }, (_, at) => at));
});

test('where time stands still it is done at once', async () => {
  const seen: number[] = [];
  const turns = new Turns(still);
  turns.run(counting(1_000, seen));
  expect([seen.length, turns.busy]).toEqual([1_000, false]);
  await turns.done();
});

test('other work takes the place of what is not done', async () => {
  const [first, second]: number[][] = [[], []];
  const turns = new Turns(slow);
  turns.run(counting(30, first ?? []));
  turns.run(counting(30, second ?? []));
  await turns.done();
  expect([(first ?? []).length < 10, second?.length]).toEqual([true, 30]);
});

test('what is stopped stays undone, and nobody waits for it', async () => {
  const seen: number[] = [];
  const turns = new Turns(slow);
  turns.run(counting(30, seen));
  const done = turns.done();
  turns.stop();
  await done;
  await nextTurn();
  expect(seen.length).toBeLessThan(10);
});

test('all at once, with what comes of it', () => {
  function* three(): LongWork<number> {
    yield;
    return 3;
  }
  expect(finish(three())).toBe(3);
});
