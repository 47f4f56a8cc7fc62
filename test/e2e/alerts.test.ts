/** Two masters on a real ZooKeeper, each with a rules module that alerts; what its receiver hears. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StubServer } from '../satellite-slave/support/stub-server.ts';
import { freePort } from '../support/free-port.ts';
import { MasterProcess } from '../support/satellite.ts';
import { until } from '../support/until.ts';
import { startZooKeeperEnsemble, type ZooKeeperEnsemble } from '../support/zookeeper.ts';

const HOST = 'a1.example';
const SERVICE = 'mesos/slave/disk';

const folder = mkdtempSync(join(tmpdir(), 'satellite-e2e-alerts-'));
/** Takes what is sent to /ops and /dead-man; /broken refuses. */
const receiver = new StubServer(({ path }) => ({ status: path === '/broken' ? 403 : 200 }));
let zooKeeper: ZooKeeperEnsemble;
const masters: MasterProcess[] = [];

function rules(origin: string): string {
  return `export default ({ where, service, judgeTests, webhook }) => [
  where(service(/^mesos\\/slave\\//), judgeTests(),
    webhook({ url: '${origin}/ops', name: 'ops' }),
    webhook({ url: '${origin}/broken', name: 'broken' })),
  where(service('satellite/alerts/broken'), webhook({ url: '${origin}/ops', name: 'ops' })),
  where(service('satellite/dead-man'), webhook({ url: '${origin}/dead-man', name: 'switch', heartbeat: true })),
];
`;
}

beforeAll(async () => {
  const streams = join(folder, 'rules.mjs');
  writeFileSync(streams, rules(await receiver.listen()));
  zooKeeper = await startZooKeeperEnsemble(1);
  for (let n = 1; n <= 2; n++) {
    const settings = { zookeeper: zooKeeper.connectString, streams };
    const master = new MasterProcess(join(folder, `m${n}`), await freePort(), settings);
    masters.push(master);
    master.launch();
    await master.untilReady();
  }
}, 60_000);

afterAll(async () => {
  await Promise.all(masters.map((master) => master.kill()));
  await zooKeeper?.dispose();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

/** `SERVICE STATE` of what arrived at a path. */
function arrived(path: string): string[] {
  return receiver.requests
    .filter((request) => request.path === path)
    .flatMap(({ body }) =>
      (JSON.parse(body) as { alerts: { service: string; state: string }[] }).alerts.map(
        ({ service, state }) => `${service} ${state}`,
      ),
    );
}

async function report(state: string): Promise<void> {
  for (const master of masters)
    if (master.running) expect((await master.report(HOST, state, { service: SERVICE })).status).toBe(202);
}

async function untilArrived(path: string, ...alerts: string[]): Promise<void> {
  await until(() => arrived(path).join() === alerts.join(), { timeoutMs: 15_000, what: 'alerts' }).catch(
    () => undefined,
  );
  expect(arrived(path)).toEqual(alerts);
}

describe('alerts of two masters', () => {
  const told = [`${SERVICE} trigger`];

  it('are sent once, by the leader, which also tells of a channel that does not work', async () => {
    await until(async () => masters[0]?.leads(), { what: 'the first master to lead' });
    await report('critical');
    await report('critical');
    told.push('satellite/alerts/broken trigger');
    await untilArrived('/ops', ...told);
    const metrics = (await masters[0]?.api('GET', '/metrics'))?.body;
    expect(metrics).toContain('satellite_alerts_sent_total{channel="ops",outcome="sent"} 2');
    expect(metrics).toContain('satellite_alerts_dropped_total{channel="broken",reason="refused"} 1');
    expect((await masters[1]?.api('GET', '/metrics'))?.body).toContain('satellite_alerts_open{channel="ops"} 1');
  });

  it('are said again by the next leader when that one dies, and resolved by it', async () => {
    const [first, second] = masters;
    await first?.kill();
    await until(() => second?.leads(), { timeoutMs: 30_000, what: 'the second master to lead' });
    // Its own channel is broken too: that it finds out only now.
    told.push(`${SERVICE} trigger`, 'satellite/alerts/broken trigger');
    await untilArrived('/ops', ...told);
    await report('ok');
    told.push(`${SERVICE} resolve`);
    await untilArrived('/ops', ...told);
  }, 60_000);

  it('show that the leader lives, from the moment it leads', async () => {
    await until(() => arrived('/dead-man').length >= 2, { what: 'a beat of each leader' });
    expect(new Set(arrived('/dead-man'))).toEqual(new Set(['satellite/dead-man trigger']));
  });

  it('are all out when a master ends', async () => {
    const [, second] = masters;
    await second?.report(HOST, 'critical', { service: `${SERVICE}-2` });
    expect(await second?.stop()).toBe(0);
    await untilArrived('/ops', ...told, `${SERVICE}-2 trigger`);
  });
});
