/** Two satellite-masters on one ZooKeeper, each beside a Mesos master: who leads (docs/judgement.md, rule 26a). */
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MesosMasterStub, startMesosMaster } from '../support/mesos-master.ts';
import { type MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../support/zookeeper.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-mesos-'));
let zooKeeper: ZooKeeperServer;
let mesos: [MesosMasterStub, MesosMasterStub];
let masters: [MasterProcess, MasterProcess];

beforeAll(async () => {
  zooKeeper = await startZooKeeper();
  mesos = [await startMesosMaster('leader'), await startMesosMaster('follower')];
  [mesos[0].leader, mesos[1].leader] = [mesos[1], mesos[0]];
  const start = (n: 0 | 1) =>
    startMaster(join(folder, `m${n}`), {
      'mesos-master-url': mesos[n].url,
      zookeeper: zooKeeper.connectString,
      'readmit-after': { first: '1s' },
    });
  masters = [await start(0), await start(1)];
}, 60_000);

afterAll(async () => {
  await Promise.all(masters.map((master) => master.kill()));
  await Promise.all(mesos.map((stub) => stub.close()));
  await zooKeeper.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** As a master announces itself. */
function idOf({ url }: MasterProcess): string {
  return `${hostname()}:${new URL(url).port}`;
}

function both(host: string, state: string): Promise<unknown> {
  return Promise.all(masters.map((master) => master.report(host, state)));
}

describe('two masters, each beside a Mesos master', () => {
  it('lets the one lead whose mesos-master is elected', async () => {
    await until(async () => (await masters[0].leads()) && !(await masters[1].leads()), { what: 'the first to lead' });
  });

  it('lets only the leader write, and the next leader act within seconds on what it heard as follower', async () => {
    await both('a1.example', 'ok');
    await both('a2.example', 'ok');
    await until(async () => (await masters[1].lines()).length === 2, { what: 'both hosts in the second file' });
    await masters[1].report('a2.example', 'critical');
    const why = await masters[1].api('GET', '/whitelist/host/a2.example/why');
    expect(why.json).toMatchObject({ flag: 'on' });
    mesos[0].role = 'follower';
    mesos[1].role = 'leader';
    await until(async () => (await masters[0].lines()).join() === 'a1.example', {
      timeoutMs: 9_000,
      what: 'the host off in both files',
    });
  }, 20_000);

  it('goes on leading while its mesos-master is silent and no other is elected', async () => {
    await until(() => masters[1].leads(), { what: 'the second to lead' });
    mesos[1].role = 'silent';
    await until(async () => String((await masters[1].api('GET', '/readyz')).json['leader']).includes('for 1'), {
      timeoutMs: 20_000,
      what: 'the answer to be too old',
    });
    const ready = await masters[1].api('GET', '/readyz');
    expect(ready.status).toBe(200);
    expect(ready.json['leader']).toMatch(
      /^leads: holds the leader node in ZooKeeper; no good answer of the local mesos-master for 1\d s: .*within 3s$/,
    );
  }, 30_000);

  it('shows the masters to each other', async () => {
    mesos[1].role = 'leader';
    await until(
      async () => (await masters[0].api('GET', '/readyz')).json['masters'] === `kept: by ${idOf(masters[1])}`,
      {
        timeoutMs: 20_000,
        what: 'the second to keep the file',
      },
    );
    const listed = JSON.parse((await masters[0].api('GET', '/masters')).body) as unknown;
    expect(listed).toMatchObject([
      { self: true, id: idOf(masters[0]), leads: false, store: 'whole', mesos: { elected: false } },
      { self: false, id: idOf(masters[1]), leads: true, store: 'whole', mesos: { elected: true } },
    ]);
  }, 30_000);

  it('lets another lead within seconds when only the leading satellite-master dies', async () => {
    await masters[1].kill();
    await until(() => masters[0].leads(), { timeoutMs: 15_000, what: 'the first to lead' });
    await masters[0].report('a1.example', 'critical');
    await masters[0].report('a2.example', 'ok');
    await until(async () => (await masters[0].lines()).join() === 'a2.example', {
      timeoutMs: 10_000,
      what: 'automation to go on',
    });
  }, 40_000);

  it('says then everywhere that nobody keeps the file of the leading mesos-master, until somebody does', async () => {
    const unkept = /file-unkept: no satellite-master runs beside the leading mesos-master/;
    await until(async () => unkept.test(String((await masters[0].api('GET', '/readyz')).json['masters'])), {
      timeoutMs: 25_000,
      what: 'readiness to say so',
    });
    const change = await masters[0].api('PUT', '/whitelist/host/a2.example/off', { by: 'operator' });
    expect(change.status).toBe(200);
    expect(change.json['warnings']).toEqual([expect.stringMatching(unkept)]);
    const why = await masters[0].api('GET', '/whitelist/host/a2.example/why');
    expect(why.json['reason']).toMatch(unkept);
    expect((await masters[0].api('GET', '/metrics')).body).toContain('\nsatellite_file_keeper{state="unkept"} 1\n');
    const events = await masters[0].api(
      'GET',
      `/events?query=${encodeURIComponent('service = "satellite/file-unkept"')}`,
    );
    expect(events.json['events']).toMatchObject([{ state: 'critical' }]);
    masters[1].launch();
    await until(async () => String((await masters[0].api('GET', '/readyz')).json['masters']).startsWith('kept'), {
      timeoutMs: 25_000,
      what: 'the second to keep the file again',
    });
    const next = await masters[0].api('PUT', '/whitelist/host/a2.example/on', { by: 'operator' });
    expect(next.json['warnings']).toBeUndefined();
  }, 60_000);
});
