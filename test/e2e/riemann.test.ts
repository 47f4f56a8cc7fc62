/** Riemann's own world against a real master: Debian's clients, and a slave that speaks the protocol. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from '../../shared/event.ts';
import { freePort } from '../support/free-port.ts';
import { MasterProcess, type Settings, SlaveProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const closing: (() => unknown)[] = [];
let folder: string;
let port: string;
let master: MasterProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-riemann-'));
  port = String(await freePort());
  const socket = { port: Number(port) };
  const settings = { 'riemann-tcp-server-options': socket, 'riemann-udp-server-options': socket };
  master = await startMaster(join(folder, 'master'), settings);
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await master.stop();
  await rm(folder, { recursive: true, force: true });
});

async function events(query: string): Promise<readonly Event[]> {
  const { json } = await master.api('GET', `/events?query=${encodeURIComponent(query)}`);
  return json['events'] as readonly Event[];
}

async function untilEvent(query: string): Promise<Event> {
  let found: Event | undefined;
  const look = async () => {
    found = (await events(query))[0];
    return found !== undefined;
  };
  await until(look, { what: `an event where ${query}`, timeoutMs: 20_000 });
  return found as Event;
}

/** A daemon in the foreground, ended with the tests; what it says goes into the failure. */
function launch(command: string, words: readonly string[]): ChildProcess {
  const child = spawn(command, words, { stdio: 'ignore' });
  closing.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
}

describe("Debian's clients of Riemann", () => {
  test('riemann-client sends over TCP and UDP, and queries', async () => {
    const send = (...words: string[]) => run('riemann-client', ['send', ...words, '127.0.0.1', port]);
    await send(
      '-h',
      'c1.example',
      '-S',
      'disk',
      '-s',
      'ok',
      '-d',
      '0.5',
      '-t',
      'ssd',
      '-a',
      'rack=r1',
      '-D',
      'well',
      '-L',
      '30',
    );
    await send('-U', '-h', 'c1.example', '-S', 'udp', '-i', '7');
    expect(await untilEvent('host = "c1.example" and service = "disk"')).toMatchObject({
      host: 'c1.example',
      service: 'disk',
      state: 'ok',
      metric: 0.5,
      tags: ['ssd'],
      rack: 'r1',
      description: 'well',
      ttl: 30,
    });
    expect(await untilEvent('service = "udp"')).toMatchObject({ metric: 7, ttl: 60 });
    const { stdout } = await run('riemann-client', ['query', '-j', 'tagged "ssd" and rack = "r1"', '127.0.0.1', port]);
    expect(JSON.parse(stdout)).toMatchObject([
      { host: 'c1.example', service: 'disk', state: 'ok', description: 'well' },
    ]);
    await expect(run('riemann-client', ['query', 'host = ', '127.0.0.1', port])).rejects.toThrow(/column 8/);
  });

  test('a test below the prefix takes its host off the whitelist and puts it back', async () => {
    const say = (host: string, state: string) =>
      run('riemann-client', ['send', '-h', host, '-S', 'mesos/slave/disk', '-s', state, '127.0.0.1', port]);
    for (const host of ['w1.example', 'w2.example', 'w3.example', 'w4.example']) await say(host, 'ok');
    await until(async () => (await master.lines()).length === 4, { what: 'four hosts in the file' });
    await say('w1.example', 'critical');
    await until(async () => !(await master.lines()).includes('w1.example'), { what: 'w1 to be off' });
    expect((await master.lines()).length).toBe(3);
  });

  test('collectd with write_riemann', async () => {
    const conf = join(folder, 'collectd.conf');
    writeFileSync(
      conf,
      `Hostname "collectd.example"\nFQDNLookup false\nInterval 1\nBaseDir "${folder}"\nPIDFile "${folder}/collectd.pid"\n
LoadPlugin load\nLoadPlugin write_riemann\n
<Plugin write_riemann>\n  <Node "satellite">\n    Host "127.0.0.1"\n    Port "${port}"\n    Protocol TCP\n    Batch false\n    StoreRates true\n    TTLFactor 30\n  </Node>\n  Tag "collectd"\n</Plugin>\n`,
    );
    launch('/usr/sbin/collectd', ['-f', '-C', conf]);
    const event = await untilEvent('host = "collectd.example" and service = "load/load/shortterm"');
    expect(event).toMatchObject({ tags: ['collectd'], plugin: 'load', ttl: 30 });
    expect(event.metric).toBeTypeOf('number');
  });

  test('syslog-ng with its riemann destination', async () => {
    const [conf, input] = [join(folder, 'syslog-ng.conf'), join(folder, 'input.log')];
    writeFileSync(input, '');
    writeFileSync(
      conf,
      `@version: 3.38\noptions { stats-freq(0); keep-hostname(yes); };
source s { file("${input}" follow-freq(0.1)); };
destination d { riemann(server("127.0.0.1") port(${port}) type("tcp") host("\${HOST}") service("syslog/\${PROGRAM}") state("\${LEVEL}") description("\${MESSAGE}") ttl("60") attributes(pid("\${PID}"))); };
log { source(s); destination(d); };\n`,
    );
    const state = ['-R', 'persist', '-p', 'pid', '-c', 'ctl'].map((word) =>
      word.startsWith('-') ? word : join(folder, `syslog.${word}`),
    );
    launch('/usr/sbin/syslog-ng', ['-F', '-f', conf, ...state]);
    await until(
      async () => {
        appendFileSync(input, '<11>Nov 22 12:00:00 syslog.example kernel[42]: disk on fire\n');
        return (await events('service = "syslog/kernel"')).length > 0;
      },
      { everyMs: 300, timeoutMs: 20_000, what: 'a line of the log' },
    );
    expect(await untilEvent('service = "syslog/kernel"')).toMatchObject({
      host: 'syslog.example',
      state: 'err',
      description: 'disk on fire',
      pid: '42',
    });
  });
});

