/** What the house sees of ZooKeeper: nobody but this folder touches the client library. */
/** Thrown by every operation of a session. */
export class ZooKeeperError extends Error {
  name = 'ZooKeeperError';
  kind;
  /** The server's number, e.g. -103; 0 where there was none. */
  code;
  path;
  constructor(kind, path, message, code = 0) {
    super(message);
    this.kind = kind;
    this.path = path;
    this.code = code;
  }
}
