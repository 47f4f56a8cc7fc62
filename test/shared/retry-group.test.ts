import { expect, test } from 'vitest';
import type { Batch } from '../../shared/latest-queue.ts';
import { LatestQueue } from '../../shared/latest-queue.ts';
import { silentLog } from '../../shared/log.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { RetryGroup, Sender, type SendOutcome } from '../../shared/sending/index.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function aGroup() {
  const clock = new ManualClock();
  const group = new RetryGroup(clock);
  const sender = (answer: () => SendOutcome | Error) => {
    const tries: number[] = [];
    const made = new Sender<string>({
      transport: {
        address: 'x',
        send: async (_batch: Batch<string>) => {
          tries.push(clock.monoMs());
          const outcome = answer();
          if (outcome instanceof Error) throw outcome;
          return outcome;
        },
        close: () => undefined,
      },
      queue: new LatestQueue<string>({ keyOf: (item) => item, jsonOf: (item) => JSON.stringify(item), maxItems: 10 }),
      what: 'events',
      maxItems: 10,
      maxBytes: 1000,
      group,
      clock,
      log: silentLog,
      random: () => 0.999,
    });
    return { sender: made, tries };
  };
  const advance = async (seconds: number) => {
    for (let tenth = 0; tenth < seconds * 10; tenth++) {
      clock.advance(100);
      await turn();
    }
  };
  return { clock, sender, advance };
}

const accepted: SendOutcome = { kind: 'accepted', rejected: [] };
const gaps = (times: readonly number[]) => times.slice(1).map((time, at) => time - (times[at] ?? 0));

test('a receiver that does not answer is tried every 30 s at last while no other answers', async () => {
  const { sender, advance } = aGroup();
  const { sender: one, tries } = sender(() => new Error('away'));
  one.send(['a']);
  await advance(180);
  expect(Math.max(...gaps(tries))).toBeGreaterThan(25_000);
});

test('and every 5 s at most while another one answers', async () => {
  const { sender, advance } = aGroup();
  const { sender: one, tries } = sender(() => new Error('away'));
  const { sender: other } = sender(() => accepted);
  one.send(['a']);
  for (let round = 0; round < 18; round++) {
    other.send([`b${round}`]);
    await advance(10);
  }
  expect(Math.max(...gaps(tries))).toBeLessThanOrEqual(5_200);
});

test('and within 5 s as soon as another one answers after a long silence of both', async () => {
  const { sender, advance, clock } = aGroup();
  let isBack = false;
  const { sender: one, tries } = sender(() => (isBack ? accepted : new Error('away')));
  const { sender: other } = sender(() => (isBack ? accepted : new Error('away')));
  one.send(['a']);
  await advance(170);
  isBack = true;
  const backMs = clock.monoMs();
  other.send(['b']);
  await advance(6);
  expect(tries.at(-1)).toBeGreaterThan(backMs);
  expect((tries.at(-1) ?? 0) - backMs).toBeLessThanOrEqual(5_200);
});

test('a wait that the receiver has asked for is not shortened', async () => {
  const { sender, advance } = aGroup();
  const { sender: one, tries } = sender(() => ({ kind: 'busy', reason: 'answered 503', notBeforeMs: 60_000 }));
  const { sender: other } = sender(() => accepted);
  one.send(['a']);
  for (let round = 0; round < 18; round++) {
    other.send([`b${round}`]);
    await advance(10);
  }
  expect(Math.min(...gaps(tries))).toBeGreaterThanOrEqual(60_000);
});
