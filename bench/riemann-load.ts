/**
 * Clients of the Riemann port, as one process: over each connection one message after another, each acknowledged before
 * the next, for so many seconds or so many events; then prints {events, seconds, p99Ms, cpuSeconds} as JSON. Words: JSON
 * of {@link RiemannLoad}. Frames are made beforehand, so that next to nothing is measured but the server.
 */
import { connect, type Socket } from 'node:net';
import { encodeFrame } from '../shared/riemann/encode.ts';
import { quantile } from './table.ts';

export interface RiemannLoad {
  readonly port: number;
  readonly connections: number;
  readonly eventsAMessage: number;
  /** (host, service) pairs, ten services a host. */
  readonly pairs: number;
  readonly warmupMs: number;
  /** Of measuring. */
  readonly runMs: number;
  /** In place of a time: so many events. */
  readonly events?: number;
}

export interface RiemannLoadResult {
  readonly events: number;
  readonly seconds: number;
  readonly p99Ms: number;
  readonly cpuSeconds: number;
}

/** `ok` true, with its length. */
const ACK_BYTES = 6;
const MAX_SAMPLES = 2_000_000;

const load = JSON.parse(process.argv[2] ?? '{}') as RiemannLoad;
const frames: Buffer[] = [];
for (let from = 0; from < load.pairs; from += load.eventsAMessage)
  frames.push(
    encodeFrame({
      events: Array.from({ length: Math.min(load.eventsAMessage, load.pairs - from) }, (_, n) => eventOf(from + n)),
    }),
  );

function eventOf(pair: number) {
  const number = (value: number, digits: number) => String(value).padStart(digits, '0');
  return {
    host: `host-${number(Math.floor(pair / 10), 6)}.example.com`,
    service: `svc/${number(pair % 10, 3)}`,
    state: 'ok',
    description: `load generator event ${pair} of ${load.pairs}`,
    ttl: 300,
    metric: pair * 1.25 + 0.1,
  };
}

const startMs = performance.now();
const measureMs = load.events === undefined ? startMs + load.warmupMs : startMs;
const endMs = load.events === undefined ? measureMs + load.runMs : Number.POSITIVE_INFINITY;
const samples: number[] = [];
let cursor = 0;
let sent = 0;
let acknowledged = 0;
let open = load.connections;
let cpu = process.cpuUsage();
let measuring = load.events !== undefined;

for (let n = 0; n < load.connections; n++) {
  const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
  socket.on('connect', () => drive(socket));
}

function drive(socket: Socket): void {
  let sentMs = 0;
  let inFlight = 0;
  let bytes = 0;
  const send = () => {
    const frame = frames[cursor] as Buffer;
    inFlight = cursor === frames.length - 1 ? load.pairs - cursor * load.eventsAMessage : load.eventsAMessage;
    cursor = (cursor + 1) % frames.length;
    sent += inFlight;
    sentMs = performance.now();
    socket.write(frame);
  };
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes < ACK_BYTES) return;
    bytes -= ACK_BYTES;
    const nowMs = performance.now();
    if (!measuring && nowMs >= measureMs) {
      measuring = true;
      cpu = process.cpuUsage();
    }
    if (measuring) {
      acknowledged += inFlight;
      if (samples.length < MAX_SAMPLES) samples.push(nowMs - sentMs);
    }
    if (nowMs < endMs && sent < (load.events ?? Number.POSITIVE_INFINITY)) return send();
    socket.destroy();
    if (--open === 0) finish(nowMs);
  });
  socket.on('error', fail);
  socket.on('end', () => fail(new Error('the server closed the connection')));
  send();
}

function finish(nowMs: number): void {
  const { user, system } = process.cpuUsage(cpu);
  const result: RiemannLoadResult = {
    events: acknowledged,
    seconds: (nowMs - measureMs) / 1000,
    p99Ms: quantile(samples, 0.99),
    cpuSeconds: (user + system) / 1e6,
  };
  process.stdout.write(JSON.stringify(result));
}

function fail(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
