/** A real master with a rules module: host changes as desired, loading anew by a changed file and by SIGHUP, --check. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { MasterProcess } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-e2e-rules-'));
const streams = join(folder, 'rules.ts');
let master: MasterProcess;

const HEAD = "import type { Satellite } from 'satellite';\n";
const TESTS = `${HEAD}export default ({ where, service, judgeTests }: Satellite) =>
  where(service(/^mesos\\/slave\\//), judgeTests());
`;
const WITH_GPU = `${HEAD}const SERVICE: string = 'gpu';
export default ({ where, service, judgeTests, rule, state, offHost, onHost, otherwise, stat, index, with: set }: Satellite) => [
  where(service(/^mesos\\/slave\\//), judgeTests()),
  where(service('queue'), stat('queue length')),
  where(service('throws'), () => {
    throw new Error('not this one');
  }),
  where(service('gpu'), set({ service: 'made by a rule' }, index())),
  rule('gpu', () => where(service(SERVICE), where(state('critical'), offHost(), otherwise(onHost())))),
];
`;

/** As an editor does it: a new file in the place of the old one. */
function put(text: string): void {
  writeFileSync(`${streams}.new`, text);
  renameSync(`${streams}.new`, streams);
}

const readiness = async () => String((await master.api('GET', '/readyz')).json['rules']);
const logged = (text: string) => master.log.filter((line) => line.includes(text)).length;
const listed = (hosts: readonly string[]) =>
  until(async () => JSON.stringify(await master.lines()) === JSON.stringify(hosts), { what: `the file says ${hosts}` });

beforeAll(async () => {
  put(WITH_GPU);
  const settings = { streams, 'readmit-after': { first: '1s', most: '1s' }, 'managed-off-limit': 1 };
  master = new MasterProcess(folder, await freePort(), settings);
  master.launch();
  await master.untilReady();
  await master.report('a1', 'ok', { ttl: 600 });
  await master.report('a2', 'ok', { ttl: 600 });
  await listed(['a1', 'a2']);
});
afterAll(async () => {
  await master.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('a master with rules of its own', () => {
  test('a rule takes a host off, through the guard, and why tells it', async () => {
    await master.report('a1', 'critical', { service: 'gpu', ttl: 600, description: 'lost' });
    await listed(['a2']);
    const why = (await master.api('GET', '/whitelist/host/a1/why')).json;
    expect(why).toMatchObject({ flag: 'off', decidedBy: 'managed', rule: 25 });
    expect(why['reason']).toContain('gpu critical: lost');
  });

  test('its figures are in the snapshot, its events in the index, its faults counted and logged once', async () => {
    const report = (events: readonly object[]) => master.api('POST', '/reports', { host: 'a2', events });
    await report([{ service: 'queue', metric: 7, ttl: 600 }]);
    await report([{ service: 'throws', state: 'ok' }]);
    await report([{ service: 'throws', state: 'ok' }]);
    expect((await master.api('GET', '/metrics/snapshot')).json).toMatchObject({ 'queue length': 7, 'num-hosts-up': 1 });
    const { body } = await master.api('GET', '/metrics');
    expect(body).toContain('satellite_rule_faults_total{stream="where"} 2');
    expect(body).toContain('satellite_rules_stale 0');
    expect(logged('a child of a stream failed')).toBe(1);
    expect(master.log.find((line) => line.includes('not this one'))).toContain('rules.ts:7');
    const { events } = (await master.api('GET', '/events')).json as { events: { service: string }[] };
    expect(events.map(({ service }) => service)).toContain('made by a rule');
  });

  test('a broken new file is told once, and the old rules go on', async () => {
    put(WITH_GPU.replace("stat('queue length')", 'stat(7)'));
    await until(async () => (await readiness()).startsWith('stale'), { what: 'the broken file noticed' });
    expect(await readiness()).toMatch(/^stale: .*rules\.ts:5: stat: needs the name of a figure/);
    expect((await master.api('GET', '/metrics')).body).toContain('satellite_rules_stale 1');
    master.signal('SIGHUP');
    put(`${WITH_GPU}\n}`);
    await until(async () => (await readiness()).includes('ParseError'), { what: 'the next broken file noticed' });
    expect(logged('failed to reload the rules module')).toBe(2);
    await master.report('a2', 'critical', { service: 'gpu', ttl: 600 });
    expect((await master.api('GET', '/whitelist/host/a2/why')).json['reason']).toContain('gpu critical');
    await master.report('a2', 'ok', { service: 'gpu', ttl: 600 });
  });

  test('a changed file takes over: the desired flag of a rule that is gone is withdrawn, all else lives on', async () => {
    put(TESTS);
    await listed(['a1', 'a2']);
    expect(await readiness()).toBe('ok');
    const { events } = (await master.api('GET', '/events?query=service%20%3D%20%22gpu%22')).json;
    expect(events).toHaveLength(2);
    expect((await master.api('GET', '/whitelist/host/a1/history')).body).toContain('readmitted');
  });

  test('SIGHUP loads it anew, and the rule speaks at once of what is in the index', async () => {
    const before = logged('rules module reloaded');
    put(WITH_GPU);
    master.signal('SIGHUP');
    await listed(['a2']);
    expect(logged('rules module reloaded')).toBeGreaterThan(before);
    expect(master.running).toBe(true);
  });
});

describe('--check', () => {
  function check(settings: object): { readonly code: number | null; readonly out: string; readonly err: string } {
    const config = join(folder, 'check.json');
    writeFileSync(config, JSON.stringify(settings));
    const words = ['dist/satellite-master/main.js', '--config', config, '--check'];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    return { code: status, out: stdout, err: stderr };
  }

  test('names the rules that are sound', () => {
    put(WITH_GPU);
    const { code, out } = check({ streams, 'mesos-master-url': null });
    expect([code, out.split('rules: ')[1]]).toEqual([0, `${streams}\n`]);
    expect(check({ 'mesos-master-url': null }).out).toContain('rules: the default ones');
    expect(check({ streams: 'config/streams.ts', 'mesos-master-url': null }).code).toBe(0);
  });

  test('says what is wrong with settings and rules at once, and exits with 2', () => {
    put(WITH_GPU.replace("stat('queue length')", 'stat(7)').replace('offHost()', 'offhost()'));
    const { code, err } = check({ streams, 'service-port': 'x' });
    expect(code).toBe(2);
    expect(err).toMatch(/service-port: found "x", expected a port number/);
    expect(err).toMatch(/rules\.ts:5: stat: needs the name of a figure/);
    expect(err).toMatch(/rules\.ts:10: offhost is not defined/);
  });

  test('and without --check the same rules stop the start with 2', () => {
    const config = join(folder, 'start.json');
    writeFileSync(config, JSON.stringify({ streams, 'mesos-master-url': null, 'data-dir': join(folder, 'start') }));
    const words = ['dist/satellite-master/main.js', '--config', config];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    expect([status, /rules\.ts:5: stat/.test(stderr)]).toEqual([2, true]);
  });
});
