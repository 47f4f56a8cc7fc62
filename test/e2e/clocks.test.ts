/** A master whose machine has a wrong clock, beside one with a right one, on a real ZooKeeper (docs/judgement.md, rule 27a). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMaster } from '../../satellite-master/master.ts';
import { readMasterSettings } from '../../satellite-master/settings.ts';
import { createZooKeeperSession } from '../../satellite-master/zookeeper/session.ts';
import type { ZooKeeperSession } from '../../satellite-master/zookeeper/types.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { silentLog } from '../../shared/log.ts';
import { freePort } from '../support/free-port.ts';
import { startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';
import { startZooKeeper, type ZooKeeperServer } from '../support/zookeeper.ts';

const TWO_HOURS_MS = 7_200_000;
const folder = mkdtempSync(join(tmpdir(), 'satellite-clocks-'));
let zooKeeper: ZooKeeperServer;
let other: ZooKeeperSession;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  zooKeeper = await startZooKeeper();
  other = createZooKeeperSession({ connectString: zooKeeper.connectString, log: silentLog, clock: systemClock });
  other.start();
  await until(() => other.state.kind === 'connected', { what: 'another program in ZooKeeper' });
}, 60_000);

afterAll(async () => {
  for (const close of closing) await close();
  await other.close(1_000);
  await zooKeeper.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface ManualEvents {
  readonly 'manual-events': Readonly<Record<string, { readonly time: number }>>;
}

test.each([
  ['ahead of', TWO_HOURS_MS],
  ['behind', -TWO_HOURS_MS],
])(
  'two hours %s the store: overrides are kept, merged, dated and removed by the time of the store',
  async (word, aheadMs) => {
    const root = `/clock-${word.replace(' ', '-')}`;
    const right = await startMaster(join(folder, `right-${word}`), {
      zookeeper: zooKeeper.connectString,
      'zookeeper-root': root,
    });
    closing.push(() => right.kill());
    const config = join(folder, `${word}.json`);
    const port = await freePort();
    writeFileSync(
      config,
      JSON.stringify({
        'mesos-master-url': null,
        zookeeper: zooKeeper.connectString,
        'zookeeper-root': root,
        'service-port': port,
        'data-dir': join(folder, `wrong-${word}`),
        'local-whitelist-path': join(folder, `whitelist-${word}`),
        'riemann-tcp-server-options': null,
        'riemann-udp-server-options': null,
      }),
    );
    const clock: Clock = { ...systemClock, wallMs: () => systemClock.wallMs() + aheadMs };
    const wrong = createMaster(readMasterSettings(config), { clock, log: silentLog });
    closing.push(() => wrong.stop(4_000));
    await wrong.start();
    const api = async (method: string, path: string, body?: unknown) => {
      const json = { 'content-type': 'application/json' };
      const sent = body === undefined ? {} : { headers: json, body: JSON.stringify(body) };
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...sent });
      return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
    };
    await until(async () => String((await api('GET', '/readyz')).json['clock']).startsWith('wrong'), {
      what: 'the clock to be measured',
    });
    expect((await api('GET', '/readyz')).json['clock']).toContain(`7200 s ${word}`);

    await right.api('PUT', '/whitelist/host/long.example/event/swap', { state: 'critical', ttl: '1h', by: 'mara' });
    await right.api('PUT', '/whitelist/host/short.example/event/swap', { state: 'critical', ttl: '1s', by: 'mara' });
    const listed = async (list: string) => Object.keys((await api('GET', `/whitelist/${list}`)).json);
    await until(async () => (await listed('manual')).includes('long.example'), { what: 'the override to arrive' });
    const nowS = Date.now() / 1000;
    await api('PUT', '/whitelist/host/dated.example/event/swap', { state: 'critical', ttl: '1h', by: 'mara' });
    const node = await other.getData(`${root}/whitelist/dated.example`);
    const dated = JSON.parse(node?.data.toString() ?? '{}') as ManualEvents;
    expect(Math.abs((dated['manual-events']['swap']?.time ?? 0) - nowS)).toBeLessThan(60);

    // Alone, it removes what has run out, and nothing else.
    await right.stop();
    const eventsOf = async (host: string) =>
      Object.keys(
        (JSON.parse((await other.getData(`${root}/whitelist/${host}`))?.data.toString() ?? '{}') as ManualEvents)[
          'manual-events'
        ],
      );
    await until(async () => (await eventsOf('short.example')).length === 0, {
      what: 'the short override to be removed',
    });
    expect(await eventsOf('long.example')).toEqual(['swap']);
    expect(await eventsOf('dated.example')).toEqual(['swap']);
    expect(await listed('off')).toEqual(expect.arrayContaining(['dated.example', 'long.example']));
  },
  60_000,
);
