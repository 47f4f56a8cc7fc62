/** Three masters, three ZooKeepers, five slaves, as processes; the promises of the README, seen from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { MasterProcess, SlaveProcess } from '../support/satellite.ts';
import { until } from '../support/until.ts';
import { startZooKeeperEnsemble, type ZooKeeperEnsemble } from '../support/zookeeper.ts';

const HOSTS = ['a1.example', 'a2.example', 'a3.example', 'a4.example', 'a5.example'];
/** Set on and off by hand while everything fails; no slave reports for it. */
const BY_HAND = '192.0.2.7';
const TTL_MS = 5_000;

const folder = mkdtempSync(join(tmpdir(), 'satellite-cluster-'));
let zooKeeper: ZooKeeperEnsemble;
const masters: MasterProcess[] = [];
const slaves: SlaveProcess[] = [];
let reader: ChildProcess;

beforeAll(async () => {
  zooKeeper = await startZooKeeperEnsemble(3);
  const settings = {
    zookeeper: zooKeeper.connectString,
    'readmit-after': { first: '2s', most: '20s' },
    'managed-off-limit': 0.4,
  };
  for (let n = 1; n <= 3; n++) masters.push(new MasterProcess(join(folder, `m${n}`), await freePort(), settings));
  for (const master of masters) master.launch();
  for (const host of HOSTS) slaves.push(new SlaveProcess(join(folder, host), host, masters));
  for (const slave of slaves) slave.launch();
  const words = JSON.stringify({ files: masters.map(({ file }) => file), hosts: [...HOSTS, BY_HAND] });
  reader = spawn(process.execPath, ['test/support/file-watcher.mjs', words], { stdio: ['ignore', 'pipe', 'inherit'] });
}, 90_000);

