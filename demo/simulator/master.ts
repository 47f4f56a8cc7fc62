/** One simulated mesos-master: its HTTP service, on a port that it keeps over kills and restarts. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sleep } from '../../shared/clock.ts';
import { type Answer, BadRequest, json, jsonParts, NO_LEADER, NOT_FOUND, OK, text } from './answer.ts';
import { type Json, type MasterFace, slavesParts, stateParts } from './body-v0.ts';
import type { Maintenance } from './maintenance.ts';
import { masterMetrics } from './metrics.ts';
import { answerCall } from './operator.ts';
import { Subscribers } from './subscribers.ts';
import { BUILD } from './version.ts';
import { WhitelistFlag } from './whitelist-flag.ts';
import type { World } from './world.ts';

export interface MasterOptions {
  readonly world: World;
  readonly maintenance: Maintenance;
  /** 0: a free one. */
  readonly port: number;
  /** Its `--whitelist`. */
  readonly whitelist: string | undefined;
  readonly heartbeatMs: number;
  /** Of `/metrics/snapshot` a second; 2 by default, more wait. */
  readonly metricsPerSecond: number;
  readonly credentials: { readonly principal: string; readonly secret: string } | undefined;
  readonly before19: boolean;
  readonly withoutV1: boolean;
  /** Whom this master believes to lead. */
  leader(asking: Master): Master | undefined;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Open to all even with authentication on. */
const OPEN = new Set(['/health', '/version', '/redirect']);
/** Read off any master, leading or not. */
const OWN = new Set(['/metrics/snapshot', '/health', '/flags', '/version', '/redirect']);
const PIECE = 1_000_000;

