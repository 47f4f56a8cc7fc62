/** The slave's recipes, of kind "function": what a script said there is laid into /proc, statfs or an exit status here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commands } from '../../satellite-slave/comets/commands.ts';
import { Machine } from '../../satellite-slave/comets/machine.ts';
import { CometRunner } from '../../satellite-slave/comets/runner.ts';
import { Slots } from '../../satellite-slave/comets/slots.ts';
import { readSlaveSettings } from '../../satellite-slave/settings/slave-settings.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { OnceLog, silentLog } from '../../shared/log.ts';
import type { FunctionCase, FunctionTable, OurFunction } from './functions.ts';

const FAILING = 'docs/switching.md, "The slave\'s settings": "The event of a check that failed keeps its service."';
const PERIODS = 'docs/switching.md, "The slave\'s settings": "A period such as `5m` keeps its minutes."';
const SPACE = 'docs/switching.md, "The slave\'s settings": "`file-exists` reports as `PATH exists`, with a blank."';
const NOT_MADE = 'docs/judgement.md, rule 1a: a check that could not be made is unknown';

interface Script {
  readonly exit: number;
  readonly out: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly period: string;
}

async function inFolder<R>(use: (folder: string) => Promise<R>): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-vectors-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function cometOf(name: string, { params, period }: Script, folder: string) {
  const file = join(folder, 'slave.json');
  const comet = { name: `satellite-slave.recipes/${name}`, period, ...(params ? { params } : {}) };
  writeFileSync(file, JSON.stringify({ satellites: [{ host: 'master.example' }], comets: [comet] }));
  const [read] = (await readSlaveSettings(file)).comets;
  if (!read) throw new Error('no comet came of it');
  return read;
}

/** A /proc that says what the script said. */
function procOf(name: string, out: string, folder: string): string {
  const [total = '0', , free = '0'] = out.trim().split(/\s+/);
  const kb = (mb: string | number) => `${Number(mb) * 1024} kB`;
  const isFigure = /^\s*-?\d+(\.\d+)?(\s+\d+)*\s*$/.test(out) && !(name !== 'load-average' && out.includes('.'));
  const figure = isFigure ? Number.parseFloat(out) : Number.NaN;
  const [swap, swapFree] = name === 'free-swap-iff-swap' ? [total, free] : [4096, figure];
  writeFileSync(
    join(folder, 'meminfo'),
    `MemAvailable: ${kb(figure)}\nSwapTotal: ${kb(swap)}\nSwapFree: ${kb(swapFree)}\n`,
  );
  writeFileSync(join(folder, 'loadavg'), `90.00 91.00 ${out.trim()} 1/100 4242\n`);
  for (let id = 1; name === 'num-uninterruptable-processes' && id <= figure + 2; id++) {
    mkdirSync(join(folder, String(id)));
    writeFileSync(join(folder, String(id), 'stat'), `${id} (a) D (b) ${id <= figure ? 'D' : 'S'} 1 1 0`);
  }
  return folder;
}

/** @returns the event, as the original told it, and the comet's own limit in seconds */
async function recipe(name: string, script: Script): Promise<{ events: Event[]; timeout: number }> {
  return inFolder(async (folder) => {
    const isMissing = name === 'file-exists' && script.exit !== 0;
    const settings = await cometOf(name, script, folder);
    writeFileSync(join(folder, 'df'), `#!/bin/sh\nexit ${script.exit}\n`, { mode: 0o755 });
    const percent = Number.parseFloat(script.out);
    const machine = new Machine({
      proc: procOf(name, script.out, folder),
      statfs: async () => ({ blocks: 1000, bfree: 1000 - percent * 10, bavail: 1000 - percent * 10 }),
    });
    if (name === 'file-exists') machine.exists = async () => !isMissing;
    const events: Event[] = [];
    const context = {
      clock: systemClock,
      prefix: '',
      commands: new Commands({ environment: () => ({ PATH: folder }) }),
      machine,
      agent: undefined,
      tasks: undefined,
      slots: new Slots(8),
      once: new OnceLog(silentLog, systemClock),
      emit: (found: readonly Event[]) => void events.push(...found),
    };
    await new CometRunner(settings, context).run();
    return { events, timeout: settings.timeoutMs / 1000 };
  });
}

type Told = { events: Partial<Event>[]; timeout?: number };

/** Of what the original tells, the command is its own business; a limit counts where the settings name one. */
function alike(value: unknown, { args: [script] }: FunctionCase): unknown {
  const told = value as Told | undefined;
  if (!told?.events) return value;
  const events = told.events.map(({ service, state, metric, ttl }) => ({ service, state, metric, ttl }));
  return (script as Script).params?.['timeout'] === undefined ? { events } : { events, timeout: told.timeout };
}

function whyDifferent({ args: [script], exception, result }: FunctionCase, ours: unknown): string | undefined {
  const [event] = (ours as Told | undefined)?.events ?? [];
  const [theirs] = (result as Told | undefined)?.events ?? [];
  // The original took the seconds alone of a period, and of these only whole ones.
  if (!/^0*[1-9]\d*s$/.test((script as Script).period)) return PERIODS;
  if (exception !== undefined && /^(critical|unknown)$/.test(event?.state ?? '') && event?.service) return FAILING;
  if (event?.state === 'unknown' && [126, 127].includes((script as Script).exit)) return NOT_MADE;
  if (!theirs || !event || !theirs.service?.endsWith('exists')) return undefined;
  const spaced = theirs.service.replace(/exists$/, ' exists');
  const isSame = event.service === spaced && event.state === theirs.state && event.metric === theirs.metric;
  return isSame && event.ttl === theirs.ttl ? SPACE : undefined;
}

/** A command that fails: an event that keeps its service, where the original threw. */
async function failing(command: readonly string[], timeout: number): Promise<Event[]> {
  return inFolder(async (folder) => {
    const params = { command, service: 'a test' };
    const settings = await cometOf('command', { exit: 0, out: '', params, period: '60s' }, folder);
    const events: Event[] = [];
    const context = {
      clock: systemClock,
      prefix: '',
      commands: new Commands({ environment: () => process.env }),
      machine: new Machine(),
      agent: undefined,
      tasks: undefined,
      slots: new Slots(8),
      once: new OnceLog(silentLog, systemClock),
      emit: (found: readonly Event[]) => void events.push(...found),
    };
    await new CometRunner({ ...settings, timeoutMs: timeout * 1000 }, context).run();
    return events;
  });
}

/** Also where there is no such recipe: settings that name it are refused. */
export function recipeNamed(name: string): OurFunction {
  return { run: ([script]) => recipe(name, script), alike, onPurpose: whyDifferent };
}

export const SLAVE_FUNCTIONS: FunctionTable = {
  'run-test': {
    run: (_args, _nowS, { exception }) =>
      exception === 'TimeoutException' ? failing(['sleep', '9'], 0.05) : failing(['/nowhere/to/be/found'], 5),
    onPurpose: (_, ours) => {
      const [event] = (ours as Event[] | undefined) ?? [];
      return event?.service === 'a test' && event.state !== 'ok' ? FAILING : undefined;
    },
  },
};
