/** Real masters record what they hear; the recording played again does what they did. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReplayError, replayPath } from '../../satellite-master/replay/command.ts';
import { defaultReplaySettings, readMasterSettings } from '../../satellite-master/settings.ts';
import { sleep, systemClock } from '../../shared/clock.ts';
import { type MasterProcess, type Settings, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const HOSTS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((name) => `${name}.example`);
const [FIRST = '', SECOND = '', THIRD = ''] = HOSTS;
const JUDGEMENT: Settings = { 'readmit-after': { first: '1s', most: '4s' } };

/** As the default rules, but deaf to one service. */
const DEAF = `export default ({ where, service, judgeTests, webhook, state, changedState }) => [
  where(service(/^mesos\\/slave\\/(?!flaky$)/), judgeTests()),
  where(service('mesos/slave/flaky'), webhook({ url: 'http://127.0.0.1:9/never' })),
];
`;
const LIKE_DEFAULT = `export default ({ where, service, judgeTests }) => [where(service(/^mesos\\/slave\\//), judgeTests())];
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-replay-'));
  await writeFile(join(folder, 'deaf.mjs'), DEAF);
  await writeFile(join(folder, 'default.mjs'), LIKE_DEFAULT);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

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

const linesOf = (out: string) =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);

interface Line {
  readonly time: number;
  readonly kind: string;
  readonly host: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string;
}

/** A slave's report of all the tests of a host. */
async function say(master: MasterProcess, host: string, states: Readonly<Record<string, string>>, ttl = 60) {
  const events = Object.entries(states).map(([test, state]) => ({ service: `mesos/slave/${test}`, state, ttl }));
  expect((await master.api('POST', '/reports', { host, events })).status).toBe(202);
}

async function untilFlag(master: MasterProcess, host: string, flag: 'on' | 'off', beat?: () => Promise<void>) {
  await until(
    async () => {
      await beat?.();
      const { json } = await master.api('GET', `/whitelist/host/${host}/why`);
      return json['flag'] === flag;
    },
    { what: `${host} ${flag}`, everyMs: 100 },
  );
}

/** What automation did, by the histories of the hosts: oldest first. */
async function history(master: MasterProcess): Promise<readonly Line[]> {
  const all: Line[] = [];
  for (const host of HOSTS) {
    const { body } = await master.api('GET', `/whitelist/host/${host}/history`);
    const entries = JSON.parse(body) as (Omit<Line, 'host'> & { readonly cause: string })[];
    const own = entries.filter(({ from, to, cause }) => from !== to && !['manual', 'expired'].includes(cause));
    all.push(...own.map(({ time, from, to, reason }) => ({ time, kind: 'turn', host, from, to, reason })));
  }
  return all.sort((a, b) => a.time - b.time);
}

/** The order of hosts within one moment is nobody's promise. */
const sorted = (lines: readonly Line[]) =>
  [...lines].sort((a, b) => (a.host === b.host ? a.time - b.time : a.host < b.host ? -1 : 1));

function expectSame(replayed: readonly Line[], live: readonly Line[]): void {
  const bare = (lines: readonly Line[]) =>
    sorted(lines).map(({ host, from, to, reason }) => ({ host, from, to, reason }));
  expect(bare(replayed)).toEqual(bare(live));
  for (const [at, line] of sorted(replayed).entries())
    expect(Math.abs(line.time - (sorted(live)[at]?.time ?? 0))).toBeLessThan(1.5);
}

describe('a recording of a real master', () => {
  test('played again gives the same offs and ons, also over kill -9', { timeout: 40_000 }, async () => {
    const dir = join(folder, 'same');
    const rec = join(dir, 'rec');
    const master = await startMaster(dir, { ...JUDGEMENT, record: { dir: rec } });
    const config = join(dir, 'master.json');
    for (const host of HOSTS) await say(master, host, { disk: 'ok', net: 'ok' });
    await untilFlag(master, HOSTS.at(-1) ?? '', 'on');
    // Two fall ill; the guard lets one go. Then both get well.
    await say(master, FIRST, { disk: 'critical' });
    await untilFlag(master, FIRST, 'off');
    await say(master, SECOND, { net: 'critical' });
    await say(master, FIRST, { disk: 'ok' });
    await untilFlag(master, FIRST, 'on');
    await untilFlag(master, SECOND, 'off');
    // Who is held is looked at again once a second, in a replay at another moment of it.
    await sleep(systemClock, 1_500);
    await say(master, SECOND, { net: 'ok' });
    // What operators do is in the recording too.
    await master.api('PUT', `/whitelist/host/${THIRD}/off`, {});
    await untilFlag(master, SECOND, 'on');
    await until(async () => (await sizeOf(rec)) > 2_000, { what: 'the recording to be written' });
    await until(async () => (await lastLines(rec)).includes(`"host":"${SECOND}"`), { what: 'the last report in it' });
    await master.kill();

    master.launch();
    await master.untilReady();
    for (const host of HOSTS) await say(master, host, { disk: 'ok', net: 'ok' });
    await master.api('DELETE', `/whitelist/manual/${THIRD}`);
    await say(master, THIRD, { disk: 'ok', net: 'ok' }, 1);
    await untilFlag(master, THIRD, 'off', async () => {
      for (const host of HOSTS) if (host !== THIRD) await say(master, host, { disk: 'ok', net: 'ok' });
    });
    const live = await history(master);
    expect(await master.stop()).toBe(0);
    for (const name of await readdir(rec)) expect((await stat(join(rec, name))).mode & 0o777).toBe(0o600);

    const { code, out, err } = await satelliteMaster('--replay', rec, '--config', config, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(live.length).toBeGreaterThanOrEqual(11);
    expectSame(linesOf(out), live);

    const table = await satelliteMaster('--replay', rec, '--config', config);
    expect(table.out).toMatch(/events of 6 hosts, \d{4}-\d\d-\d\dT[\d:.]+Z to /);
    expect(table.out).toContain('the master restarted once');
    expect(table.out).toMatch(/Z +h1\.example +on -> off +mesos\/slave\/disk critical\n/);
  });
});

async function lastLines(rec: string): Promise<string> {
  const name = (await readdir(rec)).at(-1) ?? '';
  return (await readFile(join(rec, name), 'utf8')).slice(-1_000);
}

async function sizeOf(rec: string): Promise<number> {
  const [name = ''] = await readdir(rec);
  return (await stat(join(rec, name))).size;
}

describe('rules in the shadow, and two rules on one recording', () => {
  test('differ by the test to which one is deaf', { timeout: 30_000 }, async () => {
    const dir = join(folder, 'shadow');
    const rec = join(dir, 'rec');
    const shadowed = { ...JUDGEMENT, record: { dir: rec }, 'shadow-streams': join(folder, 'deaf.mjs') };
    const master = await startMaster(dir, shadowed);
    for (const host of HOSTS) await say(master, host, { disk: 'ok', flaky: 'ok' });
    await untilFlag(master, HOSTS.at(-1) ?? '', 'on');
    await until(async () => (await shadow(master)).differs.length === 0, { what: 'both to agree' });

    await say(master, FIRST, { flaky: 'critical' });
    await untilFlag(master, FIRST, 'off');
    const told = await until(async () => shadow(master).then((now) => now.differs.length > 0 && now), {
      what: 'the difference',
    });
    expect(told).toMatchObject({ module: join(folder, 'deaf.mjs'), fault: null });
    expect(told.differs).toEqual([{ host: FIRST, live: 'off', shadow: 'on', reason: 'all 1 tests fit' }]);
    expect(told.since).toBeLessThan(Date.now() / 1000);
    const [newest] = told.effects;
    expect(newest).toMatchObject({ kind: 'alert', host: FIRST });
    expect(newest?.reason).toMatch(/^webhook trigger: /);
    expect(told.effects.filter(({ kind }) => kind === 'turn')).toHaveLength(6);
    expect((await master.api('GET', '/metrics')).body).toMatch(/^satellite_shadow_differences 1$/m);
    const text = await master.api('GET', '/shadow', undefined, { accept: 'text/plain' });
    expect(text.body).toBe(`${FIRST} is off, would be on: all 1 tests fit\n`);
    // The shadow's word alone: nothing of it reaches the list, the record, or the index.
    expect(await master.lines()).not.toContain(FIRST);
    await master.api('PUT', `/whitelist/host/${THIRD}/off`, {});
    expect((await shadow(master)).differs.map(({ host }) => host)).toEqual([FIRST]);

    // A broken version leaves the one that runs; a sound one takes its place as the master stands now.
    await writeFile(join(folder, 'deaf.mjs'), 'export default 1;\n');
    master.signal('SIGHUP');
    const broken = await until(async () => shadow(master).then((now) => now.fault !== null && now), {
      what: 'the fault',
    });
    expect(broken.fault).toContain('the default export is no function');
    expect(broken.differs).toHaveLength(1);
    await writeFile(join(folder, 'deaf.mjs'), LIKE_DEFAULT);
    master.signal('SIGHUP');
    await until(async () => shadow(master).then((now) => now.fault === null && now.since > told.since), {
      what: 'it to run',
    });
    expect((await shadow(master)).differs).toEqual([]);
    expect(await master.stop()).toBe(0);

    await writeFile(join(folder, 'deaf.mjs'), DEAF);
    const files = ['--streams', join(folder, 'default.mjs'), '--streams', join(folder, 'deaf.mjs')];
    const config = ['--config', join(dir, 'master.json')];
    const alone = files.slice(0, 2);
    const [json, table, same, byDefault] = await Promise.all([
      satelliteMaster('--replay', rec, ...files, ...config, '--json'),
      satelliteMaster('--replay', rec, ...files, ...config),
      satelliteMaster('--replay', rec, ...alone, ...config, '--json'),
      satelliteMaster('--replay', rec, ...config, '--json'),
    ]);
    expect({ code: json.code, err: json.err }).toEqual({ code: 0, err: '' });
    expect(linesOf(json.out).filter(({ to }) => to === 'off')).toMatchObject([
      { kind: 'only-in-first', host: FIRST, from: 'on', to: 'off', reason: 'mesos/slave/flaky critical' },
    ]);
    expect(table.out).toMatch(/h1\.example +on -> off +only A +mesos\/slave\/flaky critical\n/);
    expect(same.out).toBe(byDefault.out);
  });
});

interface ShadowAnswer {
  readonly since: number;
  readonly module: string;
  readonly fault: string | null;
  readonly differs: readonly { readonly host: string }[];
  readonly effects: readonly Line[];
}

async function shadow(master: MasterProcess): Promise<ShadowAnswer> {
  return JSON.parse((await master.api('GET', '/shadow')).body) as ShadowAnswer;
}

describe('wrong usage', () => {
  test('ends with 2 and says what is wrong', { timeout: 30_000 }, async () => {
    const broken = join(folder, 'broken.mjs');
    await writeFile(broken, 'export default ({ wher }) => [wher()];\n');
    const config = join(folder, 'wrong.json');
    await writeFile(config, JSON.stringify({ 'mesos-master-url': null, 'shadow-streams': broken }));
    const commands: readonly (readonly [RegExp, ...string[]])[] = [
      [/'--streams <file>' needs '--replay <path>'/, '--streams', 'x.mjs'],
      [/twice at the most/, '--replay', folder, ...['a', 'b', 'c'].flatMap((file) => ['--streams', file])],
      [/broken\.mjs:1.*satellite has no "wher"/, '--replay', folder, '--streams', broken],
      [/broken\.mjs:1.*satellite has no "wher"/, '--config', config, '--check'],
    ];
    await Promise.all(
      commands.map(async ([message, ...words]) => {
        const { code, out, err } = await satelliteMaster(...words);
        expect(err).toMatch(message);
        expect({ code, out }).toEqual({ code: 2, out: '' });
      }),
    );
  });

  test.each<[string, string, readonly string[], RegExp]>([
    ['a folder without a recording', 'test', [], /no recording: no file in it is named events-TIME/],
    ['a folder that is not there', 'nowhere', [], /nowhere: ENOENT/],
    ['no such module', 'test', ['nowhere.mjs'], /nowhere\.mjs: no such file/],
    [
      'a captured state with a module',
      'test/fixtures/replay/black-hole-state.json',
      ['x.mjs'],
      /'--streams' is for recordings/,
    ],
  ])('%s', async (_, path, streams, message) => {
    const { blackHole: thresholds, ...judgement } = defaultReplaySettings();
    const replayed = replayPath(path, { thresholds, judgement, streams, json: false });
    await expect(replayed).rejects.toThrow(ReplayError);
    await expect(replayed).rejects.toThrow(message);
  });

  test('all that is wrong with the settings of both', async () => {
    const config = join(folder, 'settings.json');
    const read = (settings: Settings) => {
      writeFileSync(config, JSON.stringify({ 'mesos-master-url': null, ...settings }));
      return readMasterSettings(config);
    };
    const wrong = () => read({ record: { keep: '1s', more: 1 }, 'shadow-streams': '' });
    expect(wrong).toThrow('record.dir: found nothing');
    expect(wrong).toThrow('record: unknown key `more`, expected one of dir, keep, most-bytes, gzip');
    expect(() => read({ record: { dir: 'rec', 'most-bytes': 5 } })).toThrow('record.most-bytes: found 5');
    expect(() => read({ 'shadow-streams': '' })).toThrow('shadow-streams: found ""');
    expect(() => read({ record: { dir: 'rec', keep: '1s' } })).toThrow(
      'record.keep: found "1s", expected at least "1m"',
    );
    expect(read({ record: { dir: 'rec' }, 'shadow-streams': 'next.ts' })).toMatchObject({
      record: { dir: 'rec', keepMs: 604_800_000, maxBytes: 10_000_000_000, gzip: true },
      shadowStreams: 'next.ts',
    });
    expect(read({})).toMatchObject({ record: undefined, shadowStreams: undefined });
  });
});