afterAll(async () => {
  reader.kill('SIGKILL');
  await Promise.all([...slaves, ...masters].map((program) => program.kill()));
  await zooKeeper.dispose();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function untilListed(
  expected: readonly string[],
  timeoutMs: number,
  of: readonly MasterProcess[] = masters,
): Promise<void> {
  const wanted = [...expected].sort().join(' ');
  let last: readonly string[] = [];
  const agree = async () => {
    last = await Promise.all(of.map(async (master) => (await master.lines()).join(' ')));
    return last.every((list) => list === wanted);
  };
  await until(agree, { timeoutMs, what: `files with ${wanted}` }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(last)}`);
  });
}

function without(...hosts: readonly string[]): string[] {
  return HOSTS.filter((host) => !hosts.includes(host));
}

function slaveOf(host: string): SlaveProcess {
  const slave = slaves.find((one) => one.host === host);
  if (!slave) throw new Error(`no slave for ${host}`);
  return slave;
}

async function leader(): Promise<MasterProcess> {
  return until(
    async () => {
      for (const master of masters) if (master.running && (await master.leads())) return master;
      return undefined;
    },
    { timeoutMs: 20_000, what: 'a leading master' },
  );
}

describe('a cluster of three masters, three ZooKeepers and five slaves', () => {
  it('puts every host on all three files once it reports well', async () => {
    await untilListed(HOSTS, 40_000);
  }, 60_000);

  it('takes a host whose check fails out of all three files, and brings it back', async () => {
    const slave = slaveOf('a3.example');
    rmSync(slave.healthy);
    // The check itself runs once a second.
    await untilListed(without('a3.example'), 2_000);
    const why = await masters[1]?.api('GET', '/whitelist/host/a3.example/why');
    expect(why?.json).toMatchObject({ flag: 'off', decidedBy: 'managed', rule: 1 });
    writeFileSync(slave.healthy, '');
    await untilListed(HOSTS, 6_000);
  }, 30_000);

  it('shows a change by hand on one master in all three files within a second', async () => {
    const [first, second] = masters;
    const off = await first?.api('PUT', '/whitelist/host/a2.example/off', { by: 'mara', description: 'disk swap' });
    expect(off?.status).toBe(200);
    await untilListed(without('a2.example'), 1_000);
    expect((await second?.api('DELETE', '/whitelist/manual/a2.example'))?.status).toBe(200);
    await untilListed(HOSTS, 1_000);
    const history = await until(
      async () => {
        const answer = await masters[2]?.api('GET', '/whitelist/host/a2.example/history');
        const entries = JSON.parse(answer?.body ?? '[]') as { by: string; reason: string; from: string; to: string }[];
        return entries.find(({ by }) => by === 'mara');
      },
      { what: 'the change in the history of the third master' },
    );
    expect(history).toMatchObject({ from: 'on', to: 'off', reason: 'disk swap' });
  });

  it('loses no acknowledged change while leaders and stores are killed', async () => {
    const writer = writeByHand();
    const before = await leader();
    await before.kill();
    const next = await leader();
    expect(next).not.toBe(before);
    before.launch();
    await before.untilReady();
    await (await zooKeeper.leader()).stop();
    await until(() => writer.acknowledged() > 20, {
      timeoutMs: 20_000,
      what: 'changes taken by the rest of the ensemble',
    });
    for (const member of zooKeeper.members) await member.stop();
    const lists = await Promise.all(masters.map((master) => master.lines()));
    await until(async () => (await masters[0]?.api('GET', '/readyz'))?.status === 503, {
      timeoutMs: 10_000,
      what: 'not ready without a store',
    });
    const refused = await masters[0]?.api('PUT', '/whitelist/host/a1.example/off');
    expect([503]).toContain(refused?.status);
    expect((await masters[0]?.api('GET', '/whitelist/host/a1.example'))?.status).toBe(200);
    expect(await Promise.all(masters.map((master) => master.lines()))).toEqual(lists);
    await zooKeeper.start();
    await Promise.all(masters.map((master) => master.untilReady(60_000)));
    await until(() => writer.acknowledgedSince() > 5, { timeoutMs: 30_000, what: 'changes after the store is back' });
    const last = await writer.stop();
    expect(last.count).toBeGreaterThan(20);
    for (const master of masters) {
      const record = await until(
        async () => {
          const { json } = await master.api('GET', `/whitelist/host/${BY_HAND}`);
          const text = JSON.stringify(json['manual-events'] ?? {});
          return last.possible.some((description) => text.includes(`"${description}"`)) && text;
        },
        { timeoutMs: 5_000, what: `the last acknowledged change ${last.possible.join(' or ')} on ${master.url}` },
      );
      expect(record).toContain('change ');
    }
    await masters[0]?.api('DELETE', `/whitelist/host/${BY_HAND}`);
    await untilListed(HOSTS, 20_000);
  }, 180_000);

  it('takes a host off at its ttl when its slave dies, and lets it wait before it comes back', async () => {
    const slave = slaveOf('a5.example');
    await slave.kill();
    await untilListed(without('a5.example'), TTL_MS + 3_000);
    const { json } = await (await leader()).api('GET', '/whitelist/host/a5.example/history');
    expect(json).toMatchObject({ 0: { to: 'off', cause: 'silence' } });
    slave.launch();
    await untilListed(HOSTS, 20_000);
  }, 60_000);

  it('finds a host that died together with the leader', async () => {
    const dying = await leader();
    await Promise.all([dying.kill(), slaveOf('a1.example').kill()]);
    const left = masters.filter((master) => master !== dying);
    await untilListed(without('a1.example'), 25_000, left);
    slaveOf('a1.example').launch();
    dying.launch();
    await dying.untilReady();
    await untilListed(HOSTS, 40_000);
  }, 90_000);

  it('takes nobody off when all slaves die at once', async () => {
    await Promise.all(slaves.map((slave) => slave.kill()));
    await until(
      async () => String((await (await leader()).api('GET', '/readyz')).json['silence']).startsWith('mass-silence: 5'),
      {
        timeoutMs: TTL_MS + 8_000,
        what: 'five silent hosts that are not believed',
      },
    );
    await untilListed(HOSTS, 100);
    const why = await (await leader()).api('GET', '/whitelist/host/a4.example/why');
    expect(why.json['guard']).toMatchObject({ held: true });
    for (const slave of slaves) slave.launch();
    await until(async () => (await (await leader()).api('GET', '/readyz')).json['silence'] === 'ok', {
      timeoutMs: 15_000,
      what: 'the end of the silence',
    });
    await untilListed(HOSTS, 100);
  }, 60_000);

  it('never let a reader see an empty, torn or unsorted file', async () => {
    let output = '';
    reader.stdout?.on('data', (part: Buffer) => {
      output += part.toString();
    });
    reader.kill('SIGTERM');
    await until(() => reader.exitCode !== null, { what: 'the end of the reader' });
    const { reads, faults } = JSON.parse(output) as { reads: number; faults: string[] };
    expect(faults).toEqual([]);
    expect(reads).toBeGreaterThan(10_000);
  });

  it('ends each process at SIGTERM with exit code 0', async () => {
    for (const program of [...slaves, ...masters]) {
      // Where a part does not stop in time the exit code is 1.
      expect(await program.stop()).toBe(0);
    }
  }, 60_000);
});

/** Changes one host by hand over and over through whichever master answers; remembers what was acknowledged. */
function writeByHand() {
  let running = true;
  let count = 0;
  let since = 0;
  let acknowledged = '';
  /** Sent after the last acknowledged one without an answer: may have been applied. */
  let uncertain: string[] = [];
  const done = (async () => {
    for (let n = 0; running; n++) {
      const master = masters[n % masters.length];
      const description = `change ${n}.`;
      const answer = await master
        ?.api('PUT', `/whitelist/host/${BY_HAND}/event/by-hand`, { state: 'ok', by: 'test', description })
        .catch(() => undefined);
      if (answer && answer.status < 300) {
        count++;
        since++;
        acknowledged = description;
        uncertain = [];
      } else if (answer?.json['code'] !== 'store-unavailable' && answer?.json['code'] !== 'store-unread')
        uncertain.push(description);
      if (!answer || answer.status === 503) since = 0;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    acknowledged: () => count,
    acknowledgedSince: () => since,
    async stop(): Promise<{ count: number; possible: string[] }> {
      running = false;
      await done;
      return { count, possible: [acknowledged, ...uncertain] };
    },
  };
}
