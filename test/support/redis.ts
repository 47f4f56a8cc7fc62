/** A real Redis for tests, Debian's, on a free port; what it holds lies in its memory and a file of appended commands. */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';
import { until } from './until.ts';

/** Keeps its data and its port over all stops. */
export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  #process: ServerProcess | undefined;

  constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const own = { port: this.port, bind: '127.0.0.1', dir: this.#folder, appendonly: 'yes', save: '' };
    const words = Object.entries(own).flatMap(([key, value]) => [`--${key}`, String(value)]);
    this.#process = new ServerProcess(['redis-server', ...words]);
    await until(() => this.answers(), { everyMs: 20, what: `Redis on port ${this.port}: ${this.#process.output}` });
  }

  /** kill -9. */
  async stop(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void {
    this.#process?.signal('SIGSTOP');
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** One command, e.g. `PTTL key`; the answer as it comes over the wire. */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${command}\r\n`));
      socket.setTimeout(1000, () => socket.destroy(new Error(`${command}: no answer in a second`)));
      socket.once('data', (answer) => {
        resolve(answer.toString());
        socket.destroy();
      });
      socket.once('error', reject);
    });
  }

  async answers(): Promise<boolean> {
    return (await this.ask('PING').catch(() => '')) === '+PONG\r\n';
  }
}

export async function startRedis(): Promise<RedisServer> {
  const redis = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'satellite-redis-')));
  await redis.start();
  return redis;
}
