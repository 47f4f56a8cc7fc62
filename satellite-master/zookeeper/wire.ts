/** The requests that are sent and the answers that are read. Answers are read by hand: 40,000 of them at each start. */
import { NOT_TRIED } from './errors.ts';
import { type Acl, codec, type Payload, type Request, type Step } from './library.ts';
import type { MultiOp, Stat } from './types.ts';

const { OP_CODES, protocol } = codec;

/** A request beyond it makes the server cut the connection (its jute.maxbuffer, 0xfffff). */
export const MAX_REQUEST_BYTES = 1_048_575;
/** Paths of watches in one request, in bytes: well below {@link MAX_REQUEST_BYTES}. */
const MAX_WATCH_BYTES = 100_000;

const EPHEMERAL = 1;
const PERSISTENT = 0;
const HEADER_BYTES = 8;
const PING_XID = -2;

export const requests = {
  exists: (path: string, watch: boolean) => request(OP_CODES.EXISTS, new protocol.ExistsRequest(path, watch)),
  getData: (path: string, watch: boolean) => request(OP_CODES.GET_DATA, new protocol.GetDataRequest(path, watch)),
  getChildren: (path: string, watch: boolean) =>
    request(OP_CODES.GET_CHILDREN2, new protocol.GetChildren2Request(path, watch)),
  create: (path: string, data: Buffer, acls: readonly Acl[], ephemeral: boolean) =>
    request(
      OP_CODES.CREATE,
      new protocol.CreateRequest(
        path,
        data,
        acls.map((acl) => acl.toRecord()),
        ephemeral ? EPHEMERAL : PERSISTENT,
      ),
    ),
  multi: (ops: readonly MultiOp[], acls: readonly Acl[]) =>
    request(OP_CODES.MULTI, new codec.TransactionRequest(ops.map((op) => step(op, acls)))),
  sync: (path: string) => request(OP_CODES.SYNC, pathOnly(path)),
  ping: () => new codec.Request(new protocol.RequestHeader(PING_XID, OP_CODES.PING), null),
};

function request(type: number, payload: Payload): Request {
  return new codec.Request(new protocol.RequestHeader(0, type), payload);
}

/** Bytes of the request without the length before it, as the server counts them. */
export function lengthOf({ payload }: Request): number {
  return HEADER_BYTES + (payload?.byteLength() ?? 0);
}

/** The library's transaction writes `version || -1`, which makes of version 0 "any": a lost update that nobody sees. */
function step(op: MultiOp, acls: readonly Acl[]): Step {
  switch (op.op) {
    case 'create':
      return { type: OP_CODES.CREATE, path: op.path, data: op.data, acls, mode: op.ephemeral ? EPHEMERAL : PERSISTENT };
    case 'set':
      return { type: OP_CODES.SET_DATA, path: op.path, data: op.data, version: op.version };
    case 'remove':
      return { type: OP_CODES.DELETE, path: op.path, version: op.version };
    case 'check':
      return { type: OP_CODES.CHECK, path: op.path, version: op.version };
  }
}

/** What `sync` sends, which the library's codec has no record for. */
function pathOnly(path: string): Payload {
  const bytes = Buffer.from(path, 'utf8');
  return {
    byteLength: () => 4 + bytes.length,
    serialize(buffer, offset) {
      buffer.writeInt32BE(bytes.length, offset);
      bytes.copy(buffer, offset + 4);
      return 4 + bytes.length;
    },
  };
}

export interface WatchPaths {
  readonly data: Iterable<string>;
  readonly exists: Iterable<string>;
  readonly children: Iterable<string>;
}

/**
 * Asks the server to watch these paths and to report what has changed since `zxid`. In as many requests as it takes:
 * the library puts all into one, which the server refuses above 1 MiB, at each reconnect again.
 */
