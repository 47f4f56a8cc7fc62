/** The recipes on the bench: what users copy has to be right. */
import { describe, expect, test } from 'vitest';
import { COUNTERS_ONLY } from '../../../satellite-master/rules/black-hole/tags.ts';
import {
  blackHole,
  clusterAlert,
  ensureAllTestsPass,
  forwardClusterAlert,
  offWhileOver,
} from '../../../satellite-master/rules/recipes/index.ts';
import { testRules } from '../../../satellite-master/testing/index.ts';

const share = (metric: number) => ({ host: 'm1', service: 'mesos/prop-available-hosts', metric, ttl: 300 });

describe('ensureAllTestsPass', () => {
  const said = (host: string, test: string, state: string, ttl = 300) => ({
    host,
    service: `mesos/slave/${test}`,
    state,
    ttl,
  });

  test('judges each host by its own tests, where the original judged the first by those of all', () => {
    const bench = testRules((satellite) => ensureAllTestsPass(satellite));
    bench.inject(said('a', 'disk', 'ok'), said('b', 'disk', 'critical'), said('b', 'load', 'ok')).advance(1);
    expect([bench.wanted('a'), bench.wanted('b')]).toEqual(['on', 'off']);
    bench.inject(said('b', 'disk', 'ok')).advance(60);
    expect([bench.wanted('a'), bench.wanted('b')]).toEqual(['on', 'on']);
    expect(bench.faults).toEqual([]);
  });

  test('does not turn a dead host on once more, as the original did', () => {
    const bench = testRules((satellite) => ensureAllTestsPass(satellite));
    bench.inject(said('a', 'disk', 'ok', 30)).advance(1);
    expect(bench.wanted('a')).toBe('on');
    bench.advance(120);
    expect(bench.wanted('a')).toBe('off');
    bench.advance(600);
    expect(bench.wanted('a')).toBe('off');
  });

  test('figures and other services are no tests', () => {
    const bench = testRules((satellite) => ensureAllTestsPass(satellite));
    bench.inject({ host: 'a', service: 'mesos/slave/tasks', metric: 3 }, { host: 'a', service: 'x', state: 'bad' });
    expect(bench.advance(120).wanted('a')).toBeUndefined();
  });
});

describe('clusterAlert', () => {
  test('one trigger below 0.7 and one resolve, however often the figure is told', () => {
    const bench = testRules((satellite) =>
      clusterAlert(satellite, {}, satellite.webhook({ url: 'http://alerts.example/', name: 'ops' })),
    );
    for (const metric of [0.9, 0.7, 0.69, 0.5, 0.69, 0.7, 0.8]) bench.inject(share(metric)).advance('1m');
    expect(bench.alerts.map(({ state, channel }) => `${channel} ${state}`)).toEqual(['ops trigger', 'ops resolve']);
    expect(bench.alerts[0]?.description).toBe('69.0% of the hosts are on: fewer than 70%');
  });

  test('with endsAt it does not come and go', () => {
    const bench = testRules((satellite) =>
      clusterAlert(
        satellite,
        { below: 0.7, endsAt: 0.75 },
        satellite.changedState({ init: 'ok' }, satellite.tap('said')),
      ),
    );
    for (const metric of [0.69, 0.71, 0.69, 0.74, 0.75, 0.71]) bench.inject(share(metric)).advance('1m');
    expect(bench.tap('said')).toMatchObject([
      { state: 'critical', metric: 0.69 },
      { state: 'ok', metric: 0.75 },
    ]);
  });

  test('that the figure is missing says nothing', () => {
    const bench = testRules((satellite) => clusterAlert(satellite, {}, satellite.tap('said')));
    bench.inject({ ...share(0.9), ttl: 60 }).advance('10m');
    expect(bench.tap('said')).toMatchObject([{ state: 'ok' }]);
  });

  test('forwardClusterAlert sends the same to another Riemann', () => {
    const bench = testRules((satellite) => forwardClusterAlert(satellite, { address: 'riemann.example:5555' }));
    bench.inject(share(0.5));
    expect(bench.forwarded.get('riemann.example:5555')).toMatchObject([{ state: 'critical', metric: 0.5 }]);
  });
});

test('offWhileOver has two limits, and says them', () => {
  const bench = testRules((satellite) => offWhileOver(satellite, { service: 'load', off: 10, on: 5 }));
  const flags = [3, 12, 9, 6, 5, 7].map(
    (metric) => bench.inject({ host: 'a', service: 'load', metric }).advance(10).wanted('a') ?? 'nothing',
  );
  expect(flags).toEqual(['on', 'off', 'off', 'off', 'on', 'on']);
  bench.inject({ host: 'b', service: 'load', metric: 11 });
  expect([bench.wanted('a'), bench.reason('b')]).toEqual(['on', 'load is 11: off above 10, on from 5 down']);
});

describe('blackHole', () => {
  const blamed = (state: string, tags: string[] = []) => ({ host: 'a', service: 'mesos/black-hole', state, tags });

  test('takes a blamed host off until it is cleared', () => {
    const bench = testRules((satellite) => blackHole(satellite));
    expect(bench.inject(blamed('critical')).wanted('a')).toBe('off');
    expect(bench.inject(blamed('ok')).wanted('a')).toBe('on');
  });

  test('does not act on counters alone, and gives up what it can not know any more', () => {
    const bench = testRules((satellite) => blackHole(satellite));
    expect(bench.inject(blamed('critical', [COUNTERS_ONLY])).wanted('a')).toBeUndefined();
    bench.inject(blamed('critical')).advance('2m');
    expect(bench.wanted('a')).toBeUndefined();
  });
});
