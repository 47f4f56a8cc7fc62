/** Riemann's protocol over TCP (docs/settings.md, "Riemann's protocol"). */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { ByteBudget } from '../../shared/byte-budget.ts';
import { type Clock, sleep } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { EventIndex } from '../events/index.ts';
import type { Metrics } from '../stats/index.ts';
import { answerQuery } from './riemann-answers.ts';
import { RiemannConnection } from './riemann-connection.ts';
import type { RiemannIntake } from './riemann-intake.ts';

export interface RiemannTcpLimits {
  /** Of one message. Riemann itself has no limit; it accepts messages of 200,000 events. */
  readonly frameBytes: number;
  /** Of the answer to one query. */
  readonly answerBytes: number;
  /** Of unfinished messages and unread answers, all clients together. */
  readonly memoryBytes: number;
  /** A client that does not read its answers for this long is disconnected. */
  readonly slowMs: number;
  readonly connections: number;
}

export const RIEMANN_TCP_LIMITS: RiemannTcpLimits = {
  frameBytes: 32 * 1024 * 1024,
  answerBytes: 64 * 1024 * 1024,
  memoryBytes: 192 * 1024 * 1024,
  slowMs: 30_000,
  connections: 50_000,
};

export interface RiemannTcpOptions {
  readonly intake: RiemannIntake;
  readonly index: EventIndex;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<RiemannTcpLimits>;
}

export interface RiemannServer {
  /** @throws what the network throws, e.g. EADDRINUSE */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /** Answers what was read, then closes; destroys what is left at the deadline. */
  close(deadlineMs: number): Promise<void>;
}

export function createRiemannTcp({ intake, index, metrics, clock, log, limits }: RiemannTcpOptions): RiemannServer {
  const { frameBytes, answerBytes, memoryBytes, slowMs, connections } = { ...RIEMANN_TCP_LIMITS, ...limits };
  const messages = metrics.riemannMessages.labels({ transport: 'tcp' });
  const open = new Map<Socket, RiemannConnection>();
  const parts = {
    ingest: (bytes: Buffer, from: number, to: number) => {
      messages.inc();
      return intake.ingest(bytes, from, to);
    },
    answer: (query: string) => answerQuery(query, index, clock, answerBytes),
    cut: (reason: string) => metrics.riemannCut.inc({ reason }),
    budget: new ByteBudget(memoryBytes),
    mostFrameBytes: frameBytes,
    slowMs,
    clock,
    log,
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.set(socket, new RiemannConnection(socket, parts));
    metrics.riemannConnections.set(open.size);
    socket.once('close', () => {
      open.delete(socket);
      metrics.riemannConnections.set(open.size);
    });
  });
  server.maxConnections = connections;
  server.on('drop', () => metrics.riemannCut.inc({ reason: 'too-many' }));

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.removeListener('error', reject);
          server.on('error', (error) => log.error({ err: error, transport: 'tcp', host, port }, 'Riemann port error'));
          const { address, port: actual } = server.address() as AddressInfo;
          resolve({ host: address, port: actual });
        });
      }),
    async close(deadlineMs) {
      if (!server.listening) return;
      const done = new AbortController();
      const closed = new Promise<void>((resolve) => server.close(() => resolve())).finally(() => done.abort());
      for (const connection of open.values()) connection.close();
      await Promise.race([closed, sleep(clock, deadlineMs, done.signal)]);
      for (const socket of open.keys()) socket.destroy();
      await closed;
    },
  };
}