export function* setWatches(zxid: Buffer, paths: WatchPaths): Generator<Request> {
  const kinds = ['data', 'exists', 'children'] as const;
  const empty = (): Record<(typeof kinds)[number], string[]> => ({ data: [], exists: [], children: [] });
  const pack = () =>
    request(OP_CODES.SET_WATCHES, new protocol.SetWatches(zxid, batch.data, batch.exists, batch.children));
  let batch = empty();
  let bytes = 0;
  for (const kind of kinds) {
    for (const path of paths[kind]) {
      batch[kind].push(path);
      bytes += 4 + Buffer.byteLength(path);
      if (bytes < MAX_WATCH_BYTES) continue;
      yield pack();
      batch = empty();
      bytes = 0;
    }
  }
  if (bytes > 0) yield pack();
}

/** What stands behind a frame's length in every answer. */
export interface Reply {
  /** The number of the request. */
  readonly xid: number;
  /** The server's newest transaction. */
  readonly zxid: Buffer;
  /** 0: it was done. */
  readonly code: number;
  readonly body: Buffer;
}

export function readReply(frame: Buffer): Reply {
  return {
    xid: frame.readInt32BE(4),
    zxid: frame.subarray(8, 16),
    code: frame.readInt32BE(16),
    body: frame.subarray(20),
  };
}

export function readStat(body: Buffer, at = 0): Stat {
  return {
    czxid: body.readBigInt64BE(at),
    mzxid: body.readBigInt64BE(at + 8),
    ctimeMs: Number(body.readBigInt64BE(at + 16)),
    mtimeMs: Number(body.readBigInt64BE(at + 24)),
    // mtime at 24
    version: body.readInt32BE(at + 32),
    // cversion at 36, aversion at 40
    ephemeralOwner: body.readBigInt64BE(at + 44),
    // dataLength at 52
    numChildren: body.readInt32BE(at + 56),
    pzxid: body.readBigInt64BE(at + 60),
  };
}

/** The data is copied: a small record must not hold the network's whole buffer in memory. */
export function readData(body: Buffer): { readonly data: Buffer; readonly stat: Stat } {
  const length = Math.max(0, body.readInt32BE(0));
  return { data: Buffer.from(body.subarray(4, 4 + length)), stat: readStat(body, 4 + length) };
}

export function readChildren(body: Buffer): { readonly names: readonly string[]; readonly stat: Stat } {
  const names: string[] = [];
  let at = 4;
  for (let left = body.readInt32BE(0); left > 0; left--) {
    const end = at + 4 + body.readInt32BE(at);
    names.push(body.toString('utf8', at + 4, end));
    at = end;
  }
  return { names, stat: readStat(body, at) };
}

const CREATE_RESULT = 1;
const SET_RESULT = 5;
const ERROR_RESULT = -1;
const STAT_BYTES = 68;

/** The step of a transaction that failed, if one did: those before it carry 0, those after it {@link NOT_TRIED}. */
export function readFailedStep(body: Buffer): { readonly index: number; readonly code: number } | undefined {
  let given: { index: number; code: number } | undefined;
  let at = 0;
  for (let index = 0; body.readUInt8(at + 4) === 0; index++) {
    const type = body.readInt32BE(at);
    at += 9;
    if (type === CREATE_RESULT) at += 4 + body.readInt32BE(at);
    else if (type === SET_RESULT) at += STAT_BYTES;
    else if (type === ERROR_RESULT) {
      const code = body.readInt32BE(at);
      at += 4;
      if (code !== 0 && code !== NOT_TRIED) return { index, code };
      if (code !== 0) given ??= { index, code };
    }
  }
  return given;
}

const WATCH_TYPES = { 1: 'created', 2: 'deleted', 3: 'data', 4: 'children' } as const;

/** undefined: of a type unknown here. */
export function readNotification(
  body: Buffer,
): { readonly type: 'created' | 'deleted' | 'data' | 'children'; readonly path: string } | undefined {
  const type = WATCH_TYPES[body.readInt32BE(0) as keyof typeof WATCH_TYPES];
  return type && { type, path: body.toString('utf8', 12, 12 + body.readInt32BE(8)) };
}
