import { describe, expect, it } from 'vitest';
import { createStreams } from '../../../satellite-master/streams/index.ts';
import type { Stream, StreamEvent } from '../../../satellite-master/streams/stream.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

function bench() {
  const clock = new ManualClock();
  const faults: string[] = [];
  const streams = createStreams({ clock, fault: (stream, error) => faults.push(`${stream}: ${String(error)}`) });
  const out: StreamEvent[] = [];
  const tap: Stream<StreamEvent> = (event) => out.push(event);
  return { clock, faults, out, tap, streams };
}

const event = (metric: number, time = 0, ttl = 12): StreamEvent => ({ host: 'h', service: 's', metric, time, ttl });
const metrics = (events: readonly StreamEvent[]) => events.map(({ metric }) => metric);

describe('streams with timers', () => {
  it.each(['rate', 'ddt', 'interpolateConstant', 'percentiles', 'foldIntervalMetric'] as const)(
    '%s is silent once its last event has outlived its ttl, and by forgets the key',
    (name) => {
      const { clock, out, tap, streams } = bench();
      let made = 0;
      const stream = streams.by('host', () => {
        made++;
        if (name === 'percentiles') return streams.percentiles(5, [1], tap);
        if (name === 'foldIntervalMetric') return streams.foldIntervalMetric(5, (all) => all.length, tap);
        return streams[name](5, tap);
      });
      stream(event(1));
      clock.advance(60_000);
      const said = out.length;
      clock.advance(3_600_000);
      expect(out).toHaveLength(said);
      stream(event(1, 3660));
      expect(made).toBe(2);
    },
  );

  it('rate begins again after an expired event', () => {
    const { clock, out, tap, streams } = bench();
    const stream = streams.rate(5, tap);
    stream(event(10));
    stream({ host: 'h', service: 's', state: 'expired', time: 0 });
    clock.advance(20_000);
    expect(out).toEqual([]);
    stream(event(5, 20));
    clock.advance(5_000);
    expect(metrics(out)).toEqual([3]);
  });

  it('folds an interval without events to what the fold makes of none', () => {
    const { clock, out, tap, streams } = bench();
    streams.foldInterval(5, 'metric', (all) => all.length, tap)({ metric: 7, time: 0, ttl: 60 });
    clock.advance(10_000);
    expect(out).toEqual([{ metric: 1, time: 0, ttl: 60 }, { metric: 0 }]);
  });

  it('reports a fold that throws and goes on', () => {
    const { clock, faults, tap, streams } = bench();
    const fail = () => {
      throw new Error('no');
    };
    streams.foldIntervalMetric(5, fail, tap)(event(1));
    clock.advance(10_000);
    expect(faults).toEqual(['foldIntervalMetric: Error: no', 'foldIntervalMetric: Error: no']);
  });

  it('takes the newest 10,000 of an interval', () => {
    const { clock, out, tap, streams } = bench();
    const stream = streams.percentiles(5, { 0: ' least', 1: ' most' }, tap);
    for (let metric = 1; metric <= 10_010; metric++) stream(event(metric));
    clock.advance(5_000);
    expect(metrics(out)).toEqual([11, 10_010]);
  });

  it('fills gaps from the beginning, until an expired event comes, and so lets its key go', () => {
    const { clock, out, tap, streams } = bench();
    let made = 0;
    const stream = streams.by('host', () => {
      made++;
      return streams.fillIn(2, { host: 'h', metric: 0 }, tap);
    });
    stream(event(1));
    clock.advance(4_000);
    stream({ host: 'h', state: 'expired', time: 4 });
    clock.advance(60_000);
    expect(metrics(out)).toEqual([1, 0, 0, undefined]);
    stream(event(1, 64));
    expect(made).toBe(2);
  });

  it('apdex counts tolerated events half, expired ones not, and is silent where none came', () => {
    const { clock, out, tap, streams } = bench();
    const stream = streams.apdex(10, streams.under(1), streams.under(4), tap);
    for (const metric of [0.5, 2, 9]) stream(event(metric));
    stream({ ...event(0.1), state: 'expired' });
    clock.advance(40_000);
    expect(out).toEqual([{ ...event(9), metric: 0.5 }]);
  });

  it.each([
    ['percentiles', (s: ReturnType<typeof createStreams>) => s.percentiles(5, [2])],
    ['rate', (s: ReturnType<typeof createStreams>) => s.rate(0)],
    ['ddt', (s: ReturnType<typeof createStreams>) => s.ddt(-1)],
    ['ewma', (s: ReturnType<typeof createStreams>) => s.ewma(0)],
    ['counter', (s: ReturnType<typeof createStreams>) => s.counter(Number.NaN)],
    ['top', (s: ReturnType<typeof createStreams>) => s.top(0, 'metric', () => undefined)],
  ])('%s names itself in what is wrong with its arguments', (name, make) => {
    expect(() => make(bench().streams)).toThrow(new RegExp(`^${name}: `));
  });
});

describe('top', () => {
  it('holds as many as it was told, and without a stream for the others takes nothing back', () => {
    const { out, tap, streams } = bench();
    const stream = streams.top(1, 'metric', tap);
    stream({ ...event(1), host: 'a' });
    stream({ ...event(2), host: 'b' });
    stream({ ...event(1), host: 'c' });
    expect(out.map(({ host, state }) => [host, state])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', 'expired'],
    ]);
  });

  it('makes room when one of the greatest expires or loses its value', () => {
    const { streams } = bench();
    const [above, below]: [StreamEvent[], StreamEvent[]] = [[], []];
    const stream = streams.top(
      1,
      'metric',
      (one) => above.push(one),
      (one) => below.push(one),
    );
    stream({ ...event(9), host: 'a' });
    stream({ host: 'a', service: 's', time: 0 });
    stream({ ...event(1), host: 'b' });
    expect(above.at(-1)).toMatchObject({ host: 'b', metric: 1 });
    stream({ ...event(9), host: 'b', state: 'expired' });
    stream({ ...event(0), host: 'c' });
    expect(above.at(-1)).toMatchObject({ host: 'c', metric: 0 });
    expect(below.at(-1)).toMatchObject({ host: 'c', state: 'expired' });
  });
});
