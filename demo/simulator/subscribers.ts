/** The v1 event stream: RecordIO, `<length>\n<json>`, first SUBSCRIBED, then a HEARTBEAT, then what happens. */
import type { ServerResponse } from 'node:http';
import type { Timer } from '../../shared/clock.ts';
import { eventBody, getState } from './body-v1.ts';
import type { World } from './world.ts';

const MOST = 1_000;
/** One that lets so much more wait than its first state is cut off. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class Subscribers {
  readonly #world: World;
  readonly #heartbeatMs: number;
  readonly #streams = new Map<ServerResponse, number>();
  readonly #unlisten: () => void;
  readonly #timer: Timer;
  /** While true nothing is sent, as by a process that is stopped. */
  #silent = false;

  constructor(world: World, heartbeatMs: number) {
    this.#world = world;
    this.#heartbeatMs = heartbeatMs;
    this.#unlisten = world.listen((event) => {
      if (this.#streams.size > 0) this.#emit(record(eventBody(event)));
    });
    this.#timer = world.clock.every(heartbeatMs, () => this.#emit(HEARTBEAT));
  }

  get count(): number {
    return this.#streams.size;
  }

  set silent(silent: boolean) {
    this.#silent = silent;
  }

  add(response: ServerResponse, hidden: boolean): void {
    if (this.#streams.size >= MOST) this.#streams.keys().next().value?.destroy();
    response.writeHead(200, { 'content-type': 'application/json' });
    const subscribed = {
      get_state: getState(this.#world, hidden),
      heartbeat_interval_seconds: this.#heartbeatMs / 1000,
    };
    const first = record({ type: 'SUBSCRIBED', subscribed });
    response.write(first);
    response.write(HEARTBEAT);
    this.#streams.set(response, Buffer.byteLength(first) + MAX_WAITING_BYTES);
    response.on('close', () => this.#streams.delete(response));
  }

  /** Breaks all connections, as a master that dies or steps down. */
  cut(): void {
    for (const response of this.#streams.keys()) response.destroy();
    this.#streams.clear();
  }

  close(): void {
    this.#unlisten();
    this.#timer.cancel();
    this.cut();
  }

  #emit(text: string): void {
    if (this.#silent) return;
    for (const [response, most] of this.#streams) {
      response.write(text);
      if (response.writableLength > most) response.destroy();
    }
  }
}

function record(body: unknown): string {
  const text = JSON.stringify(body);
  return `${Buffer.byteLength(text)}\n${text}`;
}

const HEARTBEAT = record({ type: 'HEARTBEAT' });
