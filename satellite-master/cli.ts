/** The command satellite-master: its options, its exit codes, how it ends. */
import { systemClock } from '../shared/clock.ts';
import { command, EXIT_FAILED, EXIT_OK, EXIT_USAGE, runCommand } from '../shared/command-line.ts';
import { stopSignal } from '../shared/early-signal.ts';
import { messageOf } from '../shared/errors.ts';
import { createLog } from '../shared/log.ts';
import { endProcess } from '../shared/process-end.ts';
import { SettingsError } from '../shared/settings.ts';
import { createMaster } from './master.ts';
import { ReplayError, type ReplayOptions, replayPath } from './replay/index.ts';
import { checkRules } from './rules/index.ts';
import { RulesError } from './rules/module/index.ts';
import { defaultReplaySettings, type MasterSettings, pathsNamedIn, readMasterSettings } from './settings.ts';
import { faultsOfPath, warningsOfPath } from './whitelist/file/index.ts';
import { faultsOfDataDir } from './whitelist/store/index.ts';

interface Words {
  readonly config?: string;
  readonly check?: true;
  readonly replay?: string;
  readonly streams?: readonly string[];
  readonly json?: true;
}

/** One deadline for all parts, of the 5 s that an end may take. */
const STOP_WITHIN_MS = 4_000;

const program = command(
  'satellite-master',
  'Judges the health of Mesos agents and keeps the whitelist file that mesos-master reads.',
)
  .option('--config <file>', 'settings, JSON; needed but for --replay')
  .option('--check', 'only read settings and rules and say all that is wrong with them')
  .option(
    '--replay <path>',
    'only print what the rules would have done: with a captured Mesos state, or a folder with a recording',
  )
  .option(
    '--streams <file>',
    'with --check: the rules module to check; with --replay of a recording: the one to run; twice: print where two differ',
    (file: string, before: readonly string[] = []) => [...before, file],
  )
  .option('--json', 'with --replay: one JSON object a line')
  .action(async ({ config, check, replay, streams = [], json }: Words) => {
    if (json && replay === undefined) return program.error("error: option '--json' needs '--replay <path>'");
    if (check && replay !== undefined)
      return program.error("error: options '--check' and '--replay <path>' exclude each other");
    if (check) {
      if (streams.length > 1) return program.error("error: '--check' takes one '--streams <file>'");
      if (config === undefined && streams.length === 0)
        return program.error("error: option '--check' needs '--config <file>' or '--streams <file>'");
      return printCheck(config, streams[0]);
    }
    if (streams.length > 0 && replay === undefined)
      return program.error("error: option '--streams <file>' needs '--replay <path>' or '--check'");
    if (streams.length > 2) return program.error("error: option '--streams <file>' may stand there twice at the most");
    const settings = config === undefined ? undefined : readMasterSettings(config);
    if (replay !== undefined)
      return printReplay(replay, { ...replaySettings(settings), streams, json: json ?? false, note: writeError });
    if (!settings) return program.error("error: required option '--config <file>' not specified");
    await runMaster(settings);
  });

/** @param argv as `process.argv` */
export async function run(argv: readonly string[]): Promise<void> {
  await runCommand(program, argv);
}

/**
 * Settings and rules, all that is wrong with either.
 * @param file settings; undefined: only the rules are checked
 * @param named the rules module to check instead of the one that the settings name
 */
