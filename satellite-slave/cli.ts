/** The command satellite-slave: its options, its exit codes, and how it ends. */
import { type Clock, sleep, systemClock } from '../shared/clock.ts';
import { command, EXIT_FAILED, runCommand } from '../shared/command-line.ts';
import { stopSignal } from '../shared/early-signal.ts';
import { messageOf } from '../shared/errors.ts';
import { createLog, type Log } from '../shared/log.ts';
import { MesosError } from '../shared/mesos/index.ts';
import { endProcess } from '../shared/process-end.ts';
import { onReloadSignal } from '../shared/reload-signal.ts';
import { SettingsError } from '../shared/settings.ts';
import { pendingReads } from '../shared/small-file.ts';
import { HttpAgent } from './mesos/index.ts';
import { readSlaveSettings, type SatelliteSettings, type SlaveSettings } from './settings/index.ts';
import { Slave, type SlaveOptions } from './slave.ts';

interface CommandOptions {
  readonly config: string;
  readonly check?: true;
  readonly dryRun?: true;
  readonly once?: true;
}

/** Of the 5 s that the end may take, this is for the last events. */
const LAST_EVENTS_MS = 3_000;
/** Then what has not ended is cut off. */
const STOP_WITHIN_MS = 4_000;
/** How long `--once` tries to deliver. */
const ONCE_WITHIN_MS = 30_000;
/** At a terminal the Mesos agent is waited for less long than by a service. */
const SHORT_PATIENCE_MS = 5_000;

const clock: Clock = systemClock;

/** @param argv as `process.argv` */
export async function run(argv: readonly string[]): Promise<void> {
  const log = createLog('satellite-slave');
  const program = command('satellite-slave', 'Checks this machine and reports its health to every satellite-master.')
    .requiredOption('--config <file>', 'settings file, JSON')
    .option('--check', 'only check the settings, and report everything that is wrong with them')
    .option('--dry-run', 'print events as JSON lines instead of sending them')
    .option('--once', 'run each comet once, then exit; with 1 if an event could not be delivered')
    .action((options: CommandOptions) => untilStopped(execute(options, log)));
  await runCommand(program, argv);
  await end(log);
}

/** A signal ends whatever is under way. */
async function untilStopped(work: Promise<void>): Promise<void> {
  await Promise.race([work, stopSignal]);
}

let slave: Slave | undefined;
let isEnding = false;
let lastEventsMs = LAST_EVENTS_MS;

async function execute(options: CommandOptions, log: Log): Promise<void> {
  const settings = await readSlaveSettings(options.config);
  if (options.check) return await check(options.config, settings);
  if (isEnding) return;
  slave = new Slave(settings, slaveOptions(options, log));
  if (options.once) {
    // It has tried for long enough.
    lastEventsMs = 0;
    if (!(await slave.once(ONCE_WITHIN_MS))) process.exitCode = EXIT_FAILED;
    return;
  }
  slave.start();
  onReloadSignal(reloader(slave, options.config, log));
  await stopSignal;
}

/** One reload at a time; settings that are not valid change nothing. */
function reloader(running: Slave, file: string, log: Log): () => void {
  let queue = Promise.resolve();
  const reload = async () => {
    try {
      const settings = await readSlaveSettings(file);
      running.reload(settings);
      log.info({ file, comets: settings.comets.length, satellites: settings.satellites.length }, 'settings reloaded');
    } catch (error) {
      const problems = messageOf(error).split('\n');
      log.error({ file, problems }, 'failed to reload the settings, keeping the previous ones');
    }
  };
  return () => {
    queue = queue.then(reload);
  };
}

/** @throws SettingsError where the Mesos agent refuses the slave */
async function check(file: string, settings: SlaveSettings): Promise<void> {
  const { comets, satellites } = settings;
  const warnings = [...settings.warnings, ...(await agentWarnings(file, settings))];
  for (const warning of warnings) process.stdout.write(`${file}: warning: ${warning}\n`);
  const masters = satellites.map(addressOf).join(', ');
  process.stdout.write(
    `${file} is valid: ${comets.length} ${comets.length === 1 ? 'comet' : 'comets'}, reporting to ${masters}\n`,
  );
}

async function agentWarnings(file: string, { agent: settings, host }: SlaveSettings): Promise<string[]> {
  if (!settings) return [];
  const agent = new HttpAgent(settings);
  try {
    const name = await agent.hostName();
    return host === undefined || host === name
      ? []
      : [`slave-host: ${host}, but the Mesos agent has registered as ${name}`];
  } catch (error) {
    if (!(error instanceof MesosError && error.fault === 'refused')) return [`mesos-agent-url: ${messageOf(error)}`];
    const text = `mesos-credentials: ${messageOf(error)}`;
    throw new SettingsError([
      { file, path: 'mesos-credentials', found: messageOf(error), expected: 'an account of the Mesos agent', text },
    ]);
  } finally {
    await agent.close();
  }
}

function addressOf(satellite: SatelliteSettings): string {
  return satellite.protocol === 'http' ? satellite.origin : `${satellite.host}:${satellite.port} (Riemann)`;
}

function slaveOptions({ dryRun, once }: CommandOptions, log: Log): SlaveOptions {
  return {
    log,
    ...(dryRun ? { print: (line: string) => void process.stdout.write(line) } : {}),
    ...(dryRun || once ? { patienceMs: SHORT_PATIENCE_MS } : {}),
  };
}

/** The only way out: what has been started is stopped, and what does not stop is cut off. */
async function end(log: Log): Promise<never> {
  isEnding = true;
  const stopped = slave?.stop(lastEventsMs).then(() => true);
  if (stopped && !(await Promise.race([stopped, sleep(clock, STOP_WITHIN_MS).then(() => false)]))) {
    log.error({ part: 'uplinks', withinMs: STOP_WITHIN_MS }, 'a part did not stop in time, cutting it off');
    process.exitCode = EXIT_FAILED;
  }
  return await endProcess(log, clock, () => slave?.hangingCalls ?? pendingReads());
}
