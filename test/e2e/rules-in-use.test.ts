/** Which rules a command used, and what it says of rules that judge no hosts. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-e2e-rules-in-use-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const judging = put('judging.mjs', 'export default ({ judgeTests }) => judgeTests();\n');
const silent = put('silent.mjs', '// alerts only\nexport default ({ log }) => log();\n');
const broken = put('broken.mjs', 'export default ({ wher }) => wher();\n');
const config = (name: string, settings: object) =>
  put(`${name}.json`, JSON.stringify({ 'mesos-master-url': null, ...settings }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function satelliteMaster(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/satellite-master/main.js', ...words], (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

describe('--check', () => {
  test('checks the module that --streams names, and not that of the settings', async () => {
    const file = config('broken', { streams: broken });
    const [own, other, wrong] = await Promise.all([
      satelliteMaster('--check', '--config', file),
      satelliteMaster('--check', '--config', file, '--streams', judging),
      satelliteMaster('--check', '--config', config('sound', { streams: judging }), '--streams', broken),
    ]);
    expect([own.code, own.err]).toEqual([2, expect.stringMatching(/broken\.mjs:1: satellite has no "wher"/)]);
    expect([other.code, other.out.split('rules: ')[1]]).toEqual([0, `${judging}\n`]);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/broken\.mjs:1: satellite has no "wher"/)]);
  });

  test('checks a module without settings, too', async () => {
    const [sound, wrong, nothing] = await Promise.all([
      satelliteMaster('--check', '--streams', judging),
      satelliteMaster('--check', '--streams', broken),
      satelliteMaster('--check'),
    ]);
    expect(sound).toEqual({ code: 0, out: `${judging} is valid; rules: ${judging}\n`, err: '' });
    expect(wrong.code).toBe(2);
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining("'--check' needs '--config <file>'")]);
  });

  test('warns with the line that no rule judges hosts', async () => {
    const { code, out } = await satelliteMaster('--check', '--config', config('silent', { streams: silent }));
    expect(code).toBe(0);
    expect(out).toMatch(/^warning: .*silent\.mjs:2: no-judgement: no rule judges hosts: add judgeTests\(\)/m);
  });
});

describe('--replay', () => {
  const rec = join(folder, 'rec');
  mkdirSync(rec);
  const at = 1_790_000_000;
  const event = (seconds: number, state: string) =>
    JSON.stringify({
      at: at + seconds,
      event: { host: 'a1.example', service: 'mesos/slave/disk', state, time: at + seconds, ttl: 600 },
    });
  writeFileSync(
    join(rec, 'events-2026-09-21T131320.000Z.ndjson'),
    [
      `{"at": ${at}, "note": "began"}`,
      `{"at": ${at}, "note": "records"}`,
      `{"at": ${at}, "note": "whole"}`,
      event(1, 'ok'),
      event(30, 'critical'),
      `{"at": ${at + 90}, "note": "ended"}`,
      '',
    ].join('\n'),
  );

  test('runs the module of the settings, unless --streams names one, and says which ran', async () => {
    const file = config('replay', { streams: silent, 'managed-off-limit': 1 });
    const [ofSettings, named, byDefault, json] = await Promise.all([
      satelliteMaster('--replay', rec, '--config', file),
      satelliteMaster('--replay', rec, '--config', file, '--streams', judging),
      satelliteMaster('--replay', rec),
      satelliteMaster('--replay', rec, '--config', file, '--json'),
    ]);
    expect(ofSettings.out).toContain(`rules: ${silent}\nNo host would have been turned off or on.\n`);
    expect(named.out).toContain(`rules: ${judging}\n`);
    expect(named.out).toMatch(/a1\.example +none -> on/);
    expect(byDefault.out).toContain('rules: the default rules\n');
    expect(json).toEqual({ code: 0, out: '', err: `satellite-master: rules: ${silent}\n` });
  });

  test('of a captured state says that no rules module takes part', async () => {
    const captured = 'test/fixtures/replay/black-hole-state.json';
    const file = config('captured', { streams: judging });
    const { code, out } = await satelliteMaster('--replay', captured, '--config', file);
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+ tasks .*\nrules: black holes only /);
  });
});

describe('a master whose rules judge no hosts', () => {
  test('says so in readiness, why, metrics and the log, until a module that does is loaded', async () => {
    const streams = put('changing.mjs', 'export default ({ log }) => log();\n');
    const master = await startMaster(join(folder, 'master'), { streams });
    await master.api('PUT', '/whitelist/host/a1/off', {});
    await master.api('DELETE', '/whitelist/manual/a1');
    const readiness = async () => String((await master.api('GET', '/readyz')).json['judgement']);
    expect(await readiness()).toMatch(/^no-judgement: no rule judges hosts: add judgeTests\(\)/);
    const why = async () => String((await master.api('GET', '/whitelist/host/a1/why')).json['reason']);
    expect(await why()).toContain('no-judgement: no rule judges hosts');
    expect((await master.api('GET', '/metrics')).body).toMatch(/^satellite_no_judgement 1$/m);
    expect(master.log.filter((line) => line.includes('no-judgement'))).toHaveLength(1);
    put('changing.mjs', 'export default ({ judgeTests }) => judgeTests();\n');
    await until(async () => (await readiness()) === 'ok', { what: 'the new module' });
    expect(await why()).not.toContain('no-judgement');
    expect((await master.api('GET', '/metrics')).body).toMatch(/^satellite_no_judgement 0$/m);
    expect(await master.stop()).toBe(0);
  });
});
