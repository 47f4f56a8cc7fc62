/** What happens in the demo, act by act. Each act does something to the cluster and waits for what Satellite must do. */
import { rmSync, writeFileSync } from 'node:fs';
import { sleep, systemClock } from '../shared/clock.ts';
import { until } from '../test/support/until.ts';
import type { Narrator } from './narrator.ts';
import { AGENTS, READMIT_S, type Stage, TTL_S } from './stage.ts';

export interface Act {
  readonly title: string;
  /** @throws what was waited for in vain */
  play(stage: Stage, narrator: Narrator, round: number): Promise<void>;
}

/** Judged every 10 s, over all that is known by then. */
const NAMED_WITHIN_MS = 30_000;

export const ACTS: readonly Act[] = [
  {
    title: 'a disk fills',
    async play(stage, narrator, round) {
      const host = hostOf(17, round);
      narrator.say(`the disk of ${host} fills to 97 %`, 'cluster');
      stage.reports.setDisk(host, 97);
      await untilOff(stage, host, 5_000);
      narrator.say(`it is off in ${files(stage)}; ${await whyOf(stage, host)}`, 'outcome');
      await nothingLaunchedOn(stage, host);
      narrator.say('mesos-master read the file: no new task there, those that run go on', 'outcome');
      stage.reports.setDisk(host, 40);
      narrator.say(`the disk is emptied; ${host} must stay fit for ${READMIT_S} s`, 'cluster');
    },
  },
  {
    title: 'a check of a real satellite-slave fails',
    async play(stage, narrator) {
      const slave = stage.slaves[0];
      if (!slave) throw new Error('no real slave');
      narrator.say(`on ${slave.host} the file that its check looks for is gone`, 'cluster');
      rmSync(slave.healthy, { force: true });
      await untilOff(stage, slave.host, 10_000);
      narrator.say(`it is off; ${await whyOf(stage, slave.host)}`, 'outcome');
      writeFileSync(slave.healthy, '');
    },
  },
  {
    title: 'a host goes silent',
    async play(stage, narrator, round) {
      const host = hostOf(42, round);
      narrator.say(`${host} loses its power: its slave is silent, its agent is gone from Mesos`, 'cluster');
      stage.reports.setSilent(host, true);
      stage.mesos.world.disconnect(stage.mesos.world.agent(host));
      await untilOff(stage, host, TTL_S * 1000 + 5_000);
      narrator.say(`it is off; ${await whyOf(stage, host)}`, 'outcome');
      stage.mesos.world.reregister(stage.mesos.world.agent(host));
      stage.reports.setSilent(host, false);
      narrator.say('it has power again and registers with a new agent id', 'cluster');
    },
  },
  {
    title: 'an application fails everywhere',
    async play(stage, narrator) {
      const billing = stage.mesos.world.application('billing');
      const on = (await listOf(stage)).length;
      const failed = stage.mesos.world.counter('tasks_failed');
      billing.launchesPerSecond = 8;
      narrator.say('billing is deployed: every task of it fails, on whatever host', 'cluster');
      try {
        const named = await until(() => failingApplication(stage), {
          timeoutMs: NAMED_WITHIN_MS,
          everyMs: 200,
          what: 'the application to be named',
        });
        const failures = stage.mesos.world.counter('tasks_failed') - failed;
        narrator.say(`${failures} tasks failed; Satellite names the application: ${named}`, 'outcome');
      } finally {
        billing.launchesPerSecond = 0;
      }
      if ((await listOf(stage)).length < on) throw new Error('a host was taken off for it');
      narrator.say('no host is blamed for it; billing is rolled back', 'outcome');
    },
  },
  {
    title: 'one host is a black hole',
    async play(stage, narrator, round) {
      const host = hostOf(66, round);
      const agent = stage.mesos.world.agent(host);
      stage.mesos.world.breakDown(agent, 300);
      narrator.say(`${host} fails everything that it is given within 0.3 s, and so is always free for more`, 'cluster');
      try {
        await untilOff(stage, host, 45_000);
        narrator.say(`${agent.counted.failed} tasks failed on it: off; ${await whyOf(stage, host)}`, 'outcome');
      } finally {
        agent.failsWithinMs = undefined;
      }
      narrator.say(`${host} is repaired; an operator says so, for three minutes, and the manual list wins`, 'cluster');
      const body = { by: 'demo', description: 'repaired', ttl: '3m' };
      await stage.masters[0]?.api('PUT', `/whitelist/host/${host}/on`, body);
    },
  },
  {
    title: 'the leading mesos-master dies',
    async play(stage, narrator, round) {
      const before = await listOf(stage);
      if (stage.masters.length === 1) {
        narrator.say('there is only one master here: left out', 'outcome');
        return;
      }
      const dead = await stage.mesos.killLeader();
      narrator.say('kill -9; the others elect a leader after some 8 s', 'cluster');
      const name = await until(() => leaderOf(stage, dead?.url), { timeoutMs: 25_000, what: 'a new leader' });
      narrator.say(`${name} leads now; the whitelist did not lose a host meanwhile`, 'outcome');
      const lost = before.filter((host) => !stage.mesos.leader?.whitelist?.allows(host));
      if (lost.length > 0) throw new Error(`lost by the change of leader: ${lost.join(', ')}`);
      const host = hostOf(99, round);
      narrator.say(`the disk of ${host} fills: the new leader's first task`, 'cluster');
      stage.reports.setDisk(host, 95);
      await untilOff(stage, host, 5_000);
      narrator.say(`it is off in ${files(stage)}`, 'outcome');
      stage.reports.setDisk(host, 50);
      if (dead) await stage.mesos.restart(dead);
      narrator.say('the old leader comes back, and follows', 'cluster');
    },
  },
  {
    title: 'everything is well again',
    async play(stage, narrator) {
      narrator.say(
        'all hosts were repaired: each comes back after its time of fitness, longer after a relapse',
        'cluster',
      );
      await until(async () => (await countOfEach(stage)).every((count) => count === AGENTS), {
        timeoutMs: 60_000,
        everyMs: 200,
        what: `${AGENTS} hosts on every list (now ${(await countOfEach(stage)).join(', ')})`,
      });
      narrator.say(`${AGENTS} hosts are on, in ${files(stage)}`, 'outcome');
    },
  },
];

