/** Keys that are over are forgotten, with all that was made for them; the others are not. */
import { describe, expect, test } from 'vitest';
import { by } from '../../../satellite-master/streams/by.ts';
import { forkOf } from '../../../satellite-master/streams/fork.ts';
import type { StreamContext, StreamEvent } from '../../../satellite-master/streams/stream.ts';
import { streamHarness, tap } from './harness.ts';

const event = (host: string, more: Partial<StreamEvent> = {}): StreamEvent => ({
  host,
  service: 's',
  ttl: 10,
  ...more,
});

/** Counts how often children were made. */
function counted() {
  const harness = streamHarness();
  const { seen, stream } = tap();
  let made = 0;
  const children = () => {
    made++;
    return harness.streams.changed('state', stream);
  };
  return { ...harness, seen, children, made: () => made };
}

describe('a key', () => {
  test('is kept while an event of it holds, and for the moment in which the index tells that it expired', () => {
    const { clock, streams, children, made, seen } = counted();
    const stream = streams.by('host', children);
    stream(event('a', { state: 'ok' }));
    clock.advance(9_000);
    stream(event('a', { state: 'ok' }));
    clock.advance(12_000);
    stream(event('a', { state: 'expired' }));
    stream(event('a', { state: 'expired' }));
    expect([made(), seen.map(({ state }) => state)]).toEqual([1, ['ok', 'expired']]);
  });

  test('is forgotten when all of its events have expired', () => {
    const { clock, streams, children, made } = counted();
    const stream = streams.by('host', children);
    stream(event('a', { service: 'short' }));
    stream(event('a', { service: 'long', ttl: 60 }));
    stream(event('a', { service: 'short', state: 'expired' }));
    clock.advance(60_000);
    stream(event('a', { service: 'short' }));
    expect(made()).toBe(1);
    clock.advance(30_000);
    stream(event('a'));
    expect(made()).toBe(2);
  });

  test('that is heard again and again stays, whatever others do', () => {
    const { clock, streams, children, made } = counted();
    const stream = streams.by('host', children);
    for (let second = 0; second < 1_000; second++) {
      stream(event('steady'));
      if (second % 100 === 0) stream(event(`passing ${second}`));
      clock.advance(1_000);
    }
    expect(made()).toBe(11);
  });

  test('waits for the timers of its children, which end by themselves', () => {
    const { clock, streams, seen, made, children } = (() => {
      const harness = streamHarness();
      const out = tap();
      let count = 0;
      const make = () => {
        count++;
        return harness.streams.stable(120, 'state', out.stream);
      };
      return { ...harness, seen: out.seen, made: () => count, children: make };
    })();
    const stream = streams.by('host', children);
    stream(event('a', { state: 'ok' }));
    clock.advance(119_000);
    expect(seen).toEqual([]);
    clock.advance(2_000);
    expect(seen).toHaveLength(1);
    clock.advance(20_000);
    stream(event('a', { state: 'ok' }));
    expect(made()).toBe(2);
  });

  test.each<[unknown, unknown, boolean]>([
    [undefined, null, true],
    ['', undefined, false],
    [1, '1', false],
    [['a', 'b'], ['a', 'b'], true],
  ])('of %j and %j: the same is %s', (one, other, same) => {
    const { streams, children, made } = counted();
    const stream = streams.by<{ key: unknown }>('key' as never, children as never);
    stream({ key: one });
    stream({ key: other });
    expect(made()).toBe(same ? 1 : 2);
  });

  test('of two fields is another one for every two values', () => {
    const { streams, children, made } = counted();
    const stream = streams.by(['host', 'service'], children);
    for (const [host, service] of [
      ['a', 'b'],
      ['a,"b', ''],
      ['a', 'b'],
      ['', 'a'],
      ['a', ''],
    ] as const)
      stream({ host, service });
    expect(made()).toBe(4);
  });
});

describe('by within by', () => {
  test('has children for each pair, and the outer key goes after the inner ones', () => {
    const { clock, context, faults } = streamHarness();
    const made: string[] = [];
    const inner = (fork: StreamContext) => {
      made.push('host');
      return by(fork)<StreamEvent>('service', () => {
        made.push('service');
        return [];
      });
    };
    const outer = by(context)<StreamEvent>('host', inner);
    for (const service of ['x', 'y', 'x']) outer(event('a', { service }));
    expect(made).toEqual(['host', 'service', 'service']);
    clock.advance(60_000);
    outer(event('a', { service: 'x' }));
    expect(made).toEqual(['host', 'service', 'service', 'host', 'service']);
    expect(faults).toEqual([]);
  });

  test('bound streams are made for the fork in which they are written', () => {
    const { clock, streams, faults } = streamHarness();
    const { seen, stream } = tap<readonly StreamEvent[]>();
    const rule = streams.by('host', () => streams.by('service', () => streams.batch(9, 300, stream)));
    rule(event('a'));
    clock.advance(290_000);
    rule(event('a'));
    clock.advance(20_000);
    // The batch of the first event held its forks for as long as it had something to say.
    expect([seen, faults]).toEqual([[[event('a'), event('a')]], []]);
  });
});

describe('memory', () => {
  test('100,000 keys leave nothing behind: no children and no timer', () => {
    const { clock, context } = streamHarness();
    const root = forkOf(context);
    let alive = 0;
    const rule = by(root.context)<StreamEvent>('host', (fork) => {
      alive++;
      return by(fork)<StreamEvent>('service', () => []);
    });
    for (let key = 0; key < 100_000; key++) {
      rule(event(`host ${key}`));
      if (key % 1_000 === 999) clock.advance(1_000);
    }
    expect(alive).toBe(100_000);
    clock.advance(60_000);
    expect(root.pending()).toBe(0);
    rule(event('host 0'));
    expect(alive).toBe(100_001);
  });
});
