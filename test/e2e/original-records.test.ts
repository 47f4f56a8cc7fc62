/** What the original left in ZooKeeper is shown, changed and kept. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createZooKeeperSession } from '../../satellite-master/zookeeper/session.ts';
import type { ZooKeeperSession } from '../../satellite-master/zookeeper/types.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLog } from '../../shared/log.ts';
import { type MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../support/zookeeper.ts';

/** As the original writes them: escaped slashes, its own key order, one key that nobody knows. */
const RECORDS = {
  'hA.example': String.raw`{"managed-events":{"mesos\/slave\/test1":{"description":"d1","x-client":"riemann-c-client","tags":null,"service":"mesos\/slave\/test1","time":1.795343395799E9,"state":"critical","host":"hA.example","ttl":300.0,"metric":1}},"manual-events":{},"managed-flag":"off","manual-flag":null}`,
  'hB.example': String.raw`{"managed-events":{},"manual-events":{"net":{"ttl":604800,"state":"ok","description":"h\u00e9llo","time":4000000000}},"managed-flag":null,"manual-flag":"on","rack":"7"}`,
  'hC.example': '{"managed-flag":"on"}',
  'hD.example': '',
};

const folder = mkdtempSync(join(tmpdir(), 'satellite-original-'));
let zooKeeper: ZooKeeperServer;
let other: ZooKeeperSession;
let master: MasterProcess;

beforeAll(async () => {
  zooKeeper = await startZooKeeper();
  other = createZooKeeperSession({ connectString: zooKeeper.connectString, log: silentLog, clock: systemClock });
  other.start();
  await until(() => other.state.kind === 'connected', { what: 'another program in ZooKeeper' });
  await other.ensurePath('/satellite/whitelist');
  for (const [host, data] of Object.entries(RECORDS))
    await other.create(`/satellite/whitelist/${host}`, Buffer.from(data));
  master = await startMaster(join(folder, 'm'), {
    zookeeper: zooKeeper.connectString,
    'host-check': { dns: false },
    'readmit-after': { first: '2s' },
  });
}, 60_000);

afterAll(async () => {
  await master.kill();
  await other.close(1_000);
  await zooKeeper.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function stored(host: string): Promise<Record<string, unknown>> {
  const node = await other.getData(`/satellite/whitelist/${host}`);
  return JSON.parse(node?.data.toString('utf8') ?? '{}') as Record<string, unknown>;
}

describe('records of the original', () => {
  it('are shown as they lie there, and decide', async () => {
    const all = await master.api('GET', '/whitelist/all');
    expect(all.json).toMatchObject({
      'hA.example': JSON.parse(RECORDS['hA.example']),
      'hB.example': JSON.parse(RECORDS['hB.example']),
      'hC.example': { 'managed-flag': 'on', 'manual-flag': null, 'managed-events': {}, 'manual-events': {} },
    });
    expect(await master.lines()).toEqual(['hB.example', 'hC.example']);
  });

  it('cost only themselves when they are broken: said by name, refused to change, removed by DELETE', async () => {
    const put = await master.api('PUT', '/whitelist/host/hD.example/off');
    expect(put.json).toMatchObject({ status: 409, code: 'broken-record' });
    expect((await master.api('GET', '/readyz')).json['records']).toMatch(/^broken: 1 /);
    expect(master.log.filter((line) => line.includes('record is broken') && line.includes('hD.example'))).toHaveLength(
      1,
    );
    expect((await master.api('DELETE', '/whitelist/host/hD.example')).status).toBe(200);
    expect(await other.exists('/satellite/whitelist/hD.example')).toBeUndefined();
  });

  it('keep what nobody knows when they are changed by hand', async () => {
    const off = await master.api('PUT', '/whitelist/host/hB.example/off', { by: 'mara', description: 'moved' });
    expect(off.status).toBe(200);
    expect(await stored('hB.example')).toMatchObject({
      rack: '7',
      'manual-flag': 'off',
      'manual-events': { net: { description: 'héllo', state: 'ok' }, manual: { state: 'critical', by: 'mara' } },
      changed: { version: 1, by: 'mara' },
    });
    await until(async () => (await master.lines()).join() === 'hC.example', {
      timeoutMs: 1_000,
      what: 'the host off in the file',
    });
  });

  it('are not rewritten while they mean the same', async () => {
    await master.report('hC.example', 'ok');
    await until(
      async () =>
        (await master.api('GET', '/whitelist/host/hC.example/why')).json['reason'] ===
        'managed flag on; all 1 tests fit',
      { what: 'the report judged' },
    );
    expect((await other.exists('/satellite/whitelist/hC.example'))?.version).toBe(0);
  });

  it('let a host that automation took off come back when it is fit again', async () => {
    await master.report('hA.example', 'ok', { service: 'mesos/slave/test1' });
    await until(async () => (await master.lines()).includes('hA.example'), {
      timeoutMs: 5_000,
      what: 'the host back on',
    });
    expect((await stored('hA.example'))['managed-events']).not.toHaveProperty('mesos/slave/test1');
  });

  it('leave a flag alone for a while that another program changed, and then decide again', async () => {
    const node = await other.getData('/satellite/whitelist/hC.example');
    const record = { ...(await stored('hC.example')), 'managed-flag': 'off' };
    await other.multi([
      {
        op: 'set',
        path: '/satellite/whitelist/hC.example',
        data: Buffer.from(JSON.stringify(record)),
        version: node?.stat.version ?? 0,
      },
    ]);
    await until(async () => !(await master.lines()).includes('hC.example'), {
      timeoutMs: 1_000,
      what: 'the foreign flag in the file',
    });
    expect((await master.api('GET', '/whitelist/host/hC.example/why')).json['rule']).toBe(23);
    expect((await master.api('GET', '/metrics')).body).toContain('satellite_foreign_writes_total 1');
    await until(async () => (await master.lines()).includes('hC.example'), {
      timeoutMs: 8_000,
      what: 'the host back on',
    });
  });
});
