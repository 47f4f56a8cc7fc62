/** The command satellite-slave: its options, its exit codes, and how it ends. */
import { sleep, systemClock } from '../shared/clock.ts';
import { command, EXIT_FAILED, runCommand } from '../shared/command-line.ts';
import { stopSignal } from '../shared/early-signal.ts';
import { messageOf } from '../shared/errors.ts';
import { createLog, type Log } from '../shared/log.ts';
import { endProcess } from '../shared/process-end.ts';
import { onReloadSignal } from '../shared/reload-signal.ts';
import { pendingReads } from '../shared/small-file.ts';
import { check } from './check.ts';
import { readSlaveSettings } from './settings/index.ts';
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

/** @param argv as `process.argv` */
export async function run(argv: readonly string[]): Promise<void> {
  const slaveProcess = new SlaveProcess(createLog('satellite-slave'));
  const program = command('satellite-slave', 'Checks this machine and reports its health to every satellite-master.')
    .requiredOption('--config <file>', 'settings file, JSON')
    .option('--check', 'only check the settings, and report everything that is wrong with them')
    .option('--dry-run', 'print events as JSON lines instead of sending them')
    .option('--once', 'run each comet once, then exit; with 1 if an event could not be delivered')
    .action((options: CommandOptions) => slaveProcess.run(options));
  await runCommand(program, argv);
  await slaveProcess.end();
}

/** One run of the command, from its settings to the end of the process. */
class SlaveProcess {
  readonly #log: Log;
  #slave: Slave | undefined;
  #isEnding = false;
  #lastEventsMs = LAST_EVENTS_MS;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Until the work is done, or a signal ends it. @throws SettingsError */
  async run(options: CommandOptions): Promise<void> {
    await Promise.race([this.#work(options), stopSignal]);
  }

  /** The only way out: what has been started is stopped, and what does not stop is cut off. */
  async end(): Promise<never> {
    this.#isEnding = true;
    const stopped = this.#slave?.stop(this.#lastEventsMs).then(() => true);
    if (stopped && !(await Promise.race([stopped, sleep(systemClock, STOP_WITHIN_MS).then(() => false)]))) {
      this.#log.error({ part: 'uplinks', withinMs: STOP_WITHIN_MS }, 'a part did not stop in time, cutting it off');
      process.exitCode = EXIT_FAILED;
    }
    return await endProcess(this.#log, systemClock, () => this.#slave?.hangingCalls ?? pendingReads());
  }

  async #work(options: CommandOptions): Promise<void> {
    const settings = await readSlaveSettings(options.config);
    if (options.check) {
      for (const line of await check(options.config, settings)) process.stdout.write(`${line}\n`);
      return;
    }
    if (this.#isEnding) return;
    const slave = new Slave(settings, slaveOptions(options, this.#log));
    this.#slave = slave;
    if (options.once) {
      if (!(await slave.once(ONCE_WITHIN_MS))) process.exitCode = EXIT_FAILED;
      this.#lastEventsMs = 0;
      return;
    }
    slave.start();
    onReloadSignal(reloader(slave, options.config, this.#log));
    await stopSignal;
  }
}

/** One reload at a time; settings that are not valid change nothing. */
function reloader(slave: Slave, file: string, log: Log): () => void {
  let queue = Promise.resolve();
  const reload = async () => {
    try {
      const settings = await readSlaveSettings(file);
      slave.reload(settings);
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

function slaveOptions({ dryRun, once }: CommandOptions, log: Log): SlaveOptions {
  return {
    log,
    ...(dryRun ? { print: (line: string) => void process.stdout.write(line) } : {}),
    ...(dryRun || once ? { patienceMs: SHORT_PATIENCE_MS } : {}),
  };
}
