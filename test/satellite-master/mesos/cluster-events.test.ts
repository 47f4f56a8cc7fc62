import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ClusterFramework, ClusterTask } from '../../../satellite-master/mesos/cluster/cluster.ts';
import {
  type EventContext,
  frameworkEvents,
  hasChanged,
  hostEvents,
  leaderEvent,
  MAX_FRAMEWORKS,
  MAX_KEYS,
  metricEvents,
  taskEvent,
} from '../../../satellite-master/mesos/metrics/cluster-events.ts';
import { hostOfMesos } from '../../../satellite-master/mesos/metrics/cluster-reporter.ts';
import { hasControlCharacters } from '../../../shared/text.ts';
import { host } from '../../support/harness.ts';

const voice: EventContext = { host: host('mesos1.example.com'), nowS: 1_700_000_000, ttlS: 300 };

interface Vector {
  readonly function: string;
  readonly args: readonly [Readonly<Record<string, number>>];
  readonly result: readonly unknown[];
}

const vectors = JSON.parse(readFileSync('test/fixtures/riemann-vectors/master-monitor.json', 'utf8')) as {
  readonly cases: readonly Vector[];
};

function captured(name: string): Readonly<Record<string, number>> {
  return JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}.json`, 'utf8'));
}

const framework = (over: Partial<ClusterFramework> = {}): ClusterFramework => ({
  id: 'f1',
  name: 'fw',
  hostname: 'fh.example',
  active: true,
  mem: 2048,
  cpus: 1.5,
  disk: 10,
  ...over,
});

const task = (over: Partial<ClusterTask> = {}): ClusterTask => ({
  id: 't1',
  name: 'sleep',
  frameworkId: 'f1',
  frameworkName: 'fw',
  agentId: 'S1',
  host: host('h1.example'),
  state: 'TASK_RUNNING',
  timeS: 1_699_999_999.5,
  startedS: 1_699_999_999.5,
  reason: undefined,
  message: undefined,
  ...over,
});

const metricsOf = (events: ReturnType<typeof frameworkEvents>) =>
  Object.fromEntries(events.map(({ host, service, metric }) => [`${host} ${service}`, metric]));

describe('the figures of a Mesos master', () => {
  test.each(vectors.cases.filter((one) => one.function === 'mesos-service-events'))(
    'become the events that the original makes of them',
    ({ args, result }) => {
      const byService = (a: { service: string }, b: { service: string }) => (a.service < b.service ? -1 : 1);
      expect(metricEvents(voice, args[0]).sort(byService)).toEqual(
        (result as { service: string }[]).toSorted(byService),
      );
    },
  );

  test('all of a captured answer, none of them a test', () => {
    const metrics = captured('master_metrics_snapshot');
    const events = metricEvents(voice, metrics);
    expect(events).toHaveLength(Object.keys(metrics).length);
    expect(events.filter(({ service }) => service.startsWith('mesos/slave/'))).toEqual([]);
  });

  test('those of an agent, asked by mistake, never pass for the tests of a host', () => {
    const services = metricEvents(voice, captured('agent1_metrics_snapshot')).map(({ service }) => service);
    expect(services).toContain('mesos/system/load_1min');
    expect(services.filter((service) => service.startsWith('mesos/slave/'))).toEqual([]);
  });

  test('without end are cut where they are those of single frameworks', () => {
    const metrics: Record<string, number> = {};
    for (let n = 0; n < MAX_KEYS + 10; n++) metrics[`master/frameworks/f${n}/calls`] = n;
    metrics['master/elected'] = 1;
    const events = metricEvents(voice, metrics);
    expect(events).toHaveLength(MAX_KEYS);
    expect(events[0]?.service).toBe('mesos/master/elected');
  });
});

describe('frameworks', () => {
  test("mem, cpu and disk, on the framework's own host", () => {
    const events = frameworkEvents(voice, [framework()]);
    expect(metricsOf(events)).toEqual({
      'fh.example mesos/frameworks/fw/mem': 2.048,
      'fh.example mesos/frameworks/fw/cpu': 1.5,
      'fh.example mesos/frameworks/fw/disk': 10,
    });
    expect(events[0]).toMatchObject({ state: 'ok', time: 1_700_000_000, ttl: 300 });
  });

  test.each(['', 'not a host', '..', 'x'.repeat(300)])("on the Mesos master's where its own is %j", (hostname) => {
    expect(frameworkEvents(voice, [framework({ hostname })])[0]?.host).toBe(voice.host);
  });

  test('of one name on one host count together', () => {
    const events = frameworkEvents(voice, [framework(), framework({ id: 'f2', mem: 2 }), framework({ hostname: '' })]);
    expect(metricsOf(events)).toMatchObject({
      'fh.example mesos/frameworks/fw/mem': 2.05,
      'mesos1.example.com mesos/frameworks/fw/mem': 2.048,
    });
  });

  test('have names that are clean and short, and some name always', () => {
    const services = frameworkEvents(voice, [
      framework({ name: 'a\nb\u2028c' }),
      framework({ name: 'x'.repeat(5_000) }),
      framework({ name: '', id: 'the-id' }),
    ]).map(({ service }) => service);
    expect(services.filter(hasControlCharacters)).toEqual([]);
    expect(Math.max(...services.map(({ length }) => length))).toBeLessThan(300);
    expect(services).toContain('mesos/frameworks/the-id/mem');
  });

  test('are no more than may be', () => {
    const many = Array.from({ length: MAX_FRAMEWORKS + 5 }, (_, n) => framework({ name: `f${n}` }));
    expect(frameworkEvents(voice, many)).toHaveLength(MAX_FRAMEWORKS * 3);
  });
});

describe('tasks', () => {
  test('state and host, at the time it is told', () => {
    const event = taskEvent(voice, task({ state: 'TASK_FAILED', reason: 'REASON_X', message: 'out of memory' }));
    expect(event).toMatchObject({
      host: 'h1.example',
      service: 'mesos/tasks',
      state: 'TASK_FAILED',
      metric: 1,
      time: 1_700_000_000,
      ttl: 300,
      description: 'out of memory',
      attributes: { task: 't1', name: 'sleep', framework: 'fw', reason: 'REASON_X', since: '1699999999.5' },
    });
  });

  test('of an agent that is not known stand on the host of the Mesos master', () => {
    expect(taskEvent(voice, task({ host: undefined })).host).toBe(voice.host);
  });

  // The original compared seconds with milliseconds: of the vector's tasks it took only the one without statuses.
  const listeningSinceS = 1_699_999_999;
  test.each([
    ['a new state since the start', task(), undefined, true],
    ['a state from before the start, seen first', task({ timeS: 1_699_999_000.25 }), undefined, false],
    ['one that is known in another state', task({ timeS: 1_699_999_000.25 }), task({ state: 'TASK_STAGING' }), true],
    ['one without statuses', task({ timeS: undefined, startedS: undefined }), undefined, true],
  ] as const)('%s', (_, now, before, expected) => {
    expect(hasChanged(now, before, listeningSinceS)).toBe(expected);
  });
});

test('the leader holds for 60 s, the counts of hosts for 300 s', () => {
  expect(leaderEvent(voice, true)).toMatchObject({ service: 'mesos/leader', metric: 1, ttl: 60, state: 'ok' });
  expect(leaderEvent(voice, false).metric).toBe(0);
  // Without a state: a channel takes "ok" for the end of what it alerted on.
  expect(hostEvents(voice, host('here.example'), { 'num-hosts-up': 3 })).toEqual([
    { host: 'here.example', service: 'mesos/num-hosts-up', metric: 3, time: 1_700_000_000, ttl: 300 },
  ]);
});

test.each([
  ['http://localhost:5050', 'here.example', 'localhost'],
  ['http://127.0.0.1:5050', 'here.example', '127.0.0.1'],
  ['http://[::1]:5050', 'here.example', '::1'],
  ['http://m1.example:5050/mesos', 'here.example', 'm1.example'],
  ['http://[fd00::1]:5050', 'here.example', 'fd00::1'],
  [undefined, 'here.example', 'here.example'],
  [undefined, '4711', 'localhost'],
])('the host of the Mesos master at %s', (url, machine, expected) => {
  expect(hostOfMesos(url, machine)).toBe(expected);
});
