/** A session that heals: what the house sees of ZooKeeper (types.ts), over connections that come and go. */
import { Backoff, type BackoffOptions } from '../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Log, LogFields } from '../../shared/log.ts';
import { Calls } from './calls.ts';
import { type ConnectString, parseConnectString } from './connect-string.ts';
import { Connection } from './connection.ts';
import { unavailable } from './errors.ts';
import { ACL } from './library.ts';
import { Chroot, Operations } from './operations.ts';
import type { MultiOp, SessionState, WatchEvent, ZooKeeperSession } from './types.ts';

export interface ZooKeeperSessionOptions {
  /** `host:port,host:port/chroot`; the chroot is made where it is missing. */
  readonly connectString: string;
  /** `name:password`. Nodes are then made for it alone; without it, for everyone. */
  readonly auth?: { readonly scheme: 'digest'; readonly credentials: string } | undefined;
  /** The server takes it within its own bounds. After that long without a connection the session counts as lost. Default 6,000. */
  readonly sessionTimeoutMs?: number;
  /** The longest that any operation takes, `ensurePath` one for each step. Default 5,000. */
  readonly callTimeoutMs?: number;
  /** Default 500. */
  readonly mostInFlight?: number;
  /** Waits between attempts to connect. Default 100 to 1,000 ms. */
  readonly retry?: BackoffOptions | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** @throws Error when the connect string is none */
export function createZooKeeperSession(options: ZooKeeperSessionOptions): ZooKeeperSession {
  return new Session(options);
}

class Session implements ZooKeeperSession {
  readonly #options: ZooKeeperSessionOptions;
  readonly #place: ConnectString;
  readonly #chroot: Chroot;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #calls: Calls;
  readonly #operations: Operations;
  /** For the chroot itself. */
  readonly #absolute: Operations;
  readonly #renewal = new Backoff({ firstMs: 100, maxMs: 5_000 });
  readonly #stateListeners: ((state: SessionState) => void)[] = [];
  readonly #watchListeners: ((event: WatchEvent) => void)[] = [];
  #state: SessionState = { kind: 'connecting' };
  #started = false;
  #connection: Connection | undefined;
  /** Whether this connection's session was announced to the users. */
  #announced = false;
  #expiry: Timer | undefined;
  #reopening: Timer | undefined;
  #ending = false;
  #ended: Promise<void> | undefined;
  #troubleLogged = false;
  #whenConnected: () => void = () => undefined;

  constructor(options: ZooKeeperSessionOptions) {
    this.#options = options;
    this.#place = parseConnectString(options.connectString);
    this.#chroot = new Chroot(this.#place.chroot);
    this.#clock = options.clock;
    this.#log = options.log;
    const { callTimeoutMs = 5_000, mostInFlight = 500, clock } = options;
    this.#calls = new Calls({ timeoutMs: callTimeoutMs, mostInFlight, clock });
    const acls = options.auth ? ACL.CREATOR_ALL_ACL : ACL.OPEN_ACL_UNSAFE;
    this.#operations = new Operations(this.#calls, this.#chroot, acls);
    this.#absolute = new Operations(this.#calls, new Chroot(''), acls);
  }

  get state(): SessionState {
    return this.#state;
  }

  get sessionId(): bigint | undefined {
    return this.#announced ? this.#connection?.sessionId.readBigInt64BE() : undefined;
  }

  onState(listener: (state: SessionState) => void): void {
    this.#stateListeners.push(listener);
  }

  onWatch(listener: (event: WatchEvent) => void): void {
    this.#watchListeners.push(listener);
  }

  exists(path: string, options?: { readonly watch?: boolean }) {
    return this.#use(path, (operations) => operations.exists(path, options?.watch ?? false));
  }

  getData(path: string, options?: { readonly watch?: boolean }) {
    return this.#use(path, (operations) => operations.getData(path, options?.watch ?? false));
  }

  getChildren(path: string, options?: { readonly watch?: boolean }) {
    return this.#use(path, (operations) => operations.getChildren(path, options?.watch ?? false));
  }

  create(path: string, data: Buffer, options?: { readonly ephemeral?: boolean }) {
    return this.#use(path, (operations) => operations.create(path, data, options?.ephemeral ?? false));
  }

  ensurePath(path: string) {
    return this.#use(path, (operations) => operations.ensurePath(path));
  }

  multi(ops: readonly MultiOp[]) {
    return this.#use(ops[0]?.path ?? '/', (operations) => operations.multi(ops));
  }

  sync(path: string) {
    return this.#use(path, (operations) => operations.sync(path));
  }

