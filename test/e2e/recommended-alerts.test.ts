/** The alerts that docs/operations.md recommends, tried by Debian's promtool and Prometheus on masters that are well and broken. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type PrometheusServer, promtool, startPrometheusOf } from '../support/prometheus.ts';
import { MasterProcess, type Settings, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const page = readFileSync('docs/operations.md', 'utf8');
const rules = /```yaml\n(groups:[\s\S]*?)```/.exec(page)?.[1] ?? '';
const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name as string);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-alerts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Series of ten minutes, a value each 15 s, and which alerts they are to lead to. */
const CASES: Readonly<Record<string, readonly [series: string, values: string][]>> = {
  '': [
    ['up{job="satellite"}', '1x40'],
    ['satellite_leader{job="satellite",instance="a"}', '1x40'],
    ['satellite_leader{job="satellite",instance="b"}', '0x40'],
    ['satellite_file_age_seconds', '0 5 10 0 5 10 0x34'],
    ['satellite_mesos_figures_age_seconds', '0 15 30 45 60 0 15 30 45 60 0x30'],
    ['satellite_store_state{state="whole"}', '1x40'],
    ['satellite_guard_held', '1x10 0x30'],
    ['satellite_drift{kind="no-slave"}', '5x40'],
    ['satellite_events_dropped_total{reason="older"}', '0+5x40'],
    ['satellite_alerts_waiting', '1 0 2 0x37'],
  ],
  SatelliteDown: [['up{job="satellite"}', '0x40']],
  SatelliteNotOneLeader: [
    ['satellite_leader{job="satellite",instance="a"}', '0x40'],
    ['satellite_leader{job="satellite",instance="b"}', '0x40'],
  ],
  SatelliteStoreNotWhole: [['satellite_store_state{state="whole"}', '0x40']],
  SatelliteFileOld: [['satellite_file_age_seconds', '0+15x40']],
  SatelliteFileHeld: [['satellite_file_held', '1x40']],
  SatelliteFileUnkept: [['satellite_file_keeper{state="unkept"}', '1x40']],
  SatelliteMesosSilent: [['satellite_mesos_figures_age_seconds', '0+15x40']],
  SatelliteRecordsBroken: [['satellite_broken_records', '1x40']],
  SatelliteHostsHeld: [['satellite_guard_held', '2x40']],
  SatelliteMassSilence: [['satellite_mass_silence', '1x40']],
  SatelliteNoJudgement: [['satellite_no_judgement', '1x40']],
  SatelliteRulesStale: [['satellite_rules_stale', '1x40']],
  SatelliteWhitelistIgnored: [['satellite_drift{kind="tasks-while-off"}', '1x40']],
  SatelliteEventsRejected: [['satellite_events_dropped_total{reason="full"}', '0+1x40']],
  SatelliteAlertsNotSent: [['satellite_alerts_dropped_total{reason="refused"}', '0+1x40']],
  SatelliteAlertsWaiting: [['satellite_alerts_waiting', '3x45']],
};

