import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { riemannAt, Uplink } from '../../satellite-slave/uplink/uplink.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { RiemannClient } from '../../shared/riemann/client.ts';
import { decodeMessage } from '../../shared/riemann/decode.ts';
import { encodeFrame } from '../../shared/riemann/encode.ts';
import { FrameReader } from '../../shared/riemann/frames.ts';
import type { RiemannEvent, RiemannMessage } from '../../shared/riemann/message.ts';
import { freePort } from '../support/free-port.ts';
import { host } from '../support/harness.ts';
import { startRiemann } from '../support/riemann.ts';
import { until } from '../support/until.ts';
import { logLines } from './support/log-lines.ts';

const HOST = host('a1.example');
const event = (service: string, more: Partial<Event> = {}): Event => ({
  service,
  time: 1,
  ttl: 300,
  state: 'ok',
  ...more,
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A clock whose waits are a hundred times as fast, and that remembers how long they were meant to be. */
function fastClock(): Clock & { waits: number[] } {
  const waits: number[] = [];
  const after: Clock['after'] = (delayMs, task) => {
    waits.push(delayMs);
    return systemClock.after(delayMs / 100, task);
  };
  return { ...systemClock, after, waits };
}

function uplinkTo(port: number, clock: Clock = systemClock) {
  const { log, lines, entries } = logLines();
  const client = new RiemannClient({ host: '127.0.0.1', port, clock });
  const uplink = new Uplink(
    riemannAt(client, () => HOST),
    { clock, log, random: () => 1 },
  );
  closing.push(() => uplink.close());
  return { uplink, lines, entries };
}

type Reply = Partial<RiemannMessage> | 'close' | 'silence';

/** A server that answers as it is told. */
class StubRiemann {
  readonly messages: RiemannMessage[] = [];
  connections = 0;
  reply: (message: RiemannMessage) => Reply;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(reply: (message: RiemannMessage) => Reply = () => ({ ok: true })) {
    this.reply = reply;
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      const frames = new FrameReader(10_000_000);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        frames.push(chunk);
        while (frames.next()) this.#take(socket, decodeMessage(frames.bytes, frames.from, frames.to));
      });
    });
    closing.push(() => this.close());
  }

  listen(port = 0): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(port, '127.0.0.1', () => resolve((this.#server.address() as { port: number }).port));
    });
  }

  /** Closes what is open; the server goes on. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get events(): readonly RiemannEvent[] {
    return this.messages.flatMap(({ events }) => events);
  }

  #take(socket: Socket, message: RiemannMessage): void {
    const reply = this.reply(message);
    this.messages.push(message);
    if (reply === 'close') socket.destroy();
    else if (reply !== 'silence') socket.write(encodeFrame({ events: [], ...reply }));
  }
}

describe('the way to a Riemann', () => {
  test('our own master receives the events unchanged', async () => {
    const master = await startRiemann();
    closing.push(() => master.close());
    const { uplink } = uplinkTo(master.port);
    const found = event('mesos/slave/disk', {
      time: 1_790_000_000.25,
      metric: 0.5,
      description: 'full',
      tags: ['a'],
      attributes: { k: 'v' },
    });
    uplink.report([found]);
    expect(await uplink.flush(5_000)).toBe(true);
    expect(master.heard).toEqual([{ host: HOST, ...found }]);
  });

  test('events of the same moment go in one message, over one connection', async () => {
    const server = new StubRiemann();
    const { uplink } = uplinkTo(await server.listen());
    uplink.report([event('a')]);
    uplink.report([event('b')]);
    await uplink.flush(5_000);
    uplink.report([event('c')]);
    await uplink.flush(5_000);
    expect(server.messages.map(({ events }) => events.map(({ service }) => service))).toEqual([['a', 'b'], ['c']]);
    expect(server.connections).toBe(1);
  });

  test('while it is away the newest event of each service waits; the waits double, with one line in the log', async () => {
    const port = await freePort();
    const clock = fastClock();
    const { uplink, lines, entries } = uplinkTo(port, clock);
    uplink.report([event('a', { metric: 1 }), event('b')]);
    await until(() => clock.waits.includes(4_000), { what: 'four tries' });
    uplink.report([event('a', { metric: 2 })]);
    const server = new StubRiemann();
    await server.listen(port);
    await until(() => lines.length === 2, { what: 'delivery' });
    expect(server.events).toMatchObject([{ service: 'a', metric: 2 }, { service: 'b' }]);
    expect(clock.waits.filter((waitMs) => waitMs >= 500 && waitMs !== 10_000).slice(0, 4)).toEqual([
      500, 1_000, 2_000, 4_000,
    ]);
    expect(lines).toEqual(['failed to send events, trying again', 'sending events again']);
    expect(entries[0]).toMatchObject({ url: `127.0.0.1:${port}`, err: expect.stringMatching('connect ECONNREFUSED') });
  });

  test('one that does not answer within ten seconds: the connection is closed and events wait', async () => {
    const server = new StubRiemann(() => (server.messages.length === 0 ? 'silence' : { ok: true }));
    const clock = fastClock();
    const { uplink, lines, entries } = uplinkTo(await server.listen(), clock);
    uplink.report([event('a')]);
    await until(() => lines.length === 2, { what: 'the second try' });
    expect(server.connections).toBe(2);
    expect(entries[0]).toMatchObject({ err: 'no answer within 10s' });
  });

  test('a kept connection that was closed meanwhile is made anew at once', async () => {
    const server = new StubRiemann();
    const { uplink, lines } = uplinkTo(await server.listen());
    uplink.report([event('a')]);
    await uplink.flush(5_000);
    server.reply = () => (server.messages.length === 1 ? 'close' : { ok: true });
    uplink.report([event('b')]);
    expect(await uplink.flush(5_000)).toBe(true);
    expect(server.connections).toBe(2);
    expect(lines).toEqual([]);
  });

  test('one whose rules fail is logged once, and nothing is sent twice', async () => {
    const server = new StubRiemann(() => ({ ok: false, error: 'NullPointerException' }));
    const port = await server.listen();
    const { uplink, entries } = uplinkTo(port);
    for (const service of ['a', 'b']) {
      uplink.report([event(service)]);
      await uplink.flush(5_000);
    }
    expect(server.events.map(({ service }) => service)).toEqual(['a', 'b']);
    expect(entries).toEqual([
      expect.objectContaining({
        msg: 'events refused, not sent again',
        url: `127.0.0.1:${port}`,
        err: 'NullPointerException',
      }),
    ]);
  });

  test("one that does not speak Riemann's protocol is an error", async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    closing.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { uplink, entries } = uplinkTo((server.address() as { port: number }).port);
    uplink.report([event('a')]);
    await until(() => entries.length > 0, { what: 'a log line' });
    expect(entries[0]).toMatchObject({ err: expect.stringMatching('a message of 1213486160 bytes is announced') });
    expect(uplink.waiting).toBe(1);
  });
});
