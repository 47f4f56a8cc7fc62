/** A real satellite-master beside a simulated Mesos: a host that goes off is deactivated there, and comes back; maintenance is told in why. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Mesos, startMesos } from '../../demo/simulator/mesos.ts';
import { type MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-off-in-mesos-'));
const HOSTS = ['a1.example', 'a2.example', 'a3.example', 'a4.example'] as const;
let mesos: Mesos;
let master: MasterProcess;

beforeAll(async () => {
  mesos = await startMesos({ agents: HOSTS.length, nameOf: (index) => HOSTS[index] ?? '' });
  master = await startMaster(join(folder, 'master'), {
    'mesos-master-url': mesos.masters[0]?.url,
    'sleep-time': '1s',
    'off-action': 'deactivate',
    'readmit-after': { first: '1s' },
  });
  await until(() => master.leads(), { what: 'the master to lead' });
  for (const host of HOSTS) await master.report(host, 'ok');
  await until(async () => (await master.lines()).length === HOSTS.length, { what: 'all on the list' });
}, 60_000);

afterAll(async () => {
  await master.kill();
  await mesos.close();
  rmSync(folder, { recursive: true, force: true });
});

async function why(host: string): Promise<string> {
  return String((await master.api('GET', `/whitelist/host/${host}/why`)).json['reason']);
}

it('deactivates the agent of a host that goes off, says so, and reactivates it', async () => {
  const agent = mesos.world.agent('a1.example');
  await master.report('a1.example', 'critical');
  await until(() => agent.deactivated, { what: 'the agent to be deactivated' });
  await until(async () => (await why('a1.example')).includes(`agent ${agent.id} is deactivated by Satellite`), {
    what: 'why to say so',
  });
  expect((await master.api('GET', '/whitelist/managed')).status).toBe(200);
  const beat = setInterval(() => void master.report('a1.example', 'ok'), 500);
  await until(() => !agent.deactivated, { what: 'the agent to be reactivated' });
  clearInterval(beat);
  expect(await master.lines()).toContain('a1.example');
  const metrics = await (await fetch(`${master.url}/metrics`)).text();
  expect(metrics).toContain('satellite_bridge_calls_total{call="deactivate",outcome="done"} 1');
  expect(metrics).toContain('satellite_bridge_calls_total{call="reactivate",outcome="done"} 1');
});

it('tells of a maintenance window, and leaves its host out of the budget', async () => {
  const { ip } = mesos.world.agent('a2.example');
  const start = { nanoseconds: (Date.now() - 60_000) * 1e6 };
  const windows = [{ machine_ids: [{ hostname: 'a2.example', ip }], unavailability: { start } }];
  mesos.maintenance.replace({ windows });
  await until(async () => (await why('a2.example')).includes('in a maintenance window of Mesos (draining)'), {
    what: 'why to tell of the window',
  });
  mesos.maintenance.down([{ hostname: 'a2.example', ip }]);
  await until(async () => (await why('a2.example')).includes('in a maintenance window of Mesos (down)'), {
    what: 'why to tell that it is down',
  });
  await master.report('a2.example', 'critical');
  await until(async () => !(await master.lines()).includes('a2.example'), { what: 'the host off' });
  const metrics = await (await fetch(`${master.url}/metrics`)).text();
  expect(metrics).toContain('satellite_planned_hosts 1');
  expect(metrics).toMatch(/satellite_guard_off 0/);
});
