/** What a master tells of its cluster, as a process beside a Mesos master with captured bodies, to people and to Prometheus. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MesosMasterStub, startMesosMaster } from '../support/mesos-master.ts';
import { checkMetrics, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { type MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-figures-'));
const AGENTS = ['alpha.test', 'bravo.test'];
let mesos: MesosMasterStub;
let master: MasterProcess;
let starting: Promise<PrometheusServer>;

beforeAll(async () => {
  mesos = await startMesosMaster('cluster');
  master = await startMaster(join(folder, 'm'), { 'mesos-master-url': mesos.url, 'sleep-time': 500 });
  starting = startPrometheus([master.url.slice('http://'.length)]);
  starting.catch(() => undefined);
  for (const agent of AGENTS) await master.report(agent, 'ok', { ttl: 600 });
  await until(async () => (await master.lines()).length === 2, { what: 'both agents in the file' });
}, 60_000);

afterAll(async () => {
  await master.kill();
  await mesos.close();
  rmSync(folder, { recursive: true, force: true });
});

async function figures(): Promise<Readonly<Record<string, number>>> {
  return (await master.api('GET', '/metrics/snapshot')).json as Readonly<Record<string, number>>;
}

/** Waits for what is asked after now. */
async function anotherPoll(): Promise<void> {
  const from = mesos.asked;
  await until(() => mesos.asked >= from + 2, { what: 'Mesos to be asked again' });
}

describe('a master beside a Mesos master', () => {
  it("tells the cluster's figures beside the whitelist's", async () => {
    await until(async () => (await figures())['cluster-agents-active'] === 2, { what: 'the figures of the cluster' });
    expect(await figures()).toMatchObject({
      'num-hosts-up': 2,
      'prop-available-hosts': 1,
      'cluster-cpus-total': 4,
      'cluster-mem-total': 4096,
      'cluster-leader-changes': 0,
    });
    expect((await figures())['cluster-figures-age-seconds']).toBeLessThan(5);
  });

  it("says it all as events under the original's names, and none of them makes a host", async () => {
    const events = await until(
      async () => {
        const all = (await master.api('GET', '/events')).json['events'] as readonly Record<string, unknown>[];
        return all.some(({ service }) => String(service).startsWith('mesos/frameworks/')) && all;
      },
      { what: 'the events of the frameworks' },
    );
    const byService = new Map(events.map((event) => [event['service'], event]));
    expect(byService.get('mesos/leader')).toMatchObject({ metric: 1, ttl: 60, host: '127.0.0.1' });
    expect(byService.get('mesos/master/elected')).toMatchObject({ metric: 1, state: 'ok', ttl: 300 });
    expect(byService.get('mesos/num-hosts-up')).toMatchObject({ metric: 2 });
    expect(byService.size).toBeGreaterThan(400);
    const hosts = Object.keys((await master.api('GET', '/whitelist/all')).json);
    expect(hosts).toEqual(AGENTS);
  });

  it('finds no drift where list, reports and Mesos agree', async () => {
    const drift = await until(
      async () => {
        const { json } = await master.api('GET', '/drift');
        return json['fresh'] === true && json;
      },
      { what: 'a fresh look' },
    );
    expect(drift).toMatchObject({ reason: null, findings: [] });
  });

  it('keeps inventory and file whole when a leader without quorum knows no agents, and says so', async () => {
    const before = await readFile(master.file, 'utf8');
    mesos.role = 'noQuorum';
    await until(async () => (await figures())['cluster-agents-active'] === 0, { what: 'the empty answer' });
    await anotherPoll();
    expect(await readFile(master.file, 'utf8')).toBe(before);
    expect(Object.keys((await master.api('GET', '/whitelist/on')).json)).toEqual(AGENTS);
    const drift = await until(
      async () => {
        const { json } = await master.api('GET', '/drift');
        return json['fresh'] === false && json;
      },
      { what: 'drift to be stale' },
    );
    expect(drift['reason']).toMatch(/no agents/);
    mesos.role = 'cluster';
    await until(async () => (await figures())['cluster-agents-active'] === 2, { what: 'the agents again' });
  });

  it('keeps the last figures with their age while Mesos is silent, and goes on when it is back', async () => {
    mesos.role = 'silent';
    await until(async () => ((await figures())['cluster-figures-age-seconds'] ?? 0) > 2, { what: 'old figures' });
    expect((await figures())['cluster-agents-active']).toBe(2);
    mesos.role = 'cluster';
    await until(async () => ((await figures())['cluster-figures-age-seconds'] ?? 9) < 2, { what: 'fresh figures' });
  }, 20_000);

  it('never counts a failover as tasks that ended', async () => {
    const now = await until(
      async () => {
        const read = await figures();
        return read['cluster-tasks-lost-per-minute'] !== undefined && read;
      },
      { timeoutMs: 15_000, what: 'rates' },
    );
    expect(now).toMatchObject({
      'cluster-tasks-lost-per-minute': 0,
      'cluster-tasks-failed-per-minute': 0,
      'cluster-tasks-finished-per-minute': 0,
    });
  });

  it('remembers the series over a restart', async () => {
    const points = async (): Promise<readonly [number, number][]> => {
      const { json } = await master.api('GET', '/metrics/history?name=num-hosts-up&since=1h');
      return (json['points'] ?? []) as [number, number][];
    };
    await until(async () => (await points()).length > 0, { timeoutMs: 15_000, what: 'a point' });
    const before = await points();
    await master.stop();
    master.launch();
    await master.untilReady();
    expect((await points()).slice(0, before.length).map(([time]) => time)).toEqual(before.map(([time]) => time));
  }, 30_000);
});

