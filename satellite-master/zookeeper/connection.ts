/**
 * One ZooKeeper session over as many connections as it lasts: the library's connection manager, with what it does
 * wrong mended (each place says what the library does). Not for a second session: when this one ends, make another.
 */
import type { BackoffOptions } from '../../shared/backoff.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { FrameReader } from './frames.ts';
import { Heartbeat } from './heartbeat.ts';
import { ConnectionManager, type Packet, type Request, type Server, STATES } from './library.ts';
import { ServerTurns } from './server-turns.ts';
import type { WatchEvent } from './types.ts';
import { Watches } from './watches.ts';
import { type Reply, readNotification, readReply, requests } from './wire.ts';

/** What became of a request: the server's answer, or the loss of the connection. */
export type Outcome =
  | { readonly kind: 'answered'; readonly code: number; readonly body: Buffer }
  | { readonly kind: 'lost'; readonly sent: boolean; readonly reason: string };

export interface ConnectionOptions {
  readonly servers: readonly Server[];
  readonly sessionTimeoutMs: number;
  readonly auth?: { readonly scheme: 'digest'; readonly credentials: string } | undefined;
  /** Waits between attempts, once every server was tried. */
  readonly retry?: BackoffOptions | undefined;
  readonly clock: Clock;
  /** After a handshake: a new session's first, or the session resumed. */
  connected(): void;
  /** An attempt failed, or a connection is gone; another attempt follows by itself. */
  disconnected(reason: string): void;
  /** The session will not come back. Nothing more is reported. */
  ended(reason: string): void;
  watchFired(event: WatchEvent): void;
}

/** A server that takes the connection but says nothing must not keep us from the next one for longer. */
const MAX_HANDSHAKE_MS = 4_000;
/** The protocol's numbers of what is no answer to a numbered request. */
const NOTIFICATION_XID = -1;
const PING_XID = -2;
const AUTH_XID = -4;
/** The protocol's numbers are signed and 32 bits wide; the room left is more than one flush can use. */
const LAST_XID = 0x7fff_0000;

export class Connection extends ConnectionManager {
  /** What the server watches for this session. */
  readonly watches = new Watches();
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #heartbeat: Heartbeat;
  readonly #turns: ServerTurns;
  #frames = new FrameReader();
  #dead = false;
  #gathering = false;
  #handshakeMs = 0;
  #connectedAtMs = 0;
  #reason: string | undefined;
  #retry: Timer | undefined;
  #handshake: Timer | undefined;
  #whenGone: () => void = () => undefined;

