import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { ClusterFigures, type MesosMetrics } from '../../../satellite-master/stats/cluster-figures.ts';
import { Metrics } from '../../../satellite-master/stats/metrics.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock } from '../../support/harness.ts';

let clock: ManualClock;
let figures: ClusterFigures;

beforeEach(() => {
  clock = aClock();
  figures = new ClusterFigures(clock);
});

function captured(name: string): MesosMetrics {
  return JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}_metrics_snapshot.json`, 'utf8'));
}

async function shown(): Promise<string> {
  const metrics = new Metrics({ ofProcess: false });
  metrics.cluster.fill(figures);
  return await metrics.text();
}

test('a captured answer with an agent that can not be reached', async () => {
  figures.take(captured('agent2_unreachable'), 'm1');
  expect(figures.snapshot()).toMatchObject({
    'cluster-cpus-total': 2,
    'cluster-cpus-used': 0.1,
    'cluster-cpus-percent': 5,
    'cluster-mem-total': 2048,
    'cluster-mem-used': 32,
    'cluster-disk-percent': 0,
    'cluster-tasks-running': 1,
    'cluster-tasks-unreachable': 1,
    'cluster-tasks-lost': 0,
    'cluster-agents-active': 1,
    'cluster-agents-unreachable': 1,
    'cluster-frameworks-active': 1,
    'cluster-figures-age-seconds': 0,
  });
  const text = await shown();
  expect(text).toMatch('satellite_mesos_agents{state="unreachable"} 1');
  expect(text).toMatch('satellite_mesos_resource_used{resource="mem"} 32');
  expect(text).toMatch('satellite_mesos_tasks{state="running"} 1');
});

test('before Mesos has answered, nothing is said of the cluster, and the wait for it is an age to alert on', async () => {
  clock.advance(200_000);
  expect(figures.snapshot()).toEqual({ 'cluster-leader-changes': 0 });
  const text = await shown();
  expect(text).toMatch(/^satellite_mesos_figures_age_seconds 200$/m);
  expect(text).not.toMatch(/^satellite_mesos_(agents|tasks|resource)/m);
});

test('a follower tells nothing of the cluster, and takes nothing away', () => {
  figures.take(captured('master'), 'm1');
  const before = figures.snapshot();
  clock.advance(5_000);
  figures.take(captured('ha1'), 'm2');
  expect(figures.snapshot()).toEqual({ ...before, 'cluster-figures-age-seconds': 5 });
});

test('old figures stay, with their age', () => {
  figures.take(captured('master'), 'm1');
  clock.advance(90_000);
  expect(figures.snapshot()).toMatchObject({ 'cluster-agents-active': 2, 'cluster-figures-age-seconds': 90 });
});

test('what a version lacks, or what is no figure, is absent', () => {
  figures.take({ 'master/elected': 1, 'master/cpus_total': 4, 'master/mem_total': -1, 'master/tasks_lost': NaN }, 'm1');
  expect(Object.keys(figures.snapshot())).toEqual([
    'cluster-cpus-total',
    'cluster-leader-changes',
    'cluster-figures-age-seconds',
  ]);
});

test('over a failover the rates neither sink nor leap, and Prometheus sees one counter that only rises', async () => {
  const metrics = new Metrics({ ofProcess: false });
  const told = async () => {
    metrics.cluster.fill(figures);
    return /satellite_mesos_tasks_ended_total\{state="lost"\} (\d+)/.exec(await metrics.text())?.[1];
  };
  const at = (lost: number, uptime: number, master: string) =>
    figures.take({ 'master/elected': 1, 'master/tasks_lost': lost, 'master/uptime_secs': uptime }, master);
  at(1_000, 5_000, 'm1');
  expect(await told()).toBe('0');
  clock.advance(60_000);
  at(1_006, 5_060, 'm1');
  expect(figures.snapshot()['cluster-tasks-lost-per-minute']).toBe(6);
  expect(await told()).toBe('6');
  clock.advance(60_000);
  at(2, 9_000, 'm2');
  expect(figures.snapshot()['cluster-tasks-lost-per-minute']).toBe(0);
  clock.advance(60_000);
  at(5, 9_060, 'm2');
  expect(figures.snapshot()['cluster-tasks-lost-per-minute']).toBe(3);
  expect(figures.snapshot()['cluster-tasks-lost']).toBe(5);
  expect(await told()).toBe('9');
});

test('leaders are counted when they change, not when they are away', () => {
  for (const leader of ['m1', 'm1', undefined, 'm1', 'm2', undefined, 'm1']) figures.leads(leader);
  expect(figures.leaderChanges).toBe(2);
});
