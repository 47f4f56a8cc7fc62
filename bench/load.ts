/**
 * The slaves of a benchmark, as one process: sends reports over connections that stay open, one at a time on each,
 * until SIGTERM; then prints {sent, refused, seconds, cpuSeconds} as JSON. Words: JSON of {@link Load}.
 * Requests are made beforehand, so that next to nothing is measured but the master.
 */
import { connect, type Socket } from 'node:net';

export interface Load {
  /** Masters on loopback; each gets all of it. */
  readonly ports: readonly number[];
  /** To each master. */
  readonly connections: number;
  /** So many, `<hostPrefix><number>.bench.example`. */
  readonly hosts: number;
  readonly hostPrefix: string;
  readonly eventsAReport: number;
  /** Reports a second to each master; without it as many as it takes. */
  readonly ratePerSecond?: number;
}

export interface LoadResult {
  /** Answered with 202. */
  readonly sent: number;
  readonly refused: number;
  readonly seconds: number;
  /** Of the sender's own core. */
  readonly cpuSeconds: number;
}

/** How often owed reports are sent where there is a rate. */
const PACE_MS = 5;
/** At most so much is made good after the sender itself stood still. */
const MAX_OWED = 1_000;

let sent = 0;
let refused = 0;

/** One connection; `ready` is told whenever it can send again. */
class Sender {
  readonly #socket: Socket;
  readonly #ready: (sender: Sender) => void;
  #answer = '';

  constructor(port: number, ready: (sender: Sender) => void) {
    this.#ready = ready;
    this.#socket = connect(port, '127.0.0.1', () => ready(this));
    this.#socket.setNoDelay();
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (part: string) => this.#receive(part));
    this.#socket.on('error', () => refused++);
  }

  send(request: Buffer): void {
    this.#socket.write(request);
  }

  #receive(part: string): void {
    this.#answer += part;
    const head = this.#answer.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#answer)?.[1] ?? 0);
    if (this.#answer.length < head + 4 + length) return;
    if (this.#answer.startsWith('HTTP/1.1 202')) sent++;
    else refused++;
    this.#answer = '';
    this.#ready(this);
  }
}

/** A report as a slave makes it: checks that are fit, with a figure and a description each. */
function requestOf(host: string, eventsAReport: number): Buffer {
  const time = Date.now() / 1000;
  const events = Array.from({ length: eventsAReport }, (_, n) => ({
    service: `mesos/slave/check ${n}`,
    state: 'ok',
    time,
    ttl: 300,
    metric: n + 0.5,
    description: `figure ${n + 0.5} is below its threshold`,
  }));
  const body = JSON.stringify({ host, events });
  const head = `POST /reports HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.from(head + body);
}

function run({ ports, connections, hosts, hostPrefix, eventsAReport, ratePerSecond }: Load): void {
  const requests = Array.from({ length: hosts }, (_, n) => requestOf(`${hostPrefix}${n}.bench.example`, eventsAReport));
  for (const port of ports) {
    let next = 0;
    const nextRequest = () => requests[next++ % requests.length] ?? Buffer.alloc(0);
    const idle: Sender[] = [];
    const ready = (sender: Sender) => {
      if (ratePerSecond === undefined) sender.send(nextRequest());
      else idle.push(sender);
    };
    for (let n = 0; n < connections; n++) new Sender(port, ready);
    if (ratePerSecond !== undefined) pace(ratePerSecond, () => idle.pop()?.send(nextRequest()));
  }
}

function pace(ratePerSecond: number, send: () => void): void {
  let owed = 0;
  let lastMs = performance.now();
  setInterval(() => {
    const nowMs = performance.now();
    owed = Math.min(MAX_OWED, owed + ((nowMs - lastMs) / 1000) * ratePerSecond);
    lastMs = nowMs;
    for (; owed >= 1; owed--) send();
  }, PACE_MS);
}

run(JSON.parse(process.argv[2] ?? '') as Load);
const startMs = performance.now();
const startCpu = process.cpuUsage();
process.once('SIGTERM', () => {
  const { user, system } = process.cpuUsage(startCpu);
  const seconds = (performance.now() - startMs) / 1000;
  const result: LoadResult = { sent, refused, seconds, cpuSeconds: (user + system) / 1e6 };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
});
process.stderr.write('sending\n');