export class Master {
  readonly #options: MasterOptions;
  readonly #subscribers: Subscribers;
  #server: Server | undefined;
  #port: number;
  #id = '';
  #startedMs = 0;
  #startedS = 0;
  #electedS = 0;
  #nextMetricsMs = 0;
  #paused: (() => void)[] | undefined;
  /** It leads and shows no agents: none has registered with it yet, or it has no quorum. */
  hidden = false;
  whitelist: WhitelistFlag | undefined;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#subscribers = new Subscribers(options.world, options.heartbeatMs);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  get paused(): boolean {
    return this.#paused !== undefined;
  }

  get leads(): boolean {
    return this.running && this.#options.leader(this) === this;
  }

  get face(): MasterFace {
    const port = this.#port;
    return {
      id: this.#id,
      hostname: '127.0.0.1',
      port,
      pid: `master@127.0.0.1:${port}`,
      startedS: this.#startedS,
      electedS: this.#electedS,
      flags: flagsOf(port, this.#options.whitelist),
    };
  }

  /** The process starts, for the first time or again on its port. */
  async start(): Promise<void> {
    const { world, whitelist } = this.#options;
    this.#id = world.random.uuid();
    this.#startedMs = world.clock.monoMs();
    this.#startedS = world.nowS;
    this.whitelist = whitelist === undefined ? undefined : new WhitelistFlag(whitelist);
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((error) => response.destroy(error instanceof Error ? error : undefined));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.resume();
    this.#subscribers.cut();
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** SIGSTOP: connections are taken, and nobody answers. */
  pause(): void {
    this.#paused ??= [];
    this.#subscribers.silent = true;
  }

  resume(): void {
    const waiting = this.#paused ?? [];
    this.#paused = undefined;
    this.#subscribers.silent = false;
    for (const go of waiting) go();
  }

  elected(): void {
    this.#electedS = this.#options.world.nowS;
  }

  steppedDown(): void {
    this.#subscribers.cut();
  }

  async close(): Promise<void> {
    this.#subscribers.close();
    await this.kill();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (this.#paused) await new Promise<void>((go) => this.#paused?.push(go));
    const path = new URL(request.url ?? '/', 'http://x').pathname.replace(/^\/master(?=\/)/, '');
    if (!this.#isLetIn(request, path)) {
      const realm = request.method === 'GET' ? 'mesos-master-readonly' : 'mesos-master-readwrite';
      const answer = text(401, '401 Unauthorized.', { 'www-authenticate': `Basic realm="${realm}"` });
      return send(response, answer);
    }
    if (path === '/api/v1' && this.#options.withoutV1) return send(response, NOT_FOUND);
    const elsewhere = OWN.has(path) ? undefined : this.#elsewhere(path);
    if (elsewhere) return send(response, elsewhere);
    if (path === '/metrics/snapshot') await this.#metricsTurn();
    try {
      const call = path === '/api/v1' && request.method === 'POST' ? this.#parse(request, body) : undefined;
      if (call?.['type'] === 'SUBSCRIBE') return this.#subscribers.add(response, this.hidden);
      await send(response, call ? answerCall(this.#desk, call) : this.#answer(request.method ?? 'GET', path, body));
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      await send(response, text(400, error.message));
    }
  }

  get #desk() {
    const { world, maintenance, before19 } = this.#options;
    return { world, maintenance, before19, face: this.face, hidden: this.hidden };
  }

  #parse(request: IncomingMessage, body: string): Json {
    if (request.headers['content-type']?.split(';')[0] !== 'application/json')
      throw new BadRequest("Expecting 'Content-Type' to be present");
    return parse(body);
  }

  #answer(method: string, path: string, body: string): Answer {
    const { world, maintenance } = this.#options;
    const posts = { '/machine/down': 'down', '/machine/up': 'up', '/maintenance/schedule': 'replace' } as const;
    if (method === 'POST' && path in posts) {
      maintenance[posts[path as keyof typeof posts]](parse(body));
      return OK;
    }
    switch (path) {
      case '/metrics/snapshot':
        return json(masterMetrics(world, this.#standing));
      case '/state':
        return jsonParts(stateParts(world, this.face, this.hidden));
      case '/slaves':
        return jsonParts(slavesParts(world, this.hidden));
      case '/flags':
        return json({ flags: this.face.flags });
      case '/version':
        return json(BUILD);
      case '/health':
        return OK;
      case '/redirect':
        return this.#redirect('');
      case '/maintenance/schedule':
        return json(maintenance.schedule());
      case '/maintenance/status':
        return json(maintenance.status());
      case '/api/v1':
      case '/machine/down':
      case '/machine/up':
        return text(405, `405 Method Not Allowed. Expecting one of { 'POST' }, but received '${method}'.`, {
          allow: 'POST',
        });
      default:
        return NOT_FOUND;
    }
  }

  get #standing() {
    const uptimeS = (this.#options.world.clock.monoMs() - this.#startedMs) / 1000;
    return { elected: this.leads, hidden: this.hidden, uptimeS, subscribers: this.#subscribers.count };
  }

  /** The answer of a master that does not lead to nearly everything. */
  #elsewhere(path: string): Answer | undefined {
    return this.#options.leader(this) === this ? undefined : this.#redirect(`/master${path}`);
  }

  #redirect(path: string): Answer {
    const leader = this.#options.leader(this);
    return leader ? { status: 307, headers: { location: `${leader.url.slice(5)}${path}` }, parts: [] } : NO_LEADER;
  }

  #isLetIn(request: IncomingMessage, path: string): boolean {
    const { credentials } = this.#options;
    if (!credentials || OPEN.has(path)) return true;
    const basic = Buffer.from(`${credentials.principal}:${credentials.secret}`).toString('base64');
    return request.headers.authorization === `Basic ${basic}`;
  }

  async #metricsTurn(): Promise<void> {
    const { world, metricsPerSecond } = this.#options;
    const nowMs = world.clock.monoMs();
    const turnMs = Math.max(nowMs, this.#nextMetricsMs);
    this.#nextMetricsMs = turnMs + 1000 / metricsPerSecond;
    if (turnMs > nowMs) await sleep(world.clock, turnMs - nowMs);
  }
}

function flagsOf(port: number, whitelist: string | undefined): Readonly<Record<string, string>> {
  return {
    agent_ping_timeout: '15secs',
    agent_reregister_timeout: '10mins',
    allocation_interval: '1secs',
    allocator: 'hierarchical',
    authenticate_http_readonly: 'false',
    authenticate_http_readwrite: 'false',
    cluster: 'sim',
    hostname: '127.0.0.1',
    ip: '127.0.0.1',
    max_agent_ping_timeouts: '5',
    max_completed_tasks_per_framework: '1000',
    max_operator_event_stream_subscribers: '1000',
    port: String(port),
    registry: 'replicated_log',
    version: 'false',
    ...(whitelist === undefined ? {} : { whitelist }),
    work_dir: '/var/lib/mesos/sim',
    zk_session_timeout: '10secs',
  };
}

function parse(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    throw new BadRequest(`syntax error at line 1 near: ${body.replace(/^\W+/, '').slice(0, 20)}`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const piece of request) {
    body += piece as string;
    if (body.length > MAX_BODY_BYTES) throw new Error('the body is too large');
  }
  return body;
}

/** Between large pieces others get their turn: 100 MB are made in the same process that answers the rest. */
async function send(response: ServerResponse, { status, headers = {}, parts }: Answer): Promise<void> {
  const pieces: Buffer[] = [];
  let sinceYield = 0;
  for (const part of parts) {
    const piece = Buffer.from(part);
    pieces.push(piece);
    sinceYield += piece.length;
    if (sinceYield < PIECE) continue;
    sinceYield = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const length = pieces.reduce((all, piece) => all + piece.length, 0);
  response.writeHead(status, { ...headers, 'content-length': length });
  if (pieces.length <= 1) response.end(pieces[0]);
  else await pipeline(Readable.from(pieces), response);
}
