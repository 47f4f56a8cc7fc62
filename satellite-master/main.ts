#!/usr/bin/env node
/** The command satellite-master: its words, its exit codes, its end. */
import { systemClock } from '../shared/clock.ts';
import { command, EXIT_OK, runCommand, untilSignal } from '../shared/command-line.ts';
import { createLog } from '../shared/log.ts';
import { Master } from './master.ts';
import { type MasterSettings, readMasterSettings } from './settings.ts';

interface Words {
  readonly config: string;
  readonly check?: true;
}

/** Of the 5 s that an end may take. */
const STOP_WITHIN_MS = 4_000;

const program = command(
  'satellite-master',
  'Judges the health of Mesos agents and keeps the whitelist file that mesos-master reads.',
)
  .requiredOption('--config <file>', 'settings, JSON')
  .option('--check', 'only read the settings and say all that is wrong with them')
  .action(async (words: Words) => {
    const settings = readMasterSettings(words.config);
    if (words.check) tellSettings(words.config, settings);
    else await run(settings);
  });

await runCommand(program, process.argv);

function tellSettings(file: string, { warnings, whitelistPath, zooKeeper, dataDir }: MasterSettings): void {
  for (const warning of warnings) process.stdout.write(`${file}: warning: ${warning}\n`);
  const store = zooKeeper ? `ZooKeeper at ${zooKeeper.connectString}, ${zooKeeper.root}` : `embedded in ${dataDir}`;
  process.stdout.write(`${file}: well; whitelist file ${whitelistPath}, store: ${store}\n`);
}

async function run(settings: MasterSettings): Promise<void> {
  const log = createLog('satellite-master');
  const master = new Master(settings, { clock: systemClock, log });
  const signal = untilSignal();
  const { host, port } = await master.start();
  const shown = host.includes(':') ? `[${host}]` : host;
  log.info(
    { host, port, whitelist: settings.whitelistPath },
    `REST on http://${shown}:${port}, whitelist file ${settings.whitelistPath}`,
  );
  log.info(`${await signal}: closing`);
  const timer = systemClock.after(STOP_WITHIN_MS + 500, () => process.exit(EXIT_OK));
  await master.stop(STOP_WITHIN_MS);
  timer.cancel();
  log.info('closed');
  process.exitCode = EXIT_OK;
}