  constructor(options: ConnectionOptions) {
    super('unused', { sessionTimeout: options.sessionTimeoutMs, spinDelay: 0 }, () => undefined);
    this.#options = options;
    this.#clock = options.clock;
    this.#heartbeat = new Heartbeat(options.clock);
    this.#turns = new ServerTurns(options.servers, options.retry);
    // So that the library sets no watches by itself: it would do so in one packet, however large.
    this.watcherManager = { isEmpty: () => true };
    if (options.auth) this.addAuthInfo(options.auth.scheme, Buffer.from(options.auth.credentials));
    this.on('state', (state) => this.#stateChanged(state));
  }

  get usable(): boolean {
    return !this.#dead && this.state === STATES.CONNECTED && this.socket?.writable === true;
  }

  /** Before that the server does not end the session, on the monotonic clock. */
  get lastsUntilMs(): number {
    return this.#heartbeat.lastAnsweredPingMs + this.sessionTimeout;
  }

  /** @returns the packet, to withdraw it by; undefined when there is no connection: nothing is kept for later */
  send(request: Request, done: (outcome: Outcome) => void): Packet | undefined {
    if (!this.usable) return undefined;
    // The library also calls with errors of its own, but only for packets it queues itself.
    const packet: Packet = {
      request,
      sentMs: this.#clock.monoMs(),
      callback: (outcome) => done(outcome as Outcome),
    };
    this.packetQueue.push(packet);
    return packet;
  }

  /** Takes back what has not been written yet. @returns whether it had not: then it never will be */
  withdraw(packet: Packet): boolean {
    const at = this.packetQueue.queue.indexOf(packet);
    if (at >= 0) this.packetQueue.queue.splice(at, 1);
    return at >= 0;
  }

  /** Ends the session at the server; resolves when the connection is gone. Only while {@link usable}: the library throws or hangs otherwise. */
  endSession(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenGone = resolve;
      this.close();
    });
  }

  /** Gives up session and connection at once, in any state. Nothing is reported afterwards, and no timer is left. */
  kill(reason: string): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#retry?.cancel();
    this.#handshake?.cancel();
    this.#heartbeat.stop();
    if (this.connectTimeoutHandler) clearTimeout(this.connectTimeoutHandler);
    this.socket?.destroy();
    this.#failAll(reason);
    this.#whenGone();
  }

  // --- From here on: the library's steps, in their order, each with what it leaves out. ---

  override connect(): void {
    if (!this.#dead) super.connect();
  }

  override findNextServer(callback: (server: Server) => void): void {
    const { server, delayMs } = this.#turns.next();
    if (!server) return;
    this.#retry = this.#clock.after(delayMs, () => {
      this.#frames = new FrameReader();
      this.#reason = undefined;
      callback(server);
      // For the TCP connection and the handshake, of which the library's own limit covers the first alone.
      const limitMs = Math.min(MAX_HANDSHAKE_MS, this.sessionTimeout / 3);
      const place = `${server.host}:${server.port}`;
      this.#handshake = this.#clock.after(limitMs, () => this.#drop(`${place} did not answer the handshake`));
    });
  }

  /** The library piles up AUTH and SetWatches with each attempt, behind whatever else was waiting. */
  override onSocketConnected(): void {
    if (this.#dead) return;
    this.packetQueue.queue = [];
    this.#handshakeMs = this.#clock.monoMs();
    super.onSocketConnected();
    this.#setWatchesAgain();
  }

  /**
   * The library keeps half a frame over a reconnect, calls itself once for each frame, throws at error codes and
   * notifications it does not know, and knows no `sync`: it is left with the handshake alone.
   */
  override onSocketData(chunk: Buffer): void {
    const { socket } = this;
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#dead || socket?.destroyed) return;
        if (this.state === STATES.CONNECTING) super.onSocketData(frame);
        else this.#replied(frame);
      }
    } catch (error) {
      this.#drop(`cannot read what the server sent: ${messageOf(error)}`);
    }
  }

  /** The library fails what waits for an answer, but keeps what it had not sent, to send it who knows when. */
  override onSocketClosed(hadError: boolean): void {
    this.#handshake?.cancel();
    this.#heartbeat.stop();
    if (this.#dead) return;
    if (this.#connectedAtMs > 0) this.#turns.lived(this.#clock.monoMs() - this.#connectedAtMs);
    this.#connectedAtMs = 0;
    this.#failAll(this.#whyGone());
    super.onSocketClosed(hadError);
    if (this.state === STATES.CLOSED) this.#whenGone();
  }

  override onSocketError(error: Error): void {
    this.#reason ??= messageOf(error);
    super.onSocketError(error);
  }

  override onSocketConnectTimeout(): void {
    this.#drop('no connection in time');
  }

  /** Here the library would ping, when nothing came in for a while; see heartbeat.ts. */
  override onSocketTimeout(): void {}

  /**
   * The library counts on past what the protocol's 32 bits hold, and writes on when the socket is full: what lies
   * there can no longer be taken back.
   */
  override onPacketQueueReadable(): void {
    if (this.socket?.writableNeedDrain) return;
    if (this.xid > LAST_XID) this.xid = 1;
    this.#gatherWrites();
    super.onPacketQueueReadable();
  }

  // --- What the library does not do. ---

  /** What is sent in one turn of the event loop goes to the kernel in one call: the library makes one for each request. */
  #gatherWrites(): void {
    const { socket } = this;
    if (!socket || this.#gathering) return;
    this.#gathering = true;
    socket.cork();
    process.nextTick(() => {
      this.#gathering = false;
      socket.uncork();
    });
  }

  #stateChanged(state: number): void {
    if (this.#dead) return;
    if (state === STATES.CONNECTED) {
      this.#handshake?.cancel();
      this.#connectedAtMs = this.#clock.monoMs();
      this.#heartbeat.start({
        timeoutMs: this.sessionTimeout,
        handshakeMs: this.#handshakeMs,
        ping: () => {
          if (this.usable) this.packetQueue.push({ request: requests.ping(), callback: () => undefined });
        },
        silent: (silentMs) => this.#drop(`the server has not answered for ${Math.round(silentMs)} ms`),
      });
      this.#options.connected();
    } else if (state === STATES.DISCONNECTED) {
      this.#options.disconnected(this.#whyGone());
    } else if (state === STATES.SESSION_EXPIRED) {
      this.#options.ended('the session has expired');
    } else if (state === STATES.AUTHENTICATION_FAILED) {
      this.#options.ended('the authentication was refused');
    }
  }

  /** An answer, a notification or the echo of a ping. */
  #replied(frame: Buffer): void {
    const reply = readReply(frame);
    const { xid, code, body } = reply;
    if (xid === NOTIFICATION_XID) {
      const event = readNotification(body);
      if (event && this.watches.fired(event)) this.#options.watchFired(event);
      return;
    }
    if (xid === PING_XID) this.#heartbeat.echoed();
    else if (xid !== AUTH_XID) this.#answered(reply);
    else if (code !== 0) this.setState(STATES.AUTHENTICATION_FAILED);
  }

  #answered({ xid, zxid, code, body }: Reply): void {
    const packet = this.pendingQueue[0];
    if (packet?.request.header.xid !== xid) throw new Error('the answers are out of step');
    this.pendingQueue.shift();
    this.#heartbeat.answered(packet.sentMs ?? 0);
    if (zxid.readBigInt64BE() > 0n) this.zxid = Buffer.from(zxid);
    packet.callback({ kind: 'answered', code, body } satisfies Outcome);
  }

  #setWatchesAgain(): void {
    const requests = this.watches.setAgain(this.zxid);
    let left = requests.length;
    for (const request of requests) {
      const callback = (result: unknown) => {
        const outcome = result as Outcome;
        if (outcome.kind === 'lost') return;
        if (outcome.code !== 0) this.#options.ended(`the watches could not be set again (${outcome.code})`);
        else if (--left === 0) this.watches.areSet();
      };
      this.packetQueue.push({ request, callback });
    }
  }

  #whyGone(): string {
    return this.#reason ?? 'the server closed the connection';
  }

  #drop(reason: string): void {
    this.#reason ??= reason;
    this.socket?.destroy();
  }

  #failAll(reason: string): void {
    const unsent = this.packetQueue.queue;
    this.packetQueue.queue = [];
    const sent = this.pendingQueue.splice(0);
    for (const packet of sent) packet.callback({ kind: 'lost', sent: true, reason } satisfies Outcome);
    for (const packet of unsent) packet.callback({ kind: 'lost', sent: false, reason } satisfies Outcome);
  }
}
