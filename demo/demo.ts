/**
 * `npm run demo`: a simulated Mesos of 200 agents, three real satellite-masters on a real ZooKeeper, and a scenario that
 * runs by itself, again and again until Ctrl-C. `--once`: the scenario once; exit code 0 if every act came out right.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../shared/clock.ts';
import { command, EXIT_FAILED, EXIT_OK, runCommand } from '../shared/command-line.ts';
import { stopSignal } from '../shared/early-signal.ts';
import { messageOf } from '../shared/errors.ts';
import { until } from '../test/support/until.ts';
import { Narrator } from './narrator.ts';
import { ACTS, countOfEach } from './scenario.ts';
import { AGENTS, type Stage, setStage } from './stage.ts';

const BETWEEN_ROUNDS_MS = 20_000;
const STATUS_MS = 5_000;

const program = command('demo', 'Shows Satellite at work on a simulated Mesos cluster.')
  .option('--once', 'the scenario once; exit code 0 if everything came out as it should')
  .action(async ({ once = false }: { readonly once?: boolean }) => {
    const ended = new AbortController();
    const signal = stopSignal.then(() => ended.abort());
    process.exitCode = await run(once, ended.signal, signal);
    process.exit();
  });

await runCommand(program, process.argv);

async function run(once: boolean, ended: AbortSignal, signal: Promise<void>): Promise<number> {
  const narrator = new Narrator(systemClock);
  narrator.say(`a Mesos of ${AGENTS} simulated agents, and Satellite beside it, are starting`);
  const stage = await setStage();
  narrator.watch(stage.programs);
  const follow = systemClock.every(200, () => narrator.followLogs());
  const status = systemClock.every(STATUS_MS, () => void printStatus(stage, narrator));
  try {
    introduce(stage, narrator);
    const rounds = playRounds(stage, narrator, once, ended);
    // The end of an act that a signal interrupts is nobody's business any more.
    rounds.catch(() => undefined);
    const failures = await Promise.race([rounds, signal.then(() => 0)]);
    return failures === 0 ? EXIT_OK : EXIT_FAILED;
  } finally {
    follow.cancel();
    status.cancel();
    narrator.say('closing');
    await stage.close();
  }
}

/** @returns how many acts came out wrong */
async function playRounds(stage: Stage, narrator: Narrator, once: boolean, ended: AbortSignal): Promise<number> {
  await until(async () => (await countOfEach(stage)).every((count) => count === AGENTS), {
    timeoutMs: 30_000,
    everyMs: 100,
    what: `${AGENTS} hosts on every list`,
  });
  narrator.say(`all ${AGENTS} hosts have reported and are on the whitelist`, 'outcome');
  let failures = 0;
  for (let round = 0; !ended.aborted; round++) {
    for (const act of ACTS) {
      if (ended.aborted) return failures;
      narrator.act(act.title);
      try {
        await act.play(stage, narrator, round);
      } catch (error) {
        if (ended.aborted) return failures;
        failures++;
        narrator.say(`NOT AS EXPECTED: ${messageOf(error)}`, 'outcome');
      }
    }
    if (once) break;
    narrator.say(`the scenario begins again in ${BETWEEN_ROUNDS_MS / 1000} s; Ctrl-C ends everything`);
    await wait(BETWEEN_ROUNDS_MS, undefined, { signal: ended }).catch(() => undefined);
  }
  narrator.plain('');
  narrator.say(failures === 0 ? 'every act came out as it should' : `${failures} acts did not come out as they should`);
  return failures;
}

async function printStatus(stage: Stage, narrator: Narrator): Promise<void> {
  const { mesos } = stage;
  const counts = await countOfEach(stage);
  const running = [...mesos.world.frameworks.values()].reduce((all, { tasks }) => all + tasks.size, 0);
  const led = mesos.leader ? `mesos-master ${mesos.masters.indexOf(mesos.leader) + 1} leads` : 'no mesos-master leads';
  narrator.say(
    `on the whitelist: ${counts.join(', ')} of ${AGENTS}; ${running} tasks run; ${stage.reports.accepted} reports taken; ${led}`,
    'status',
  );
}

function introduce({ masters, mesos, zooKeeper }: Stage, narrator: Narrator): void {
  const url = masters[0]?.url ?? '';
  const lines = [
    '',
    zooKeeper
      ? `${masters.length} satellite-masters on a real ZooKeeper (${zooKeeper.connectString}), each beside a simulated mesos-master:`
      : 'No ZooKeeper here (Debian: apt-get install zookeeper): one satellite-master on the embedded store.',
    ...masters.map((master, index) => `  ${master.url}   beside ${mesos.masters[index]?.url}   file ${master.file}`),
    '2 real satellite-slaves; the reports of the other hosts come from this process.',
    'Look in another terminal:',
    `  curl -s -H 'Accept: text/plain' ${url}/whitelist/off`,
    `  curl -s ${url}/whitelist/host/agent-017.sim.test/why`,
    `  curl -s ${url}/readyz`,
    `  curl -s ${url}/metrics/snapshot      (and /metrics for Prometheus, /drift)`,
    `  curl -s -X PUT ${url}/whitelist/host/agent-100.sim.test/off -H 'Content-Type: application/json' -d '{"by": "you"}'`,
    '',
  ];
  for (const line of lines) narrator.plain(line);
}
