/** The HTTP server of a master: sockets, limits and graceful shutdown. */
import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { sleep } from '../../shared/clock.ts';
import { Listing, Operators } from '../whitelist/operators/index.ts';
import { createApplication } from './application.ts';
import { Browsers } from './browsers.ts';
import { Connections } from './connections.ts';
import { driftRoutes } from './drift.ts';
import { type EventStreamLimits, EventStreams } from './event-stream.ts';
import { eventRoutes } from './events.ts';
import { figureRoutes } from './figures.ts';
import { healthRoutes } from './health.ts';
import { manualRoutes } from './manual.ts';
import { masterRoutes } from './masters.ts';
import { metricRoutes } from './metrics.ts';
import { fullNames } from './own-names.ts';
import { pageRoutes } from './pages.ts';
import { reportRoutes } from './reports.ts';
import { RequestQueue } from './request-queue.ts';
import type { Services } from './services.ts';
import { shadowRoutes } from './shadow.ts';
import { taskRoutes } from './tasks.ts';
import { whitelistRoutes } from './whitelist.ts';
import { whitelistFileRoutes } from './whitelist-file.ts';
import { whyRoutes } from './why.ts';

export interface HttpServer {
  /** @throws what the network throws, e.g. EADDRINUSE */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /** Accepts no more connections, answers pending requests, then closes; destroys what is left at the deadline. */
  close(deadlineMs: number): Promise<void>;
}

export interface HttpLimits {
  /** A request must be complete within this time, ms. */
  readonly requestMs: number;
  readonly headersMs: number;
  readonly headerBytes: number;
  /** Longer than the period of the slaves, so that they keep their connection. */
  readonly keepAliveMs: number;
  readonly connections: number;
  /** A client that reads nothing of its answer for so long is cut off. */
  readonly unreadMs: number;
  readonly streams?: Partial<EventStreamLimits>;
}

export const HTTP_LIMITS: HttpLimits = {
  requestMs: 30_000,
  headersMs: 10_000,
  headerBytes: 16 * 1024,
  keepAliveMs: 75_000,
  connections: 60_000,
  unreadMs: 120_000,
};

export function createHttpServer(services: Services, limits: HttpLimits = HTTP_LIMITS): HttpServer {
  const { whitelist, replica, hostCheck, clock, recordClock = clock, settings, log } = services;
  const operators = new Operators({
    whitelist,
    replica,
    hostCheck,
    clock: recordClock,
    requireReason: settings.requireReason,
    ...(services.unknownHost ? { unknownHost: services.unknownHost } : {}),
  });
  const listing = new Listing(replica, recordClock);
  const streams = new EventStreams({ ...services, gauge: services.metrics.eventStreams, limits: limits.streams ?? {} });
  const browsers = new Browsers(settings.serviceHost, settings.allowedHosts);
  const app = createApplication(
    [
      ...reportRoutes(services),
      ...whitelistFileRoutes(services),
      ...whitelistRoutes(listing, operators),
      ...manualRoutes(listing, operators),
      ...whyRoutes(services),
      ...pageRoutes(),
      ...taskRoutes(services),
      ...metricRoutes(services),
      ...figureRoutes(services),
      ...driftRoutes(services),
      ...masterRoutes(services),
      ...shadowRoutes(services),
      ...eventRoutes(services, streams),
      ...healthRoutes(services),
    ],
    services,
    browsers,
  );
  const handle = app.callback();
  const { httpCut } = services.metrics;
  const queue = new RequestQueue({
    handle: (request, response) => void handle(request, response),
    onCut: () => httpCut.inc({ reason: 'pipelining' }),
  });
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersMs),
      noDelay: true,
    },
    (request, response) => queue.add(request, response),
  );
  server.maxConnections = limits.connections;
  server.on('clientError', answerBadBytes);
  const connections = new Connections({
    server,
    unreadMs: limits.unreadMs,
    onCut: () => httpCut.inc({ reason: 'unread' }),
    clock,
  });

  return {
    async listen(host, port) {
      const address = await listen(server, host, port);
      // Not awaited: a resolver may be slow, and the other names work meanwhile.
      void (services.ownNames ?? fullNames)().then((names) => browsers.addNames(names));
      // E.g. no file descriptor is left for another connection: open connections go on.
      server.on('error', (error) => log.error({ err: error, host, port }, 'HTTP server error'));
      return address;
    },
    async close(deadlineMs) {
      const done = new AbortController();
      const closed = new Promise<void>((resolve) => server.close(() => resolve())).finally(() => done.abort());
      streams.close();
      connections.closeGently();
      await Promise.race([closed, sleep(clock, deadlineMs, done.signal)]);
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      const { address, port: actual } = server.address() as AddressInfo;
      resolve({ host: address, port: actual });
    });
  });
}

/** Answers bytes that Node's parser rejects, which never become a request, in the same form. */
function answerBadBytes(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, code, detail] = refusalOf(error);
  const title = STATUS_CODES[status] ?? code;
  const body = `${JSON.stringify({ type: `urn:satellite:problem:${code}`, title, status, detail, code })}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function refusalOf(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }): readonly [number, string, string] {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'headers-too-large', 'the header of the request is too large'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'request-timeout', 'the request took too long to come'];
    case 'HPE_INVALID_METHOD':
      if (/^[A-Z]+ /.test(error.rawPacket?.toString('latin1', 0, 64) ?? ''))
        return [501, 'not-implemented', 'expected GET, HEAD, PUT, POST or DELETE'];
      return [400, 'bad-request', 'this is not HTTP/1.1; over TLS nothing is spoken here'];
    default:
      return [400, 'bad-request', 'this is not a well-formed HTTP/1.1 request'];
  }
}
