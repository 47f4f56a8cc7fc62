/** The slave's settings, read and compiled once; each part of the slave gets its own part of them. */
import { messageOf } from '../../shared/errors.ts';
import { TEST_PREFIX } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { checkSettings, type Problem, parseSettingsText, SettingsError } from '../../shared/settings.ts';
import { readSmallFile } from '../../shared/small-file.ts';
import type { CometSettings } from '../comets/index.ts';
import type { AgentSettings } from '../mesos/index.ts';
import { compileComet, readCustomComets, withoutAgent } from './comets.ts';
import { environmentOf, type SafeEnv } from './command-environment.ts';
import { collect, isObject, type Place } from './problems.ts';
import { compileSatellite, originOf, type SatelliteSettings, urlForm } from './satellites.ts';
import { type CometEntry, type SatelliteEntry, SETTINGS_SCHEMA, type SettingsFile } from './schema.ts';

export interface SlaveSettings {
  readonly satellites: readonly SatelliteSettings[];
  /** Before the name of every service. */
  readonly prefix: string;
  /** The name to report under, where it is set. */
  readonly host: HostName | undefined;
  /** The local Mesos agent; undefined: there is none. */
  readonly agent: AgentSettings | undefined;
  /** Of comets' programs. */
  readonly environment: NodeJS.ProcessEnv;
  readonly comets: readonly CometSettings[];
  /** Whether a comet sends task metadata to the masters. */
  readonly storesTasks: boolean;
  /** What is allowed and still worth a warning. */
  readonly warnings: readonly string[];
}

const AGENT_PORT = 5051;

/**
 * Reads a settings file, and the files that it names.
 * @param own the slave's own environment, of which `safe-env` passes on a part
 * @throws SettingsError with everything that is wrong
 */
export async function readSlaveSettings(file: string, own: NodeJS.ProcessEnv = process.env): Promise<SlaveSettings> {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const value = parseSettingsText(file, await readText(file));
  const settings = collect(problems, () => checkSettings<SettingsFile>(file, value, SETTINGS_SCHEMA));
  // Where the frame is not valid, what is in it is checked all the same, as far as it has a shape.
  const partly = value as Partial<Record<keyof SettingsFile, unknown>>;
  const placeOf = (path: string): Place => ({ file, path, problems, warnings });
  const entriesOf = (part: unknown) => (Array.isArray(part) ? part.map((entry): unknown => entry) : []);

  const environment = environmentOf((settings?.['safe-env'] ?? true) as SafeEnv, own);
  const agent = await compileAgent(partly, placeOf(''));
  const custom = await readCustomComets(file, partly?.['custom-comets'], problems);
  const satellites: SatelliteSettings[] = [];
  for (const [at, entry] of entriesOf(partly?.satellites).entries())
    if (isObject(entry))
      satellites.push(...(await compileSatellite(entry as SatelliteEntry, placeOf(`satellites[${at}]`))));
  const comets: CometSettings[] = [];
  for (const [at, entry] of entriesOf(partly?.comets).entries())
    if (isObject(entry))
      comets.push(
        ...(await compileComet(entry as unknown as CometEntry, custom, placeOf(`comets[${at}]`), environment)),
      );

  if (settings === undefined || problems.length > 0) throw new SettingsError(problems);
  const host = settings['slave-host'];
  const runnable = agent === undefined ? withoutAgent(comets, warnings) : comets;
  return {
    satellites,
    prefix: settings.service,
    host: host === null ? undefined : parseHostName(host),
    agent,
    environment,
    comets: runnable,
    storesTasks: runnable.some(({ comet }) => comet.storesTasks === true),
    warnings: [
      ...warnings,
      ...riemannWarnings(satellites, runnable),
      ...prefixWarnings(settings.service),
      ...sameServiceWarnings(comets),
    ],
  };
}

/** A pipe is allowed, as in `--config <(command)`. */
async function readText(file: string): Promise<string> {
  try {
    return await readSmallFile(file, { kind: 'any' });
  } catch (error) {
    throw new SettingsError([{ file, path: '', found: messageOf(error), expected: 'a readable JSON file' }]);
  }
}

async function compileAgent(
  settings: Partial<Record<keyof SettingsFile, unknown>> | null,
  { file, problems }: Place,
): Promise<AgentSettings | undefined> {
  const url = settings?.['mesos-agent-url'];
  if (typeof url !== 'string') return undefined;
  const origin = originOf(url);
  if (origin === undefined) {
    if (!problems.some(({ path }) => path === 'mesos-agent-url'))
      problems.push({
        file,
        path: 'mesos-agent-url',
        found: JSON.stringify(url),
        expected: urlForm(url, AGENT_PORT),
      });
    return undefined;
  }
  const credentials = settings?.['mesos-credentials'];
  if (!isObject(credentials)) return { origin };
  const { principal, 'secret-file': secretFile } = credentials;
  if (typeof principal !== 'string' || typeof secretFile !== 'string') return { origin };
  try {
    return { origin, credentials: { principal, secret: (await readSmallFile(secretFile)).trim() } };
  } catch (error) {
    problems.push({
      file,
      path: 'mesos-credentials.secret-file',
      found: messageOf(error),
      expected: 'a readable file with the secret in it',
    });
    return { origin };
  }
}

/** Task metadata is sent over HTTP only. */
function riemannWarnings(satellites: readonly SatelliteSettings[], comets: readonly CometSettings[]): string[] {
  const isAlone = satellites.every(({ protocol }) => protocol === 'riemann');
  return isAlone && comets.some(({ comet }) => comet.storesTasks === true)
    ? ['satellites: task metadata is not sent over "protocol": "riemann"']
    : [];
}

function prefixWarnings(prefix: string): string[] {
  if (prefix.startsWith(TEST_PREFIX)) return [];
  return [`service: only services below "${TEST_PREFIX}" decide whether a host is on; "${prefix}" is not below it`];
}

function sameServiceWarnings(comets: readonly CometSettings[]): string[] {
  const seen = new Set<string>();
  const warnings: string[] = [];
  for (const service of comets.flatMap(({ comet }) => comet.services)) {
    if (seen.has(service)) warnings.push(`two comets send the service "${service}": the newer event hides the other`);
    seen.add(service);
  }
  return warnings;
}
