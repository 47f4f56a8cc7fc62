/** The command itself, as it is built: real processes, real sockets. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../support/until.ts';
import { fileWith, settingsFile, temporaryFolder } from './support/settings-file.ts';
import { acceptAll, closedPort, reportsOf, StubServer } from './support/stub-server.ts';

const MAIN = 'dist/satellite-slave/main.js';
const ORIGINAL = 'test/fixtures/original-settings/slave.json';

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build`);
});

const started: ChildProcess[] = [];
const servers: StubServer[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  for (const server of servers.splice(0)) await server.close();
});

function start(...words: string[]) {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  const text = { out: '', err: '' };
  child.stdout.on('data', (part: Buffer) => (text.out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (text.err += part.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', (exit) => resolve(exit)));
  return { child, text, ended };
}

async function run(...words: string[]) {
  const { text, ended } = start(...words);
  return { exit: await ended, ...text };
}

async function master(): Promise<StubServer> {
  const server = new StubServer(acceptAll);
  await server.listen();
  servers.push(server);
  return server;
}

/** Resident memory of a process in MB. */
function residentMb(child: ChildProcess): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

const named = { 'slave-host': 'a1.example', 'mesos-agent-url': null };
const load = { name: 'load-average', period: '200ms', params: { threshold: 1000 } };

describe('words', () => {
  test.each([
    [['--help'], 0, /--dry-run/],
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
  ])('%j', async (words, exit, said) => {
    expect(await run(...words)).toMatchObject({ exit, out: expect.stringMatching(said) });
  });

  test.each([
    [[], /--config/],
    [['--config', '/nowhere.json'], /nowhere\.json.*readable JSON/],
    [['--config', ORIGINAL, '--nonsense'], /--nonsense/],
    [['--config', ORIGINAL, 'word'], /too many arguments/],
  ])('%j is wrong usage', async (words, said) => {
    expect(await run(...words)).toMatchObject({ exit: 2, err: expect.stringMatching(said) });
  });
});

describe('--check', () => {
  test("accepts the original's shipped file", async () => {
    const { exit, err, out } = await run('--config', ORIGINAL, '--check');
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toMatch(
      /slave\.json is valid: 10 comets, reporting to http:\/\/satellite\.master\.1\.example\.com:5001/,
    );
  });

  test('reports everything that is wrong, on a line each', async () => {
    const { exit, err } = await run(
      '--config',
      settingsFile({ foo: 1, comets: [{ name: 'x', period: 1 }] }),
      '--check',
    );
    expect(exit).toBe(2);
    expect(err.trim().split('\n')).toEqual([
      expect.stringMatching(/: unknown key `foo`, expected one of satellites/),
      expect.stringMatching(/: comets\[0\]\.name: found "x", expected one of/),
    ]);
  });
});

