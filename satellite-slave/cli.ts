/** The words of the command satellite-slave, its exit codes, its end. */
import { sleep, systemClock } from '../shared/clock.ts';
import { command, EXIT_FAILED, EXIT_OK, runCommand } from '../shared/command-line.ts';
import { stopSignal } from '../shared/early-signal.ts';
import { createLog } from '../shared/log.ts';
import type { SatelliteSettings } from './settings/index.ts';
import { readSlaveSettings, type SlaveSettings } from './settings.ts';
import { Slave, type SlaveOptions } from './slave.ts';

interface Words {
  readonly config: string;
  readonly check?: true;
  readonly dryRun?: true;
  readonly once?: true;
}

/** Of the 5 s that an end may take, what is left for reports. */
const LAST_REPORTS_MS = 3_000;
/** A file system call that is only slow gets so long to end. */
const LAST_CALLS_MS = 500;
/** How long `--once` tries to deliver. */
const ONCE_MS = 30_000;
/** Whoever looks on waits for the Mesos agent's answer less patiently than a service. */
const SHORT_PATIENCE_MS = 5_000;

const program = command('satellite-slave', 'Checks this machine and reports its health to every satellite-master.')
  .requiredOption('--config <file>', 'settings, JSON')
  .option('--check', 'only read the settings and say all that is wrong with them')
  .option('--dry-run', 'print events as JSON lines instead of sending them')
  .option('--once', 'run each comet once, then exit; 1 when an event could not be delivered')
  .action(async (words: Words) => {
    const settings = await readSlaveSettings(words.config);
    if (words.check) return tellSettings(words.config, settings);
    const slave = new Slave(settings, optionsOf(words));
    if (words.once) process.exitCode = await runOnce(slave);
    else await runUntilSignal(slave);
    await leave(slave);
  });

/** @param argv as `process.argv` */
export async function run(argv: readonly string[]): Promise<void> {
  await runCommand(program, argv);
}

function tellSettings(file: string, { comets, satellites, warnings }: SlaveSettings): void {
  for (const warning of warnings) process.stdout.write(`${file}: warning: ${warning}\n`);
  const where = satellites.map(addressOf).join(', ') || 'nowhere';
  process.stdout.write(`${file}: well; ${comets.length} comets, reporting to ${where}\n`);
}

function addressOf(satellite: SatelliteSettings): string {
  return satellite.protocol === 'http' ? satellite.origin : `${satellite.host}:${satellite.port} (Riemann)`;
}

function optionsOf({ dryRun, once }: Words): SlaveOptions {
  return {
    log: createLog('satellite-slave'),
    ...(dryRun ? { print: (line: string) => void process.stdout.write(line) } : {}),
    ...(dryRun || once ? { patienceMs: SHORT_PATIENCE_MS } : {}),
  };
}

async function runOnce(slave: Slave): Promise<number> {
  const done = slave.once(ONCE_MS);
  const ended = await Promise.race([done, stopSignal.then(() => undefined)]);
  await slave.stop(0);
  return ended === false ? EXIT_FAILED : EXIT_OK;
}

async function runUntilSignal(slave: Slave): Promise<void> {
  slave.start();
  await stopSignal;
  await slave.stop(LAST_REPORTS_MS);
}

/** What was started is over; a program that can't be killed or a connection half open is not waited for. */
async function leave(slave: Slave): Promise<never> {
  const endMs = systemClock.monoMs() + LAST_CALLS_MS;
  while (slave.hangs && systemClock.monoMs() < endMs) await sleep(systemClock, 20);
  // exit() would wait for a thread that a hung mount holds, for ever.
  if (slave.hangs) process.kill(process.pid, 'SIGKILL');
  process.exit();
}
