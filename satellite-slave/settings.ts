/** The slave's settings, read and compiled once; parts get their own part of them. */
import { TEST_PREFIX } from '../shared/event.ts';
import { type HostName, parseHostName } from '../shared/host-name.ts';
import { checkSettings, type Problem, readSettings, SettingsError } from '../shared/settings.ts';
import type { CometSettings } from './comets/index.ts';
import { environmentOf } from './command-environment.ts';
import {
  type CometEntry,
  collect,
  compileComet,
  compileSatellite,
  isObject,
  originOf,
  readCustomComets,
  type SatelliteEntry,
  type SatelliteSettings,
  SETTINGS_SCHEMA,
  type SettingsFile,
  withoutAgent,
} from './settings/index.ts';

export interface SlaveSettings {
  readonly satellites: readonly SatelliteSettings[];
  /** Before the name of every service. */
  readonly prefix: string;
  /** The name to report under, where it is set. */
  readonly host: HostName | undefined;
  /** Origin of the local Mesos agent; undefined: there is none. */
  readonly agentOrigin: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly comets: readonly CometSettings[];
  /** Whether a comet gives task metadata to the masters. */
  readonly keepsTasks: boolean;
  /** What is allowed and yet worth a line in the log. */
  readonly warnings: readonly string[];
}

/**
 * Reads a settings file, and the module of custom comets that it names.
 * @param own the slave's own environment, of which `safe-env` passes on a part
 * @throws SettingsError with all that is wrong
 */
export async function readSlaveSettings(file: string, own: NodeJS.ProcessEnv = process.env): Promise<SlaveSettings> {
  const problems: Problem[] = [];
  const value = readSettings<unknown>(file, {});
  const settings = collect(problems, () => checkSettings<SettingsFile>(file, value, SETTINGS_SCHEMA));
  // Where the frame is broken, what stands in it is still looked through, as far as it has a shape.
  const partly = value as Partial<Record<keyof SettingsFile, unknown>>;
  const custom = await readCustomComets(file, partly?.['custom-comets'], problems);
  const entries = (part: unknown) => (Array.isArray(part) ? part.map((entry): unknown => entry) : []);
  const warnings: string[] = [];
  const satellites = entries(partly?.satellites).flatMap((entry, at) =>
    isObject(entry)
      ? compileSatellite(entry as SatelliteEntry, { file, path: `satellites[${at}]`, problems, warnings })
      : [],
  );
  const comets = entries(partly?.comets).flatMap((entry, at) =>
    isObject(entry)
      ? compileComet(entry as unknown as CometEntry, custom, { file, path: `comets[${at}]`, problems, warnings })
      : [],
  );
  const agentUrl = settings?.['mesos-agent-url'] ?? null;
  const agentOrigin = agentUrl === null ? undefined : originOf(agentUrl);
  if (agentUrl !== null && agentOrigin === undefined)
    problems.push({ file, path: 'mesos-agent-url', found: JSON.stringify(agentUrl), expected: 'http[s]://host:port' });
  if (settings === undefined || problems.length > 0) throw new SettingsError(problems);
  const host = settings['slave-host'];
  const run = agentUrl === null ? withoutAgent(comets, warnings) : comets;
  return {
    satellites,
    prefix: settings.service,
    host: host === null ? undefined : parseHostName(host),
    agentOrigin,
    environment: environmentOf(settings['safe-env'], own),
    comets: run,
    keepsTasks: run.some(({ comet }) => comet.keepsTasks === true),
    warnings: [
      ...warnings,
      ...riemannWarnings(satellites, run),
      ...prefixWarnings(settings.service),
      ...sameServiceWarnings(comets),
    ],
  };
}

/** Task metadata goes over HTTP only. */
function riemannWarnings(satellites: readonly SatelliteSettings[], comets: readonly CometSettings[]): string[] {
  const isAlone = satellites.every(({ protocol }) => protocol === 'riemann');
  return isAlone && comets.some(({ comet }) => comet.keepsTasks === true)
    ? ['satellites: task metadata is not sent over "protocol": "riemann"']
    : [];
}

function prefixWarnings(prefix: string): string[] {
  if (prefix.startsWith(TEST_PREFIX)) return [];
  return [`service: only what begins with "${TEST_PREFIX}" decides whether a host is on; "${prefix}" does not`];
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
