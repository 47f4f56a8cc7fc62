/** What the house sees of ZooKeeper: nobody but this folder touches the client library. */

/** Stat of a znode; zxids are whole 64-bit numbers. */
export interface Stat {
  readonly version: number;
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly pzxid: bigint;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly ephemeralOwner: bigint;
  readonly numChildren: number;
}

export type SessionState =
  /** No session yet, or a new one is being made after a loss. */
  | { readonly kind: 'connecting' }
  /** `newSession`: watches and ephemerals of the last session are gone and have to be made again. */
  | { readonly kind: 'connected'; readonly newSession: boolean }
  /** The connection is gone, the session may come back with all its watches. */
  | { readonly kind: 'suspended'; readonly reason: string }
  /** The session is gone; a new one is made by itself. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'closed' };

/** A watch that fired. One listener serves all watches. */
export interface WatchEvent {
  readonly type: 'created' | 'deleted' | 'data' | 'children';
  readonly path: string;
}

export type ZooKeeperErrorKind =
  | 'no-node'
  | 'node-exists'
  | 'bad-version'
  | 'not-empty'
  | 'no-auth'
  /** Not sent: there is no connection. It will never be applied. */
  | 'unavailable'
  /** Sent, but the connection or the time ran out before the answer: it may have been applied. */
  | 'uncertain'
  /** Any other answer of the server, its number in `code`. */
  | 'refused';

/** Thrown by every operation of a session. */
export class ZooKeeperError extends Error {
  override readonly name = 'ZooKeeperError';
  readonly kind: ZooKeeperErrorKind;
  /** The server's number, e.g. -103; 0 where there was none. */
  readonly code: number;
  readonly path: string;

  constructor(kind: ZooKeeperErrorKind, path: string, message: string, code = 0) {
    super(message);
    this.kind = kind;
    this.path = path;
    this.code = code;
  }
}

export type MultiOp =
  | { readonly op: 'create'; readonly path: string; readonly data: Buffer; readonly ephemeral?: boolean }
  | { readonly op: 'set'; readonly path: string; readonly data: Buffer; readonly version: number }
  | { readonly op: 'remove'; readonly path: string; readonly version: number }
  | { readonly op: 'check'; readonly path: string; readonly version: number };

/**
 * A ZooKeeper session that heals: replaced by a new one when it expires, every call bounded in time, at most
 * 500 calls in flight, nothing queued while there is no connection.
 */
export interface ZooKeeperSession {
  readonly state: SessionState;
  /** Begins to connect. Called once, after the listeners are set. */
  start(): void;
  onState(listener: (state: SessionState) => void): void;
  onWatch(listener: (event: WatchEvent) => void): void;

  /** undefined: no such node; with `watch` its creation, change or deletion is then reported. */
  exists(path: string, options?: { readonly watch?: boolean }): Promise<Stat | undefined>;
  /** undefined: no such node, and then no watch is set. */
  getData(
    path: string,
    options?: { readonly watch?: boolean },
  ): Promise<{ readonly data: Buffer; readonly stat: Stat } | undefined>;
  /** undefined: no such node, and then no watch is set. */
  getChildren(
    path: string,
    options?: { readonly watch?: boolean },
  ): Promise<{ readonly names: readonly string[]; readonly stat: Stat } | undefined>;
  create(path: string, data: Buffer, options?: { readonly ephemeral?: boolean }): Promise<void>;
  /** Makes the node and those above it where they are missing. */
  ensurePath(path: string): Promise<void>;
  /** All or none; a `version` of 0 means 0, -1 means any. Throws with the kind and path of the step that failed. */
  multi(ops: readonly MultiOp[]): Promise<void>;
  /** When it resolves, reads of this session see all that was committed before it was called. */
  sync(path: string): Promise<void>;
  /** The id of the present session, e.g. to know one's own ephemeral node; undefined without a session. */
  readonly sessionId: bigint | undefined;
  /** Ends the session so that its ephemerals go at once; gives up after `deadlineMs`. Safe in every state. */
  close(deadlineMs: number): Promise<void>;
}
