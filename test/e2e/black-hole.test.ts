/** A real master beside a Mesos that tells tasks: a black hole goes off the list through the guard, and comes back. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MesosMasterStub, startMesosMaster } from '../support/mesos-master.ts';
import { type MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const HOLE = 'hole.example';
const HOSTS = [HOLE, 'a.example', 'b.example', 'c.example'];

interface Told {
  readonly id: string;
  readonly host: string;
  readonly state: string;
  readonly time: number;
}

let mesos: MesosMasterStub;
let master: MasterProcess | undefined;

beforeEach(async () => {
  mesos = await startMesosMaster('cluster');
});

afterEach(async () => {
  await master?.stop();
  await mesos.close();
});

/** Mesos tells these tasks of the application `web` from now on. */
function tell(tasks: readonly Told[]): void {
  const slaves = HOSTS.map((hostname, at) => ({
    id: `s${at}`,
    hostname,
    pid: `slave(1)@10.0.0.${at}:5051`,
    active: true,
  }));
  const completed = tasks.map(({ id, host, state, time }) => ({
    id,
    name: 'web',
    framework_id: 'f',
    slave_id: `s${HOSTS.indexOf(host)}`,
    state,
    statuses: [
      { state: 'TASK_RUNNING', timestamp: time - 0.5 },
      { state, timestamp: time },
    ],
  }));
  const framework = { id: 'f', name: 'marathon', hostname: '', active: true, tasks: [], completed_tasks: completed };
  mesos.bodies.set('/state', JSON.stringify({ version: '1.12.0', slaves, frameworks: [framework] }));
  mesos.bodies.set('/slaves', JSON.stringify({ slaves }));
}

function some(count: number, host: string, state: string): Told[] {
  const time = Date.now() / 1000 - 2;
  return Array.from({ length: count }, (_, at) => ({ id: `${state}-${host}-${at}`, host, state, time }));
}

test('a black hole goes off through the guard, with the counts in why, and returns when tasks go well there again', async () => {
  const well = HOSTS.slice(1).flatMap((host) => some(5, host, 'TASK_FINISHED'));
  const failed = some(12, HOLE, 'TASK_FAILED');
  tell(well);
  master = await startMaster(await mkdtemp(join(tmpdir(), 'satellite-black-hole-')), {
    'mesos-master-url': mesos.url,
    'sleep-time': '1s',
    'blackhole-action': 'off',
    'blackhole-check-seconds': 10,
    'readmit-after': { first: '1s', most: '10s' },
    'managed-off-limit': 0.5,
  });
  const here = master;
  expect(here.log.join('\n')).toMatch(/blackhole-check-seconds.*widened to 2m/);
  const report = () => Promise.all(HOSTS.map((host) => here.report(host, 'ok')));
  await report();
  await until(async () => (await here.lines()).length === HOSTS.length, { what: 'all hosts to be on' });

  tell([...well, ...failed]);
  await until(async () => !(await here.lines()).includes(HOLE), {
    timeoutMs: 25_000,
    what: 'the black hole to go off',
  });
  expect(await here.lines()).toEqual(['a.example', 'b.example', 'c.example']);
  const why = await here.api('GET', `/whitelist/host/${HOLE}/why`);
  expect(why.json).toMatchObject({ flag: 'off', decidedBy: 'managed', rule: 29, ruleId: '29' });
  expect(why.json['reason']).toMatch(/marathon\/web failed 12 of 12 here, 0 of 15 on 3 other hosts/);
  const figures = (await here.api('GET', '/metrics')).body;
  expect(figures).toMatch(/satellite_black_hole_hosts 1/);
  expect(figures).toMatch(/satellite_failing_applications 0/);

  // Tasks on offers that were out already go well: that is no black hole.
  tell([...well, ...failed, ...some(20, HOLE, 'TASK_FINISHED')]);
  await until(async () => (await here.lines()).includes(HOLE), { timeoutMs: 25_000, what: 'the host to come back' });
  const history = await here.api('GET', `/whitelist/host/${HOLE}/history`);
  expect(history.body).toMatch(/readmitted after 1s of fitness/);
  expect(history.body).toMatch(/"cause": ?"black-hole"/);
}, 60_000);