describe('promtool', () => {
  beforeAll(() => writeFileSync(join(folder, 'rules.yml'), rules));

  test('has nothing to say against the rules, and each of them has a case here', async () => {
    expect(await promtool(['check', 'rules', 'rules.yml'], folder)).toMatchObject({ ok: true });
    expect(Object.keys(CASES).filter(Boolean).sort()).toEqual([...names].sort());
  });

  test.each(Object.entries(CASES))('finds what leads to %j, and to nothing else', async (alert, series) => {
    const file = join(folder, `${alert || 'healthy'}.yml`);
    const alerts = names.map((name) => ({
      eval_time: '10m15s',
      alertname: name,
      exp_alerts: name === alert ? [{ exp_labels: labelsOf(name, series[0]?.[0] ?? '') }] : [],
    }));
    const input = series.map(([one, values]) => ({ series: one, values }));
    writeFileSync(
      file,
      JSON.stringify({
        rule_files: ['rules.yml'],
        evaluation_interval: '15s',
        tests: [{ interval: '15s', input_series: input, alert_rule_test: alerts }],
      }),
    );
    expect(await promtool(['test', 'rules', file], folder)).toMatchObject({ ok: true });
  });

  /** Of the alert: those of the series but for its name; a sum keeps only the job. */
  function labelsOf(alert: string, series: string): Readonly<Record<string, string>> {
    const labels = Object.fromEntries([...series.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    return alert === 'SatelliteNotOneLeader' ? { job: 'satellite' } : (labels as Record<string, string>);
  }
});

describe('Prometheus', () => {
  const masters: MasterProcess[] = [];
  let prometheus: PrometheusServer;

  async function start(name: string, settings: Settings = {}): Promise<MasterProcess> {
    const master = new MasterProcess(join(folder, name), await freePort(), settings);
    masters.push(master);
    master.launch();
    await until(async () => (await master.api('GET', '/healthz')).status === 200, { what: `${name} to answer` });
    return master;
  }

  afterAll(async () => {
    await prometheus.dispose();
    for (const master of masters) await master.kill();
  });

  test('fires none of them on a master that is well, and the right ones on those that are broken', async () => {
    const healthy = await startMaster(join(folder, 'healthy'));
    masters.push(healthy);
    const ill = await start('ill');
    const noStore = await start('no-store', { zookeeper: '127.0.0.1:1' });
    const module = join(folder, 'nobody-judged.mjs');
    writeFileSync(module, 'export default () => () => true;\n');
    const noJudgement = await start('no-judgement', { streams: module });
    for (const master of [healthy, ill])
      for (const host of ['h1', 'h2', 'h3', 'h4']) await master.report(host, 'ok', { ttl: 600 });
    await until(async () => (await healthy.lines()).length === 4 && (await ill.lines()).length === 4, {
      what: 'the files',
    });
    for (const host of ['h1', 'h2', 'h3']) await ill.report(host, 'critical', { ttl: 600 });
    const target = ({ url }: MasterProcess) => [url.slice('http://'.length)];
    const jobs = {
      'satellite-healthy': target(healthy),
      'satellite-ill': target(ill),
      'satellite-no-store': target(noStore),
      'satellite-no-judgement': target(noJudgement),
      'satellite-gone': [`127.0.0.1:${await freePort()}`],
    };
    // As they are, but at once.
    prometheus = await startPrometheusOf(jobs, rules.replaceAll(/^ *for: .*\n/gm, ''));
    const firing = async () => {
      const found: Record<string, string[]> = {};
      for (const { labels } of await prometheus.query('ALERTS{alertstate="firing"}')) {
        const job = String(labels['job']).replace('satellite-', '');
        found[job] = [...(found[job] ?? []), String(labels['alertname'])].sort();
      }
      return found;
    };
    const expected = {
      ill: ['SatelliteHostsHeld'],
      'no-store': ['SatelliteFileOld', 'SatelliteNotOneLeader', 'SatelliteStoreNotWhole'],
      'no-judgement': ['SatelliteNoJudgement'],
      gone: ['SatelliteDown'],
    };
    const up = 'count(up{job=~"satellite.*"} == 1)';
    await prometheus.untilIs(up, 4);
    await until(async () => Object.keys(await firing()).length === 4, { what: 'the alerts', timeoutMs: 30_000 });
    expect(await firing()).toEqual(expected);
    expect(await prometheus.query('satellite_hosts{job="satellite-no-store"}')).toEqual([]);
    await prometheus.untilIs('satellite_hosts{job="satellite-healthy",list="on"}', 4);
    const shown = await noStore.api('GET', '/metrics/snapshot');
    expect(Object.keys(shown.json).filter((name) => name.includes('hosts'))).toEqual([]);
  }, 90_000);
});
