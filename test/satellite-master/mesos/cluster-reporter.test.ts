import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { ClusterModel } from '../../../satellite-master/mesos/cluster/cluster-model.ts';
import { ClusterReporter } from '../../../satellite-master/mesos/metrics/cluster-reporter.ts';
import { ClusterFigures, type MesosMetrics } from '../../../satellite-master/stats/cluster-figures.ts';
import type { Event } from '../../../shared/event.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { host } from '../../support/harness.ts';
import { feedState } from './support/feed-snapshot.ts';
import { logLines } from './support/log-lines.ts';

const POLL_MS = 60_000;
/** The captured bodies are of November 2026. */
const AFTER_CAPTURE_MS = 1_800_000_000_000;

let clock: ManualClock;
let view: ClusterModel;
let figures: ClusterFigures;
let taken: Event[];
let leads: boolean;
let leader: string | undefined;
let refusal: Error | undefined;
let lines: () => readonly string[];
let asked: string[];
let hostFigures: Readonly<Record<string, number>> | undefined;
let tell: (metrics: MesosMetrics) => void;
let watch: ClusterReporter;

function captured(name: string): MesosMetrics {
  return JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}_metrics_snapshot.json`, 'utf8'));
}

function state(name: string): { frameworks: { tasks: Record<string, unknown>[] }[] } {
  return JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}_state.json`, 'utf8'));
}

beforeEach(() => {
  clock = new ManualClock(AFTER_CAPTURE_MS);
  view = new ClusterModel({ url: 'http://mesos', pollIntervalMs: POLL_MS, clock, log: silentLog });
  figures = new ClusterFigures(clock);
  taken = [];
  asked = [];
  leads = false;
  leader = 'http://m2:5050';
  hostFigures = undefined;
  refusal = undefined;
  const logged = logLines();
  lines = () => logged.lines().map(({ msg }) => msg);
  watch = new ClusterReporter({
    mesos: {
      client: {
        onFigures: (listener) => {
          tell = listener;
        },
      },
      leader: {
        leader: async () => leader,
        figuresOf: async (address) => {
          asked.push(address);
          if (refusal) throw refusal;
          return captured('master');
        },
      },
      cluster: view,
    },
    figures,
    leads: () => leads,
    hostFigures: () => hostFigures,
    publish: (events) => taken.push(...events),
    mesosHost: host('mesos1.example'),
    host: host('m1.example'),
    pollIntervalMs: POLL_MS,
    clock,
    log: logged.log,
  });
});

const services = () => taken.map(({ service }) => service);

describe('a poll says', () => {
  test('each answer of Mesos once, and nothing of a cluster that has not been told', async () => {
    await watch.poll();
    expect(taken).toEqual([]);
    tell(captured('ha1'));
    await watch.poll();
    expect(services()).toContain('mesos/master/uptime_secs');
    const once = taken.length;
    await watch.poll();
    expect(taken).toHaveLength(once);
  });

  test('the frameworks while the picture is fresh', async () => {
    feedState(view, state('master'));
    taken.length = 0;
    await watch.poll();
    expect(services().filter((service) => service.startsWith('mesos/frameworks/')).length).toBeGreaterThan(0);
    clock.advance(4 * POLL_MS);
    taken.length = 0;
    await watch.poll();
    expect(taken).toEqual([]);
  });

  test("the whitelist's figures once they are known", async () => {
    hostFigures = { 'num-hosts-up': 3 };
    await watch.poll();
    expect(taken).toMatchObject([{ service: 'mesos/num-hosts-up', metric: 3, host: 'm1.example' }]);
  });
});

test('the tasks of the first answer are no news, and what becomes of one of them is', () => {
  feedState(view, state('master'));
  expect(services().filter((service) => service === 'mesos/tasks')).toEqual([]);
  const next = state('master');
  const running = next.frameworks[0]?.tasks[0] ?? {};
  running['state'] = 'TASK_LOST';
  feedState(view, next);
  expect(taken).toMatchObject([
    { service: 'mesos/tasks', state: 'TASK_LOST', metric: 1, attributes: { task: running['id'] } },
  ]);
  expect(taken[0]?.host).toMatch(/^(alpha|bravo)\.test$/);
});

test('who leads is said at once and then so often that the word never runs out', () => {
  watch.start();
  leads = true;
  watch.publishLeader();
  clock.advance(50_000);
  watch.stop();
  const said = taken.filter(({ service }) => service === 'mesos/leader');
  expect(said.map(({ metric }) => metric)).toEqual([0, 1, 1, 1, 1, 1, 1]);
});

describe('the figures of the leader', () => {
  test('are asked for beside a follower only', async () => {
    tell(captured('ha1'));
    await watch.poll();
    expect(asked).toEqual(['http://m2:5050']);
    expect(figures.snapshot()['cluster-agents-active']).toBe(2);
    tell(captured('ha2'));
    await watch.poll();
    expect(asked).toHaveLength(1);
    expect(figures.snapshot()['cluster-agents-active']).toBe(0);
  });

  test('are nobody’s while there is no leader', async () => {
    leader = undefined;
    tell(captured('ha1'));
    await watch.poll();
    expect(asked).toEqual([]);
    expect(figures.ageS).toBeUndefined();
  });

  test('are told to be there again only when they are', async () => {
    tell(captured('ha1'));
    refusal = new Error('http://m2:5050/metrics/snapshot: no answer');
    await watch.poll();
    expect(lines()).toEqual(['no figures of the leading Mesos master']);
    leader = undefined;
    await watch.poll();
    // The one beside us was elected once, and has not answered for a minute.
    tell(captured('ha2'));
    clock.advance(60_000);
    leader = 'http://m2:5050';
    await watch.poll();
    expect(lines()).toHaveLength(1);
    tell(captured('ha2'));
    await watch.poll();
    expect(lines().at(-1)).toBe('the leading Mesos master answers its figures again');
  });

  test('changes of the leader are seen', async () => {
    await watch.poll();
    leader = 'http://m3:5050';
    await watch.poll();
    expect(figures.leaderChanges).toBe(1);
  });
});
