/**
 * The Riemann port: events/s and the time until the acknowledgement, by events a message and by connections, with the
 * index and the default rules on; memory and queries with 100,000 pairs; the start. `RLOAD=path` names another load
 * generator with the words of rload.c, to compare with figures that it made.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '../shared/clock.ts';
import { RiemannClient } from '../shared/riemann/client.ts';
import { freePort } from '../test/support/free-port.ts';
import { MasterProcess } from '../test/support/satellite.ts';
import { memoryMb } from './processes.ts';
import type { RiemannLoad, RiemannLoadResult } from './riemann-load.ts';
import { type Figure, median, spread, tenths, under, whole } from './table.ts';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('./riemann-load.ts', import.meta.url));
const RLOAD = process.env['RLOAD'];

const SIZES = [1, 10, 100, 1000] as const;
const CONNECTIONS = [1, 8, 64] as const;
const PAIRS = 10_000;
const MANY_PAIRS = 100_000;
const REFRESHES = 5;
const QUERIES = 15;
const WARMUP_MS = 1_000;
const RUN_MS = 3_000;

/** @param folder of its own */
export async function riemannFigures(folder: string): Promise<readonly Figure[]> {
  return [...(await intake(join(folder, 'intake'))), ...(await manyPairs(join(folder, 'pairs')))];
}

async function start(folder: string): Promise<{ master: MasterProcess; port: number; startMs: number }> {
  const port = await freePort();
  const master = new MasterProcess(folder, await freePort(), { 'riemann-tcp-server-options': { port } });
  const fromMs = performance.now();
  master.launch();
  await master.untilReady();
  return { master, port, startMs: performance.now() - fromMs };
}

async function intake(folder: string): Promise<readonly Figure[]> {
  const { master, port } = await start(folder);
  const figures: Figure[] = [];
  for (const eventsAMessage of SIZES)
    for (const connections of CONNECTIONS) {
      const load = { port, connections, eventsAMessage, pairs: PAIRS, warmupMs: WARMUP_MS, runMs: RUN_MS };
      const { events, seconds, p99Ms, cpuSeconds } = await drive(load);
      figures.push({
        name: `events/s, ${eventsAMessage} a message, ${connections} connection${connections > 1 ? 's' : ''}`,
        value: whole(events / seconds),
        note: `p99 ${p99Ms.toFixed(2)} ms${cpuSeconds ? `; sender ${whole((cpuSeconds / seconds) * 100)} % of a core` : ''}`,
      });
    }
  await master.stop();
  return figures;
}

async function manyPairs(folder: string): Promise<readonly Figure[]> {
  const { master, port, startMs } = await start(folder);
  const atStart = memoryMb(master.pid).now;
  const fill = {
    port,
    connections: 4,
    eventsAMessage: 100,
    pairs: MANY_PAIRS,
    warmupMs: 0,
    runMs: 0,
    events: MANY_PAIRS,
  };
  await drive(fill);
  const once = memoryMb(master.pid).now;
  for (let n = 0; n < REFRESHES; n++) await drive(fill);
  const often = memoryMb(master.pid).now;
  const client = new RiemannClient({ host: '127.0.0.1', port, clock: systemClock, maxAnswerBytes: 2 ** 28 });
  const one = await timesOf(client, 'host = "host-004242.example.com"', 10);
  const tenth = await timesOf(client, 'service = "svc/003"', MANY_PAIRS / 10);
  const all = await timesOf(client, 'service =~ "svc/%"', MANY_PAIRS);
  client.close();
  await master.stop();
  const queried = (name: string, timesMs: readonly number[], goalMs?: number): Figure => ({
    name: `query for ${name}, p50`,
    value: `${tenths(median(timesMs))} ms`,
    note: spread(timesMs, tenths),
    ...(goalMs === undefined ? {} : { goal: under(median(timesMs), goalMs, 'ms') }),
  });
  return [
    {
      name: 'memory with 100,000 pairs',
      value: `${whole(once)} MB`,
      goal: under(once, 130, 'MB'),
      note: `${whole(atStart)} MB at the start`,
    },
    { name: `memory after ${REFRESHES} refreshes`, value: `${whole(often)} MB`, goal: under(often, 236, 'MB') },
    queried('one host of 10,000', one, 5.5),
    queried('one service, 10,000 events', tenth),
    queried('all 100,000 events', all),
    { name: 'process start to ready', value: `${whole(startMs)} ms` },
  ];
}

async function timesOf(client: RiemannClient, query: string, expected: number): Promise<readonly number[]> {
  const timesMs: number[] = [];
  for (let n = 0; n < QUERIES; n++) {
    const fromMs = performance.now();
    const { events } = await client.send({ query, events: [] });
    timesMs.push(performance.now() - fromMs);
    if (events.length !== expected) throw new Error(`${query}: ${events.length} events, expected ${expected}`);
  }
  return timesMs;
}

async function drive(load: RiemannLoad): Promise<RiemannLoadResult> {
  if (RLOAD === undefined) {
    const { stdout } = await run(process.execPath, [...process.execArgv, SCRIPT, JSON.stringify(load)]);
    return JSON.parse(stdout) as RiemannLoadResult;
  }
  const { port, connections, eventsAMessage, pairs, warmupMs, runMs, events } = load;
  const words = ['-p', port, '-c', connections, '-b', eventsAMessage, '-k', pairs, '-l', 300];
  words.push(...(events === undefined ? ['-t', runMs / 1000, '-w', warmupMs / 1000] : ['-n', events]));
  const { stdout } = await run(RLOAD, words.map(String));
  const told = JSON.parse(stdout) as { events: number; secs: number; p99_ms: number };
  return { events: told.events, seconds: told.secs, p99Ms: told.p99_ms, cpuSeconds: 0 };
}
