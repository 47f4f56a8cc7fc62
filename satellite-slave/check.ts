/** `--check`: what is wrong with the settings, including what only the Mesos agent can say. */
import { messageOf } from '../shared/errors.ts';
import { MesosError } from '../shared/mesos/index.ts';
import { SettingsError } from '../shared/settings.ts';
import { HttpAgent } from './mesos/index.ts';
import type { SatelliteSettings, SlaveSettings } from './settings/index.ts';

/**
 * @returns the lines to print
 * @throws SettingsError where the Mesos agent refuses the slave
 */
export async function check(file: string, settings: SlaveSettings): Promise<readonly string[]> {
  const { comets, satellites } = settings;
  const warnings = [...settings.warnings, ...(await agentWarnings(file, settings))];
  const masters = satellites.map(addressOf).join(', ');
  const count = `${comets.length} ${comets.length === 1 ? 'comet' : 'comets'}`;
  return [
    ...warnings.map((warning) => `${file}: warning: ${warning}`),
    `${file} is valid: ${count}, reporting to ${masters}`,
  ];
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
    const found = messageOf(error);
    // With slave-host the slave reports all the same.
    const isFatal = host === undefined && error instanceof MesosError && error.fault === 'refused';
    if (!isFatal) return [`mesos-agent-url: ${found}`];
    const text = `mesos-credentials: ${found}`;
    throw new SettingsError([
      { file, path: 'mesos-credentials', found, expected: 'an account of the Mesos agent', text },
    ]);
  } finally {
    await agent.close();
  }
}

function addressOf(satellite: SatelliteSettings): string {
  return satellite.protocol === 'http' ? satellite.origin : `${satellite.host}:${satellite.port} (Riemann)`;
}