it('beside a follower it tells the figures of the leader', async () => {
  const follower = await startMesosMaster('follower');
  follower.leader = mesos;
  const beside = await startMaster(join(folder, 'f'), { 'mesos-master-url': follower.url, 'sleep-time': 500 });
  try {
    const answer = await until(
      async () => {
        const { json } = await beside.api('GET', '/metrics/snapshot');
        return json['cluster-agents-active'] !== undefined && json;
      },
      { what: 'the figures of the leader' },
    );
    expect(answer).toMatchObject({ 'cluster-agents-active': 2, 'cluster-cpus-total': 4 });
  } finally {
    await beside.kill();
    await follower.close();
  }
});

describe('for Prometheus', () => {
  let prometheus: PrometheusServer;

  beforeAll(async () => {
    prometheus = await starting;
  });

  afterAll(() => prometheus?.dispose());

  it('the real one scrapes the cluster and Satellite itself', async () => {
    await prometheus.untilIs('up{job="satellite"}', 1);
    await prometheus.untilIs('satellite_mesos_resource_capacity{resource="cpus"}', 4);
    await prometheus.untilIs('satellite_mesos_agents{state="active"}', 2);
    await prometheus.untilIs('satellite_hosts{list="on"}', 2);
    await prometheus.untilIs('satellite_store_state{state="whole"}', 1);
    for (const name of [
      'satellite_file_age_seconds',
      'satellite_waiting{queue="history"}',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      expect(await prometheus.query(name)).toHaveLength(1);
  }, 30_000);

  it('has labels from small sets only', async () => {
    await prometheus.untilIs('count(satellite_drift)', 5);
    const samples = await prometheus.query('{__name__=~"satellite_mesos_.*|satellite_drift"}');
    expect(samples.length).toBeLessThan(60);
    const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
    expect([...labels].sort()).toEqual(['__name__', 'instance', 'job', 'kind', 'resource', 'state']);
  });

  it('promtool has nothing to say against the text', async () => {
    const { body } = await master.api('GET', '/metrics');
    const ours = body.split('\n').filter((line) => / ?satellite_/.test(line));
    expect(await checkMetrics(`${ours.join('\n')}\n`)).toBe('');
  });
});