  start(): void {
    if (this.#started || this.#ending) return;
    this.#started = true;
    this.#publish({ kind: 'connecting' });
    this.#open();
  }

  close(deadlineMs: number): Promise<void> {
    this.#ending = true;
    // Not before this is noted: a listener may ask again when it gets the end.
    this.#ended ??= Promise.resolve().then(() => this.#end(deadlineMs));
    return this.#ended;
  }

  #use<T>(path: string, operation: (operations: Operations) => Promise<T>): Promise<T> {
    if (this.#ending || this.#state.kind !== 'connected')
      return Promise.reject(unavailable(path, `the session is ${this.#ending ? 'closed' : this.#state.kind}`));
    return operation(this.#operations);
  }

  #open(): void {
    // A listener that got the attempt may have ended it.
    if (this.#ending) return;
    const { sessionTimeoutMs = 6_000, auth, retry, clock } = this.#options;
    this.#announced = false;
    const connection = new Connection({
      servers: this.#place.servers,
      sessionTimeoutMs,
      auth,
      retry,
      clock,
      connected: () => this.#connected(connection),
      disconnected: (reason) => this.#disconnected(connection, reason),
      ended: (reason) => this.#lose(connection, reason),
      watchFired: ({ type, path }) => this.#fire({ type, path: this.#chroot.fromServer(path) }),
    });
    this.#connection = connection;
    connection.connect();
  }

  #connected(connection: Connection): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#calls.attach(connection);
    this.#whenConnected();
    if (this.#announced) this.#publish({ kind: 'connected', newSession: false });
    else void this.#prepare(connection);
  }

  /** Makes the chroot before the session is announced. A loss meanwhile leads here again. */
  async #prepare(connection: Connection): Promise<void> {
    try {
      if (this.#chroot.path !== '') await this.#absolute.ensurePath(this.#chroot.path);
    } catch (error) {
      if (connection.usable) this.#lose(connection, `cannot make ${this.#chroot.path}: ${messageOf(error)}`);
      return;
    }
    if (connection !== this.#connection || !connection.usable || this.#announced) return;
    this.#announced = true;
    this.#renewal.reset();
    this.#publish({ kind: 'connected', newSession: true });
  }

  #disconnected(connection: Connection, reason: string): void {
    this.#calls.detach(reason);
    if (this.#state.kind !== 'connected') {
      this.#logTrouble({ reason }, 'no connection to ZooKeeper');
      return;
    }
    // Whoever leads must not believe so for longer than the server does.
    this.#expiry = this.#clock.after(connection.lastsUntilMs - this.#clock.monoMs(), () =>
      this.#lose(connection, `no connection for the session's ${connection.sessionTimeout} ms`),
    );
    this.#publish({ kind: 'suspended', reason });
  }

  #lose(connection: Connection, reason: string): void {
    if (connection !== this.#connection) return;
    this.#release(reason);
    this.#whenConnected();
    if (this.#ending) return;
    this.#reopening = this.#clock.after(this.#renewal.next(), () => {
      this.#publish({ kind: 'connecting' });
      this.#open();
    });
    if (this.#state.kind === 'connecting') this.#logTrouble({ reason }, 'no session at ZooKeeper');
    else this.#publish({ kind: 'lost', reason });
  }

  #release(reason: string): void {
    this.#expiry?.cancel();
    this.#reopening?.cancel();
    this.#announced = false;
    this.#connection?.kill(reason);
    this.#connection = undefined;
    this.#calls.detach(reason);
  }

  async #end(deadlineMs: number): Promise<void> {
    const deadline = new AbortController();
    const ended = sleep(this.#clock, deadlineMs, deadline.signal);
    // A session that lasts without a connection is worth waiting for: its ephemerals would stay behind.
    if (this.#announced && !this.#connection?.usable)
      await Promise.race([ended, new Promise<void>((resolve) => (this.#whenConnected = resolve))]);
    const connection = this.#connection;
    if (connection?.usable) await Promise.race([ended, connection.endSession()]);
    deadline.abort();
    this.#release('the session is closed');
    this.#publish({ kind: 'closed' });
  }

  #publish(state: SessionState): void {
    if (this.#ending && state.kind !== 'closed') return;
    this.#state = state;
    if (state.kind === 'connected') this.#troubleLogged = false;
    const level = state.kind === 'suspended' || state.kind === 'lost' ? 'warn' : 'info';
    this.#log[level](
      { zookeeper: state.kind, ...('reason' in state && { reason: state.reason }) },
      'state of the ZooKeeper session changed',
    );
    for (const listener of this.#stateListeners) this.#call(() => listener(state));
  }

  /** Attempts go on each second while all is down: only the first of them is worth a warning. */
  #logTrouble(fields: LogFields, message: string): void {
    if (this.#ending) return;
    this.#log[this.#troubleLogged ? 'debug' : 'warn'](fields, message);
    this.#troubleLogged = true;
  }

  #fire(event: WatchEvent): void {
    for (const listener of this.#watchListeners) this.#call(() => listener(event));
  }

  /** A listener's fault must not reach the connection that calls it. */
  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'a listener of the ZooKeeper session failed');
    }
  }
}
