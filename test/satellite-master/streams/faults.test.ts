/** A child that throws stops nobody but itself; a stream used wrongly says which one it is. */
import { describe, expect, test } from 'vitest';
import { StreamArgumentError } from '../../../satellite-master/streams/argument.ts';
import type { Stream } from '../../../satellite-master/streams/stream.ts';
import { streamHarness, tap } from './harness.ts';

const breaks: Stream<unknown> = () => {
  throw new Error('broken');
};

describe('a child that throws', () => {
  type Streams = ReturnType<typeof streamHarness>['streams'];
  test.each<[string, (streams: Streams, ...children: Stream<never>[]) => Stream]>([
    ['where', (s, ...children) => s.where(s.host('a'), ...(children as Stream[]))],
    ['sdo', (s, ...children) => s.sdo(...(children as Stream[]))],
    ['by', (s, ...children) => s.by('host', () => children as Stream[])],
    ['with', (s, ...children) => s.with({ state: 'ok' }, ...(children as Stream[]))],
    ['smap', (s, ...children) => s.smap((event) => event, ...(children as Stream[]))],
    ['changed', (s, ...children) => s.changed('state', { init: 'x' }, ...(children as Stream[]))],
    ['throttle', (s, ...children) => s.throttle(1, 5, ...(children as Stream[]))],
    ['rollup', (s, ...children) => s.rollup(1, 5, ...(children as Stream<unknown>[]))],
    ['batch', (s, ...children) => s.batch(1, 5, ...(children as Stream<unknown>[]))],
    ['project', (s, ...children) => s.project([s.host('a')], ...(children as Stream<unknown>[]))],
    ['taggedAny', (s, ...children) => s.taggedAny('t', ...(children as Stream[]))],
    ['hysteresis', (s, ...children) => s.hysteresis(0, 0, ...(children as Stream[]))],
  ])('of %s is told with that name, and its siblings go on', (name, make) => {
    const { streams, faults } = streamHarness();
    const { seen, stream } = tap<unknown>();
    make(streams, breaks as Stream<never>, stream as Stream<never>)({ host: 'a', metric: 1, tags: ['t'] });
    expect(faults).toEqual([[name, 'broken']]);
    expect(seen).toHaveLength(1);
  });

  test('on a timer is told too, and the timer goes on', () => {
    const { clock, streams, faults } = streamHarness();
    const coalesce = streams.coalesce(5, breaks);
    coalesce({ host: 'a', service: 's', time: 0 });
    clock.advance(10_000);
    expect(faults).toEqual(Array(3).fill(['coalesce', 'broken']));
  });

  test('a predicate that throws is a fault of the stream above, not of its siblings', () => {
    const { streams, faults } = streamHarness();
    const { seen, stream } = tap();
    streams.sdo(streams.where(breaks), stream)({ host: 'a' });
    expect([faults, seen]).toEqual([[['sdo', 'broken']], [{ host: 'a' }]]);
  });

  test('what makes the children of a key may throw: the next event of it tries again', () => {
    const { streams, faults } = streamHarness();
    const { seen, stream } = tap();
    let tries = 0;
    const by = streams.by('host', () => {
      if (tries++ === 0) throw new Error('not yet');
      return stream;
    });
    const all = streams.sdo(by);
    all({ host: 'a' });
    all({ host: 'a' });
    expect([faults, seen]).toEqual([[['sdo', 'not yet']], [{ host: 'a' }]]);
  });
});

test('a stream where the function that makes it belongs is said at the first event', () => {
  const { streams, faults } = streamHarness();
  streams.sdo(streams.by('host', streams.sdo() as never))({ host: 'a' });
  expect(faults).toEqual([
    ['sdo', expect.stringMatching(/^by: the function given to it must return a stream .*not undefined$/)],
  ]);
});

describe('a wrong argument', () => {
  const { streams } = streamHarness();
  const wrong = undefined as never;
  test.each<[string, () => unknown]>([
    ['throttle: seconds must be a number above 0, not 0', () => streams.throttle(1, 0)],
    ['throttle: count must be a number of at least 0, not -1', () => streams.throttle(-1, 1)],
    ['rollup: seconds must be a number above 0, not undefined', () => streams.rollup(1, wrong)],
    ['batch: the count must be a whole number of at least 1, not 0', () => streams.batch(0, 1)],
    ['stable: seconds must be a number above 0, not null', () => streams.stable(null as never, 'state')],
    ['runs: the count must be a whole number of at least 1, not 1.5', () => streams.runs(1.5, 'state')],
    ['changed: a field must be a name or a function, not 7', () => streams.changed(7 as never)],
    ['where: the predicate must be a function, not "ok"', () => streams.where('ok' as never)],
    ['by: a field must be a name or a function, not undefined', () => streams.by(wrong, () => [])],
    ['by: what makes the children of a key must be a function, not undefined', () => streams.by('host', wrong)],
    ['with: needs an object of fields first, not "state"', () => streams.with('state' as never)],
    ['default: needs an object of fields first, not null', () => streams.default(null as never)],
    ['over: limit must be a number, not "1"', () => streams.over('1' as never)],
    ['hysteresis: the trigger must be a number or a predicate, not undefined', () => streams.hysteresis(wrong, 1)],
    ['project: needs a list of predicates first, not "x"', () => streams.project('x' as never)],
    ['coalesce: seconds must be a number above 0, not -5', () => streams.coalesce(-5)],
    ['smap: the first argument must be a function, not {}', () => streams.smap({} as never)],
    ['forward: needs the address of a Riemann, not ""', () => streams.forward('')],
  ])('%s', (message, use) => {
    expect(use).toThrow(
      new StreamArgumentError(message.slice(0, message.indexOf(':')), message.slice(message.indexOf(' ') + 1)),
    );
  });
});
