/**
 * The recipes against what the original's gave. On purpose ours differ (docs/switching.md, "The slave's settings"): `file-exists` has a
 * space before "exists", and ttl is five whole periods, where the original took the seconds of "1h" or "1m30s" alone.
 * What the original read from the output of a script is laid here into /proc, statfs or the exit status of df.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Commands } from '../../satellite-slave/comets/commands.ts';
import { Machine } from '../../satellite-slave/comets/machine.ts';
import { readSlaveSettings } from '../../satellite-slave/settings/slave-settings.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { SettingsError } from '../../shared/settings.ts';
import { runComet } from './support/run-comet.ts';
import { settingsFile, temporaryFolder } from './support/settings-file.ts';

interface Case {
  readonly name: string;
  readonly function: string;
  readonly args: readonly [{ exit: number; out: string; params?: Record<string, unknown>; period: string }];
  readonly exception?: string;
  readonly result?: { events: readonly { metric: number; service: string; state: string }[]; timeout?: number };
}

const { cases } = JSON.parse(readFileSync('test/fixtures/riemann-vectors/slave-recipes.json', 'utf8')) as {
  cases: Case[];
};

/** The original's own limit is a NumberFormatException; in ours the figures come from the kernel, not from text. */
const brokenFigures = cases.filter(({ exception }) => exception === 'NumberFormatException');
const wrongSettings = cases.filter(({ exception }) => exception !== undefined && exception !== 'NumberFormatException');
const wellFormed = cases.filter(({ result, args }) => result && args[0].period !== '0s');

async function cometOf({ function: name, args: [{ params, period }] }: Case) {
  const file = settingsFile({
    comets: [{ name: `satellite-slave.recipes/${name}`, period, ...(params ? { params } : {}) }],
  });
  const [comet] = (await readSlaveSettings(file)).comets;
  if (!comet) throw new Error('no comet came of it');
  return comet;
}

/** A /proc that says what the script said. */
function procOf(name: string, out: string): string {
  const folder = temporaryFolder();
  const [total = '0', , free = '0'] = out.trim().split(' ');
  const single = Number.parseFloat(out);
  const mb = (text: string | number) => Number(text) * 1024;
  const swap = name === 'free-swap-iff-swap' ? [mb(total), mb(free)] : [mb(4096), mb(single)];
  writeFileSync(
    join(folder, 'meminfo'),
    `MemTotal: 9999999 kB\nMemFree: 1 kB\nMemAvailable: ${mb(single)} kB\nCached: 1 kB\nSwapTotal: ${swap[0]} kB\nSwapFree: ${swap[1]} kB\n`,
  );
  writeFileSync(join(folder, 'loadavg'), `90.00 91.00 ${out.trim()} 1/100 4242\n`);
  for (let id = 1; id <= 12; id++) {
    mkdirSync(join(folder, String(id)));
    writeFileSync(join(folder, String(id), 'stat'), `${id} (a) D (b) ${id <= single ? 'D' : 'S'} 1 1 0`);
  }
  return folder;
}

async function eventsOf(vector: Case) {
  const {
    function: name,
    args: [{ exit, out, params }],
  } = vector;
  const bin = temporaryFolder();
  writeFileSync(join(bin, 'df'), `#!/bin/sh\nexit ${exit}\n`, { mode: 0o755 });
  const percent = Number.parseFloat(out);
  const comet = await cometOf(
    name === 'file-exists' && exit !== 0
      ? { ...vector, args: [{ ...vector.args[0], params: { path: '/etc/passwd' } }] }
      : vector,
  );
  const machine = new Machine({
    proc: procOf(name, out),
    statfs: async () => ({ blocks: 1000, bfree: 1000 - percent * 10, bavail: 1000 - percent * 10 }),
  });
  if (name === 'file-exists' && exit !== 0) machine.exists = async () => false;
  expect(params).toBeDefined();
  return await runComet(comet, { machine, commands: new Commands({ environment: () => ({ PATH: bin }) }) });
}

describe('recipes, as the original has them', () => {
  test('every case of the original is walked', () => {
    expect(brokenFigures.length + wrongSettings.length + wellFormed.length + 1).toBe(cases.length);
    expect(wellFormed.length).toBeGreaterThan(20);
  });

  test.each(wellFormed.map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const [expected] = vector.result?.events ?? [];
    const [event, ...others] = await eventsOf(vector);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      service: expected?.service.replace(/(?<! )exists$/, ' exists'),
      state: expected?.state,
      metric: expected?.metric,
      ttl: ((parseDurationMs(vector.args[0].period, 's') ?? 0) * 5) / 1000,
    });
  });

  const plainNumber = wrongSettings.filter(({ args }) => args[0].period === '2d');
  test.each(plainNumber.map((vector) => [vector.name, vector] as const))(
    '%s is taken, unlike there',
    async (_name, vector) => {
      expect((await cometOf(vector)).periodMs).toBe(2 * 86_400_000);
    },
  );

  const refused = wrongSettings.filter((vector) => !plainNumber.includes(vector));
  test.each(refused.map((vector) => [vector.name, vector] as const))('%s is wrong settings', async (_name, vector) => {
    await expect(cometOf(vector)).rejects.toThrow(SettingsError);
  });

  test('a period of 0 is wrong settings', async () => {
    const vector = cases.find(({ args }) => args[0].period === '0s');
    await expect(vector && cometOf(vector)).rejects.toThrow('comets[0].period');
  });

  test('a limit of its own for df', async () => {
    const [first] = cases.filter(({ function: name }) => name === 'df-returns');
    expect(first && (await cometOf(first)).timeoutMs).toBe(7000);
  });

  test.each(['', '51.5 kB', 'MemAvailable: x kB'])(
    'figures that are none (%j) are unknown, under the service',
    async (text) => {
      const proc = temporaryFolder();
      writeFileSync(join(proc, 'meminfo'), text);
      const [first] = cases;
      if (!first) throw new Error('no case');
      const [event] = await runComet(await cometOf(first), { machine: new Machine({ proc }) });
      expect(event).toMatchObject({ service: 'free memory in MB', state: 'unknown', ttl: 300 });
      expect(event?.description).toContain('meminfo has no ');
    },
  );
});
