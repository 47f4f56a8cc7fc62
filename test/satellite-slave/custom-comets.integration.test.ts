/** Custom comets that run commands. What is wrong with a module: settings.test.ts. */
import { expect, test } from 'vitest';
import { readSlaveSettings } from '../../satellite-slave/settings/slave-settings.ts';
import { runComet } from './support/run-comet.ts';
import { fileWith, settingsFile } from './support/settings-file.ts';

const MODULE = `export default {
  gpus: ({ least }, { periodMs }) => ({
    services: ['gpus'],
    async run({ command }) {
      const { output } = await command(['echo', '4']);
      return { service: 'gpus', metric: Number(output), state: Number(output) >= least ? 'ok' : 'critical', description: String(periodMs) };
    },
  }),
};`;

test('a custom comet runs like any other, and gets its params, its period and commands', async () => {
  const file = settingsFile({
    'custom-comets': fileWith(MODULE, 'comets.mjs'),
    comets: [{ name: 'mine/gpus', period: '1s', params: { least: 4 } }],
  });
  const [comet] = (await readSlaveSettings(file)).comets;
  if (!comet) throw new Error('no comet');
  expect(await runComet(comet)).toMatchObject([
    { service: 'gpus', metric: 4, state: 'ok', ttl: 5, description: '1000' },
  ]);
});
