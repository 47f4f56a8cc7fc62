/** Started on the original's tree: results that were too old already take no healthy host off (docs/judgement.md, rule 6a). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createZooKeeperSession } from '../../satellite-master/zookeeper/session.ts';
import type { ZooKeeperSession } from '../../satellite-master/zookeeper/types.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLog } from '../../shared/log.ts';
import { type MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../support/zookeeper.ts';

/** As the original leaves them. */
const RECORDS = {
  // A comet that once timed out: expired, without a name and without a ttl.
  'timeout.example':
    '{"managed-events":{"mesos/slave/":{"state":"expired","time":1795343395,"service":"mesos/slave/","host":"timeout.example"}},"manual-events":{},"managed-flag":"on","manual-flag":null}',
  // A critical of long ago, under the original's name of file-exists.
  'yesterday.example':
    '{"managed-events":{"mesos/slave/dataexists":{"state":"critical","time":1795343395,"ttl":300}},"manual-events":{},"managed-flag":"on","manual-flag":null}',
  'off.example':
    '{"managed-events":{"mesos/slave/disk":{"state":"critical","time":1795343395,"ttl":300}},"manual-events":{},"managed-flag":"off","manual-flag":null}',
};

const folder = mkdtempSync(join(tmpdir(), 'satellite-outdated-'));
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
    'managed-off-limit': 1,
    'readmit-after': { first: '2s' },
  });
}, 60_000);

afterAll(async () => {
  await master.kill();
  await other.close(1_000);
  await zooKeeper.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('they take no host off that nobody has heard, and put none on', async () => {
  await until(() => master.leads(), { what: 'the master to lead' });
  // What a leader has to do at its start is done before it puts a new host on.
  await master.report('new.example', 'ok');
  await until(async () => (await master.lines()).includes('new.example'), { what: 'a new host on the list' });
  expect(await master.lines()).toEqual(['new.example', 'timeout.example', 'yesterday.example']);
  const why = (await master.api('GET', '/whitelist/host/timeout.example/why')).json;
  expect(why).toMatchObject({
    flag: 'on',
    rule: 6,
    ruleId: '6a',
    ruleText: 'A stored managed event that is expired takes nobody off.',
  });
  expect(why['reason']).toContain('stored before this master started: mesos/slave/');
});

test('they give way when the slave reports other tests', async () => {
  const ids = async () => {
    const node = await other.getData('/satellite/whitelist/timeout.example');
    const record = JSON.parse(node?.data.toString() ?? '{}') as { 'managed-events': object };
    return Object.keys(record['managed-events']);
  };
  expect(await ids()).toContain('mesos/slave/');
  await master.report('timeout.example', 'ok');
  await until(async () => !(await ids()).includes('mesos/slave/'), { what: 'the old event to be dropped' });
  expect(await master.lines()).toContain('timeout.example');
});