describe('--check and the Mesos agent', () => {
  async function agent(status: number): Promise<string> {
    const body = status === 200 ? '{"flags": {"hostname": "alpha.test"}}' : '';
    const server = new StubServer(() => ({ status, body }));
    servers.push(server);
    return await server.listen();
  }

  test('an agent that refuses the slave is wrong settings, and the setting is named', async () => {
    const file = settingsFile({ 'mesos-agent-url': await agent(401) });
    const { exit, err } = await run('--config', file, '--check');
    expect(exit).toBe(2);
    expect(err).toMatch(/mesos-credentials: .* answered 401/);
  });

  test('an agent that refuses the slave is a warning where slave-host names the host', async () => {
    const file = settingsFile({ 'mesos-agent-url': await agent(401), 'slave-host': 'a1.example' });
    const { exit, out } = await run('--config', file, '--check');
    expect(exit).toBe(0);
    expect(out).toMatch(/warning: mesos-agent-url: .* answered 401/);
  });

  test('an agent that does not answer is a warning', async () => {
    const file = settingsFile({ 'mesos-agent-url': `http://127.0.0.1:${await closedPort()}` });
    const { exit, out } = await run('--config', file, '--check');
    expect(exit).toBe(0);
    expect(out).toMatch(/warning: mesos-agent-url: .*ECONNREFUSED/);
  });

  test('another name than the agent has is a warning', async () => {
    const file = settingsFile({ 'mesos-agent-url': await agent(200), 'slave-host': 'a1.example' });
    const { exit, out } = await run('--config', file, '--check');
    expect(exit).toBe(0);
    expect(out).toMatch(/warning: slave-host: a1\.example, but the Mesos agent has registered as alpha\.test/);
  });

  test.each([
    [{ satellites: [{ url: 'master1:5001' }] }, '"http://master1:5001"'],
    [{ 'mesos-agent-url': 'localhost:5051' }, '"http://localhost:5051"'],
  ])('a URL without scheme is wrong settings, with the one that was meant: %j', async (settings, meant) => {
    expect(await run('--config', settingsFile(settings), '--check')).toMatchObject({
      exit: 2,
      err: expect.stringContaining(`expected ${meant}`),
    });
  });

  test('a file that is a pipe is refused, where reading it would never return', async () => {
    const fifo = join(temporaryFolder(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    const file = settingsFile({ satellites: [{ host: 'a', 'token-file': fifo }] });
    expect(await run('--config', file, '--check')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('is not a regular file'),
    });
  });
});

describe('--once', () => {
  test('prints each event as a line with --dry-run', async () => {
    const file = settingsFile({
      ...named,
      comets: [load, { name: 'file-exists', period: '1m', params: { path: '/nowhere' } }],
    });
    const { exit, out } = await run('--config', file, '--once', '--dry-run');
    expect(exit).toBe(0);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toHaveLength(2);
    expect(events.find(({ service }) => service === 'mesos/slave//nowhere exists')).toMatchObject({
      host: 'a1.example',
      state: 'critical',
      metric: 1,
      ttl: 300,
    });
    expect(events.find(({ service }) => service === 'mesos/slave/load average over past 15 minutes')).toMatchObject({
      state: 'ok',
      ttl: 1,
    });
  });

  test('delivers to every master, and ends', async () => {
    const [one, two] = [await master(), await master()];
    const file = settingsFile({
      ...named,
      satellites: [{ url: one.origin }, { host: '127.0.0.1', port: two.port }],
      comets: [load],
    });
    expect(await run('--config', file, '--once')).toMatchObject({ exit: 0, out: '' });
    for (const server of [one, two])
      expect(reportsOf(server)).toMatchObject([{ host: 'a1.example', events: [{ state: 'ok' }] }]);
  });
});

describe('a running slave', () => {
  test('reports on its periods though another master is dead, and ends within 5 s of SIGTERM with its programs', async () => {
    const folder = temporaryFolder();
    const script = fileWith(`#!/bin/sh\necho $$ > ${folder}/pid\nexec sleep 300\n`, 'long', 0o755);
    const server = await master();
    const file = settingsFile({
      ...named,
      satellites: [{ url: `http://127.0.0.1:${await closedPort()}` }, { url: server.origin }],
      comets: [
        load,
        { name: 'command', period: '100ms', timeout: '5m', params: { command: [script], service: 'long' } },
      ],
    });
    const { child, ended, text } = start('--config', file);
    await until(() => reportsOf(server).length >= 3, { what: 'three reports' });
    const pid = await until(() => existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8').trim(), {
      what: 'the start of the command',
    });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await until(() => !existsSync(`/proc/${pid}`), { what: 'the end of the command' });
    expect(text.out).toBe('');
    expect(text.err.match(/ECONNREFUSED/g)).toHaveLength(1);
    for (const line of text.err.trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  test("stays below 60 MB with the original's comets", async () => {
    const server = await master();
    const original = JSON.parse(readFileSync(ORIGINAL, 'utf8')) as { comets: object[] };
    const file = settingsFile({
      ...named,
      'mesos-agent-url': `http://127.0.0.1:${await closedPort()}`,
      satellites: [{ url: server.origin }, { url: server.origin }],
      comets: original.comets.map((comet) => ({ ...comet, period: '100ms' })),
    });
    const { child, ended } = start('--config', file);
    await until(() => reportsOf(server).length >= 20, { what: 'twenty reports' });
    expect(residentMb(child)).toBeLessThan(60);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

describe('an agent that refuses the slave', () => {
  test('keeps it from reporting, and the log names the setting', async () => {
    const server = await master();
    const agent = new StubServer(() => ({ status: 401 }));
    servers.push(agent);
    const file = settingsFile({
      'mesos-agent-url': await agent.listen(),
      satellites: [{ url: server.origin }],
      comets: [load],
    });
    const { child, ended, text } = start('--config', file);
    await until(() => text.err.includes('does not say the name of this host'), { what: 'the log line' });
    expect(text.err).toMatch(/answered 401 \(the setting mesos-credentials is missing or wrong\)/);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(reportsOf(server)).toEqual([]);
  });

  test('is logged in to with mesos-credentials', async () => {
    const server = await master();
    const basic = `Basic ${Buffer.from('satellite:s3cret').toString('base64')}`;
    const agent = new StubServer(({ headers }) =>
      headers.authorization === basic
        ? { status: 200, body: '{"flags": {"hostname": "alpha.test"}}' }
        : { status: 401 },
    );
    servers.push(agent);
    const file = settingsFile({
      'mesos-agent-url': await agent.listen(),
      'mesos-credentials': { principal: 'satellite', 'secret-file': fileWith('s3cret\n', 'secret') },
      satellites: [{ url: server.origin }],
      comets: [load],
    });
    expect(await run('--config', file, '--check')).toMatchObject({ exit: 0 });
    expect(await run('--config', file, '--once')).toMatchObject({ exit: 0 });
    expect(reportsOf(server)).toMatchObject([{ host: 'alpha.test' }]);
  });
});

describe('SIGHUP', () => {
  const text = (settings: object) => JSON.stringify({ ...named, ...settings });

  test('reloads the settings: comets and masters are added and removed, the others go on', async () => {
    const [one, two] = [await master(), await master()];
    const exists = { name: 'file-exists', period: '200ms', params: { path: '/nowhere' } };
    const file = fileWith(text({ satellites: [{ url: one.origin }], comets: [load] }), 'slave.json');
    const { child, ended, text: output } = start('--config', file);
    await until(() => reportsOf(one).length > 0, { what: 'a report' });
    writeFileSync(
      file,
      text({
        satellites: [{ url: one.origin }, { url: two.origin }],
        comets: [load, exists],
        service: 'mesos/slave/new/',
      }),
    );
    child.kill('SIGHUP');
    const services = (server: StubServer) =>
      new Set(reportsOf(server).flatMap(({ events }) => events.map(({ service }) => service)));
    const wanted = ['mesos/slave/new//nowhere exists', 'mesos/slave/new/load average over past 15 minutes'];
    await until(() => [one, two].every((server) => wanted.every((service) => services(server).has(service))), {
      what: 'both comets at both masters',
    });
    expect(output.err).toMatch(/"comets":2,"satellites":2,"msg":"settings reloaded"/);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('with a file that is not valid changes nothing, and is logged', async () => {
    const server = await master();
    const file = fileWith(text({ satellites: [{ url: server.origin }], comets: [load] }), 'slave.json');
    const { child, ended, text: output } = start('--config', file);
    await until(() => reportsOf(server).length > 0, { what: 'a report' });
    writeFileSync(file, text({ satellites: [{ url: server.origin }], commets: [] }));
    child.kill('SIGHUP');
    await until(() => output.err.includes('failed to reload the settings'), { what: 'the log line' });
    expect(output.err).toMatch(/unknown key `commets`, did you mean `comets`\?/);
    const before = reportsOf(server).length;
    await until(() => reportsOf(server).length > before + 1, { what: 'further reports' });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

describe('the end', () => {
  test('of a slave whose file system does not answer comes all the same: a log line, then SIGKILL', async () => {
    const fifo = join(temporaryFolder(), 'slave.json');
    execFileSync('mkfifo', [fifo]);
    const { child, text } = start('--config', fifo);
    const end = new Promise((resolve) => child.on('exit', (exit, signal) => resolve([exit, signal])));
    // Opening it for writing succeeds once it is being read; what is never written keeps the reader waiting.
    const open = () => {
      try {
        return openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
      } catch {
        return undefined;
      }
    };
    const writer = await until(open, { what: 'the read of the settings' });
    onTestFinished(() => closeSync(writer));
    child.kill('SIGTERM');
    expect(await end).toEqual([null, 'SIGKILL']);
    expect(text.err).toMatch(/"calls":\["[^"]*slave\.json"\].*a system call does not return, ending by SIGKILL/);
  });
});