export async function countOfEach(stage: Stage): Promise<number[]> {
  return Promise.all(stage.masters.map(async (master) => (await master.lines()).length));
}

/** Another host in each round, so that no relapse makes the wait long. */
function hostOf(number: number, round: number): string {
  return `agent-${String(2 + ((number - 2 + round) % (AGENTS - 2))).padStart(3, '0')}.sim.test`;
}

async function listOf(stage: Stage): Promise<readonly string[]> {
  return (await stage.masters[0]?.lines()) ?? [];
}

async function untilOff(stage: Stage, host: string, timeoutMs: number): Promise<void> {
  await until(
    async () =>
      (await Promise.all(stage.masters.map(async (master) => (await master.lines()).includes(host)))).every(
        (on) => !on,
      ),
    {
      timeoutMs,
      everyMs: 50,
      what: `${host} to be off in every file`,
    },
  );
}

/** After mesos-master has read the file again. */
async function nothingLaunchedOn({ mesos }: Stage, host: string): Promise<void> {
  await until(() => mesos.leader?.whitelist?.allows(host) === false, { what: 'mesos-master to read the file' });
  let launched = 0;
  const end = mesos.world.listen((event) => {
    if (event.kind === 'task-added' && event.task.agent.hostname === host) launched++;
  });
  await sleep(systemClock, 3_000);
  end();
  if (launched > 0) throw new Error(`${launched} tasks were launched on ${host} although it is off the list`);
}

async function leaderOf(stage: Stage, not: string | undefined): Promise<string | undefined> {
  for (const [index, master] of stage.masters.entries()) {
    if (stage.mesos.masters[index]?.url !== not && (await master.leads())) return `master ${index + 1}`;
  }
  return undefined;
}

async function whyOf(stage: Stage, host: string): Promise<string> {
  const why = await stage.masters[0]?.api('GET', `/whitelist/host/${host}/why`);
  return `rule ${String(why?.json['rule'])}, ${String(why?.json['reason'])}`;
}

/** What the leader's index holds of applications that fail by themselves. */
async function failingApplication(stage: Stage): Promise<string | undefined> {
  const query = encodeURIComponent('service =~ "mesos/failing-application/%"');
  const answer = await stage.masters[0]?.api('GET', `/events?query=${query}`);
  const [event] = (answer?.json['events'] as readonly Readonly<Record<string, unknown>>[] | undefined) ?? [];
  return event && String(event['description'] ?? event['service']);
}

function files(stage: Stage): string {
  return stage.masters.length === 1 ? 'the file' : `all ${stage.masters.length} files`;
}
