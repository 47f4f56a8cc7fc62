/** For tests: the Riemann services on free ports, with a real index and the default rules behind them; and a client. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { EventHub } from '../../satellite-master/events/event-hub.ts';
import type { RefusedEvent } from '../../satellite-master/events/index-bounds.ts';
import type { Presence } from '../../satellite-master/events/presence.ts';
import { RiemannIntake } from '../../satellite-master/intake/riemann-intake.ts';
import { createRiemannTcp, type RiemannTcpLimits } from '../../satellite-master/intake/riemann-tcp.ts';
import { createRiemannUdp } from '../../satellite-master/intake/riemann-udp.ts';
import { createJudgement } from '../../satellite-master/judgement/judgement.ts';
import { rulesSource } from '../../satellite-master/rules/engine/rules-engine.ts';
import { Metrics } from '../../satellite-master/stats/metrics.ts';
import type { DesiredFlags } from '../../satellite-master/whitelist/automation/desired-flags.ts';
import { MemoryStore } from '../../satellite-master/whitelist/store/memory-store.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { silentLog } from '../../shared/log.ts';
import { decodeMessage } from '../../shared/riemann/decode.ts';
import { encodeFrame } from '../../shared/riemann/encode.ts';
import { FrameReader } from '../../shared/riemann/frames.ts';
import type { RiemannEvent, RiemannMessage } from '../../shared/riemann/message.ts';
import { NO_EFFECTS } from './harness.ts';
import { until } from './until.ts';

export interface RiemannMaster {
  readonly port: number;
  readonly udpPort: number;
  readonly hub: EventHub;
  readonly presence: Presence;
  readonly flags: DesiredFlags;
  readonly metrics: Metrics;
  /** What the rules are shown. */
  readonly heard: Event[];
  /** Of a counter, by the value of its label. */
  counted(name: string, label?: string): Promise<number>;
  close(deadlineMs?: number): Promise<void>;
}

export async function startRiemann(
  limits: Partial<RiemannTcpLimits> = {},
  clock: Clock = systemClock,
  publishEvents?: (events: readonly Event[]) => readonly RefusedEvent[],
  tcpPort = 0,
): Promise<RiemannMaster> {
  const metrics = new Metrics({ ofProcess: false });
  const heard: Event[] = [];
  const hub = new EventHub({
    counters: { dropped: (reason) => metrics.eventsDropped.inc({ reason }) },
    clock,
    log: silentLog,
  });
  const { presence, flags } = createJudgement({
    store: new MemoryStore(clock),
    leads: () => false,
    settings: { offShare: 1, readmitAfter: { firstMs: 60_000, maxMs: 60_000 } },
    rules: rulesSource(undefined),
    effects: NO_EFFECTS,
    hub,
    self: 'test',
    clock,
    log: silentLog,
  });
  hub.subscribe({ wants: 'tests', onEvent: (event) => heard.push(event) });
  const intake = new RiemannIntake({
    publishEvents: publishEvents ?? ((events) => hub.publish(events, 'report')),
    direct: hub,
    metrics,
    clock,
  });
  const parts = { intake, index: hub.index, metrics, clock, log: silentLog };
  const tcp = createRiemannTcp({ ...parts, limits });
  const udp = createRiemannUdp(parts, '127.0.0.1');
  const { port } = await tcp.listen('127.0.0.1', tcpPort);
  const { port: udpPort } = await udp.listen('127.0.0.1', 0);
  return {
    port,
    udpPort,
    hub,
    presence,
    flags,
    metrics,
    heard,
    async counted(name, label) {
      const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith(`satellite_${name}`));
      return lines
        .filter((line) => label === undefined || line.includes(`"${label}"`))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    async close(deadlineMs = 2_000) {
      await Promise.all([tcp.close(deadlineMs), udp.close(deadlineMs)]);
    },
  };
}

/** Speaks the protocol over one connection. */
export class RiemannClient {
  readonly socket: Socket;
  /** The answers so far, without their lengths. */
  readonly answers: Buffer[] = [];
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    const frames = new FrameReader(2 ** 30);
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk);
      while (frames.next()) this.answers.push(Buffer.from(frames.bytes.subarray(frames.from, frames.to)));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static async connect(port: number): Promise<RiemannClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = new RiemannClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Waits until so many answers are there in all. */
  async untilAnswers(count: number): Promise<void> {
    await until(() => this.answers.length >= count || this.closed, { what: `${count} answers` });
  }

  async untilClosed(): Promise<void> {
    await until(() => this.closed, { what: 'the connection to be closed' });
  }

  /** Sends one message and waits for its answer. */
  async ask(message: Partial<RiemannMessage>): Promise<RiemannMessage> {
    const count = this.answers.length + 1;
    this.socket.write(encodeFrame({ events: [], ...message }));
    await this.untilAnswers(count);
    const answer = this.answers[count - 1];
    if (!answer) throw new Error('closed without an answer');
    return decodeMessage(answer);
  }

  async query(query: string): Promise<readonly RiemannEvent[]> {
    const { ok, error, events } = await this.ask({ query });
    if (!ok) throw new Error(error);
    return events;
  }

  close(): void {
    this.socket.destroy();
  }
}
