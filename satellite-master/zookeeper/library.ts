/**
 * The parts of node-zookeeper-client that this folder stands on, with their types: its connection manager
 * (server choice, handshake, state machine, packet queue) and its codec. They are not its public face, so the
 * version is held fast. Its `Client` is not used: it adds a retry loop that spins when called from a callback,
 * asserts that throw instead of rejecting, and a transaction that takes version 0 for "any".
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

const require = createRequire(import.meta.url);

const KNOWN_VERSION = '1.1.3';
const { version } = require('node-zookeeper-client/package.json') as { version: string };
if (version !== KNOWN_VERSION)
  throw new Error(
    `node-zookeeper-client is ${version}, and ${KNOWN_VERSION} is expected: read satellite-master/zookeeper`,
  );

/** Something that can be written behind a request's header. */
export interface Payload {
  byteLength(): number;
  /** @returns the number of bytes written */
  serialize(buffer: Buffer, offset: number): number;
}

interface Header extends Payload {
  readonly xid: number;
  readonly type: number;
}

export interface Request {
  readonly header: Header;
  readonly payload: Payload | null;
}

/** A record of the codec's schema; the arguments are its fields in order. */
type RecordClass<Fields extends readonly unknown[]> = new (...fields: Fields) => Payload;

/** An entry of an access control list, in the library's own form. */
export interface Acl {
  toRecord(): Payload;
}

/** A step of a transaction as the codec takes it: the version goes to the wire as it is. */
export interface Step {
  readonly type: number;
  readonly path: string;
  readonly data?: Buffer;
  readonly version?: number;
  readonly acls?: readonly Acl[];
  readonly mode?: number;
}

interface Codec {
  readonly OP_CODES: Readonly<
    Record<
      | 'CREATE'
      | 'DELETE'
      | 'EXISTS'
      | 'GET_DATA'
      | 'SET_DATA'
      | 'SYNC'
      | 'PING'
      | 'GET_CHILDREN2'
      | 'CHECK'
      | 'MULTI'
      | 'SET_WATCHES',
      number
    >
  >;
  readonly Request: new (header: Header, payload: Payload | null) => Request;
  readonly TransactionRequest: new (steps: readonly Step[]) => Payload;
  readonly protocol: {
    readonly RequestHeader: new (xid: number, type: number) => Header;
    readonly CreateRequest: RecordClass<[path: string, data: Buffer, acl: readonly Payload[], flags: number]>;
    readonly ExistsRequest: RecordClass<[path: string, watch: boolean]>;
    readonly GetDataRequest: RecordClass<[path: string, watch: boolean]>;
    readonly GetChildren2Request: RecordClass<[path: string, watch: boolean]>;
    readonly SetWatches: RecordClass<
      [
        relativeZxid: Buffer,
        dataWatches: readonly string[],
        existWatches: readonly string[],
        childWatches: readonly string[],
      ]
    >;
  };
}

export interface Packet {
  readonly request: Request;
  /** When it was handed over, on the monotonic clock; our own addition. */
  readonly sentMs?: number;
  callback(outcome: unknown): void;
}

export interface Server {
  readonly host: string;
  readonly port: number;
}

/** The library's connection manager: what is called and what is overridden. Its comments say what each does. */
export interface ConnectionManager {
  /** One of `STATES`. */
  readonly state: number;
  /** Absent before the first attempt. */
  readonly socket?: Socket;
  readonly connectTimeoutHandler: NodeJS.Timeout | null;
  /** ms; as asked for, and after the handshake as the server decided. */
  readonly sessionTimeout: number;
  readonly sessionId: Buffer;
  /** The newest transaction seen. */
  zxid: Buffer;
  xid: number;
  /** Packets not yet written. */
  readonly packetQueue: { queue: Packet[]; push(packet: Packet): void };
  /** Packets written and not yet answered, in the order of their answers. */
  readonly pendingQueue: Packet[];
  watcherManager: { isEmpty(): boolean };
  on(event: 'state', listener: (state: number) => void): unknown;
  setState(state: number): void;
  addAuthInfo(scheme: string, auth: Buffer): void;
  connect(): void;
  close(): void;
  findNextServer(callback: (server: Server) => void): void;
  onSocketConnected(): void;
  onSocketData(chunk: Buffer): void;
  onSocketClosed(hadError: boolean): void;
  onSocketError(error: Error): void;
  onSocketConnectTimeout(): void;
  onSocketTimeout(): void;
  onPacketQueueReadable(): void;
}

type ConnectionManagerClass = {
  new (
    connectString: string,
    options: { readonly sessionTimeout: number; readonly spinDelay: number },
    onState: (state: number) => void,
  ): ConnectionManager;
  readonly STATES: Readonly<
    Record<
      'DISCONNECTED' | 'CONNECTING' | 'CONNECTED' | 'CLOSING' | 'CLOSED' | 'SESSION_EXPIRED' | 'AUTHENTICATION_FAILED',
      number
    >
  >;
};

export const ConnectionManager = require('node-zookeeper-client/lib/ConnectionManager.js') as ConnectionManagerClass;
export const STATES = ConnectionManager.STATES;
export const codec = require('node-zookeeper-client/lib/jute/index.js') as Codec;
export const ACL = require('node-zookeeper-client/lib/ACL.js') as {
  readonly OPEN_ACL_UNSAFE: readonly Acl[];
  /** All rights for who is authenticated when the node is made, none for others. */
  readonly CREATOR_ALL_ACL: readonly Acl[];
};