async function printCheck(file: string | undefined, named: string | undefined): Promise<void> {
  const faults: string[] = [];
  const warnings: string[] = [];
  const settings = file === undefined ? undefined : unlessFaulty(() => readMasterSettings(file), faults);
  const configured = settings ?? (file === undefined ? {} : pathsNamedIn(file));
  const streams = named ?? configured.streams;
  for (const module of [streams, settings?.shadowStreams])
    if (module !== undefined) warnings.push(...(unlessFaulty(() => checkRules(module), faults) ?? []));
  if (configured.whitelistPath !== undefined) {
    faults.push(...(await faultsOfPath(configured.whitelistPath)).map((fault) => `${file}: ${fault}`));
    warnings.push(...(await warningsOfPath(configured.whitelistPath)));
  }
  if (configured.dataDir !== undefined)
    faults.push(...(await faultsOfDataDir(configured.dataDir)).map((fault) => `${file}: ${fault}`));
  if (faults.length > 0) {
    process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
    process.exitCode = EXIT_USAGE;
    return;
  }
  for (const warning of settings?.warnings ?? []) process.stdout.write(`${file}: warning: ${warning}\n`);
  for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`);
  const rules = `rules: ${streams ?? 'the default ones'}`;
  if (!settings) {
    process.stdout.write(`${streams} is valid; ${rules}\n`);
    return;
  }
  const { whitelistPath, zooKeeper, dataDir } = settings;
  const store = zooKeeper ? `ZooKeeper at ${zooKeeper.connectString}, ${zooKeeper.root}` : `embedded in ${dataDir}`;
  process.stdout.write(`${file} is valid; whitelist file ${whitelistPath}, store: ${store}, ${rules}\n`);
}

function unlessFaulty<T>(make: () => T, faults: string[]): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SettingsError) && !(error instanceof RulesError)) throw error;
    faults.push(error.message);
    return undefined;
  }
}

function replaySettings(
  settings: MasterSettings | undefined,
): Pick<ReplayOptions, 'thresholds' | 'judgement' | 'configuredStreams'> {
  const { blackHole, offShare, readmitAfter } = settings ?? defaultReplaySettings();
  return {
    thresholds: blackHole,
    judgement: { offShare, readmitAfter },
    ...(settings?.streams === undefined ? {} : { configuredStreams: settings.streams }),
  };
}

function writeError(line: string): void {
  process.stderr.write(`satellite-master: ${line}\n`);
}

/** What can't be replayed is wrong usage. */
async function printReplay(path: string, options: ReplayOptions): Promise<void> {
  try {
    process.stdout.write(await replayPath(path, options));
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    writeError(error.message);
    process.exitCode = EXIT_USAGE;
  }
}

async function runMaster(settings: MasterSettings): Promise<void> {
  const log = createLog('satellite-master');
  const faults: string[] = [];
  const master = unlessFaulty(() => createMaster(settings, { clock: systemClock, log }), faults);
  if (!master) {
    process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
    process.exit(EXIT_USAGE);
  }
  process.on('SIGHUP', () => master.reloadRules('SIGHUP'));
  const stopped = stopSignal.then((signal) => {
    log.info({ signal }, 'stopping');
    return master.stop(STOP_WITHIN_MS);
  });
  let cutOff: readonly string[];
  try {
    const started = master.start().then((address) => {
      if (!address) return;
      const { host, port } = address;
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
      log.info({ url, whitelist: settings.whitelistPath }, 'REST API open');
    });
    // A start that hangs does not keep the end from coming.
    await Promise.race([started, stopped]);
    cutOff = await stopped;
    process.exitCode = cutOff.length === 0 ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    process.stderr.write(`satellite-master: ${messageOf(error)}\n`);
    cutOff = await master.stop(STOP_WITHIN_MS);
    process.exitCode = EXIT_FAILED;
  }
  if (cutOff.length === 0) log.info('stopped');
  else log.error({ parts: cutOff }, 'stopped; some parts were cut off');
  if (cutOff.some((part) => ON_DISK.has(part))) {
    log.error({ calls: cutOff }, 'a system call does not return, ending by SIGKILL');
    process.kill(process.pid, 'SIGKILL');
  }
  await endProcess(log, systemClock, () => cutOff);
}

/** Parts whose work is calls of LevelDB to the disk, which Node does not show when they do not return. */
const ON_DISK: ReadonlySet<string> = new Set(['history', 'tasks', 'store']);
