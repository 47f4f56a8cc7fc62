/**
 * `npm start`: one master on the embedded store and one slave that reports the health of this machine, as two processes
 * with the settings in this folder. Shows their logs, then the machine's health and its whitelist. Ctrl-C stops both.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { sleep, systemClock } from '../../shared/clock.ts';
import { stopSignal } from '../../shared/early-signal.ts';
import { HttpClient } from '../../shared/http-client.ts';

const MASTER_URL = 'http://127.0.0.1:5001';
/** What the slave reports, without the master's own events. */
const TESTS = `/events?query=${encodeURIComponent('service =~ "mesos/slave/%"')}`;
const WHITELIST = resolve('data/one-machine/whitelist');
/** Every comet has run once by then. */
const FIRST_HEALTH_MS = 20_000;
const STOP_WITHIN_MS = 6_000;

const master = new HttpClient(MASTER_URL);
const children: ChildProcess[] = [];
const ended = new AbortController();

function start(name: 'master' | 'slave'): void {
  const argv = [`dist/satellite-${name}/main.js`, '--config', `config/one-machine/${name}.json`];
  // Ctrl-C reaches the whole process group; a child in a group of its own is stopped once, by this process.
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'pipe'], detached: true });
  if (child.stderr) createInterface(child.stderr).on('line', (line) => show(name, line));
  child.on('exit', (code, signal) => {
    if (!ended.signal.aborted) process.stdout.write(`${name} has ended (${signal ?? `exit code ${code}`})\n`);
    ended.abort();
  });
  children.push(child);
}

/** Shows a log line as text: time of day, process, message. */
function show(name: string, line: string): void {
  let text = line;
  try {
    const { time, msg, level: _level, name: _name, pid: _pid, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const details = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    text = [String(time).slice(11, 19), name.padEnd(6), msg, ...details].join('  ');
  } catch {
    // no log line: shown as it is
  }
  process.stdout.write(`${text}\n`);
}

async function get(path: string): Promise<unknown> {
  const answer = await master.send({ method: 'GET', path, timeoutMs: 2_000, maxBytes: 10_000_000 });
  return answer.status === 200 ? JSON.parse(answer.body) : undefined;
}

/** @returns whether the condition became true within the time and before a process ended */
async function becomesTrue(condition: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const endMs = systemClock.monoMs() + withinMs;
  while (!ended.signal.aborted && systemClock.monoMs() < endMs) {
    if (await condition().catch(() => false)) return true;
    await sleep(systemClock, 200, ended.signal);
  }
  return false;
}

interface Health {
  readonly events: readonly { readonly service: string; readonly state?: string; readonly metric?: number }[];
}

async function showHealth(comets: number): Promise<void> {
  const events = async () => ((await get(TESTS)) as Health | undefined)?.events ?? [];
  await becomesTrue(async () => (await events()).length >= comets, FIRST_HEALTH_MS);
  if (ended.signal.aborted) return;
  process.stdout.write('\nThis machine:\n');
  for (const { service, state = '', metric = '' } of await events()) {
    process.stdout.write(`  ${state.padEnd(9)} ${String(metric).padStart(8)}  ${service}\n`);
  }
  const listed = await becomesTrue(async () => (await readFile(WHITELIST, 'utf8')) !== '', 2_000);
  process.stdout.write(
    `\nThe whitelist:\n  ${listed ? (await readFile(WHITELIST, 'utf8')).trimEnd() : '(no host is on it)'}\n\n`,
  );
}

async function cometsConfigured(): Promise<number> {
  const settings = JSON.parse(await readFile('config/one-machine/slave.json', 'utf8')) as {
    comets: readonly unknown[];
  };
  return settings.comets.length;
}

async function stop(): Promise<void> {
  ended.abort();
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  for (const child of running) child.kill('SIGTERM');
  const kill = systemClock.after(STOP_WITHIN_MS, () => {
    for (const child of running) child.kill('SIGKILL');
  });
  await Promise.all(running.map((child) => once(child, 'exit')));
  kill.cancel();
  await master.close();
}

const asked = stopSignal;
start('master');
if (await becomesTrue(async () => (await get('/readyz')) !== undefined, 15_000)) {
  start('slave');
  process.stdout.write(`
Satellite runs on this machine, one master and one slave:
  REST API        ${MASTER_URL}   try: curl -s ${MASTER_URL}/whitelist/all
  whitelist file  ${WHITELIST}
  Ctrl-C stops both. The first results arrive within 10 seconds.

`);
  await showHealth(await cometsConfigured());
}
const failed = await Promise.race([
  asked.then(() => false),
  new Promise<boolean>((done) => ended.signal.addEventListener('abort', () => done(true))),
  ...(ended.signal.aborted ? [Promise.resolve(true)] : []),
]);
await stop();
process.exitCode = failed ? 1 : 0;