test('a slave over Riemann is judged as over HTTP, and stays below 60 MB', async () => {
  const slave = new SlaveProcess(join(folder, 'slave'), 'slave.example', [master], {
    settings: { satellites: [{ host: '127.0.0.1', port: Number(port), protocol: 'riemann' }] },
  });
  slave.launch();
  closing.push(() => slave.stop());
  await until(async () => (await master.lines()).includes('slave.example'), { what: 'the slave on the list' });
  await until(async () => (await events('host = "slave.example" and service =~ "mesos/slave/%"')).length === 2, {
    what: 'both tests of the slave',
  });
  const status = readFileSync(`/proc/${slave.pid}/status`, 'utf8');
  expect(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024).toBeLessThan(60);
  expect(await slave.stop()).toBe(0);
});

describe('a port that another program has', () => {
  async function masterAt(name: string, settings: Settings): Promise<MasterProcess> {
    mkdirSync(join(folder, name));
    const other = new MasterProcess(join(folder, name), await freePort(), settings);
    other.launch();
    closing.push(() => other.kill());
    return other;
  }

  test('the default one: the master says so and goes on', async () => {
    const holder = createServer().on('error', () => undefined);
    holder.listen(5555, '127.0.0.1');
    closing.push(() => holder.close());
    const other = await masterAt('default', { 'riemann-tcp-server-options': undefined });
    await other.untilReady();
    const { json } = await other.api('GET', '/readyz');
    expect(json['riemann-tcp']).toBe('off: port 5555 (`riemann-tcp-server-options`) is already in use');
    expect(other.log.join('\n')).toMatch(
      /port 5555 \(`riemann-tcp-server-options`\) is already in use.*Riemann port not open/,
    );
  });

  test('one that the settings name: the master does not start', async () => {
    const other = await masterAt('named', { 'riemann-tcp-server-options': { port: Number(port) } });
    await until(() => !other.running, { what: 'it to end' });
    expect(other.log.join('\n')).toMatch(`port ${port} (\`riemann-tcp-server-options\`) is already in use`);
  });

  test('the one of the service: the master does not start, and names the setting', async () => {
    const taken = await freePort();
    const holder = createServer().listen(taken, '127.0.0.1');
    closing.push(() => holder.close());
    mkdirSync(join(folder, 'service'));
    const other = new MasterProcess(join(folder, 'service'), taken, {});
    other.launch();
    closing.push(() => other.kill());
    await until(() => !other.running, { what: 'it to end' });
    expect(other.log.join('\n')).toMatch(`port ${taken} (\`service-port\`) is already in use`);
    expect(other.log.join('\n')).not.toMatch('EADDRINUSE');
  });
});
