/** From the numbers of the server to what the house can act on. */
import { ZooKeeperError, type ZooKeeperErrorKind } from './types.ts';

/** Also known to the outside: the first is an answer like any other for `exists`. */
export const NO_NODE = -101;
export const NODE_EXISTS = -110;
/** The steps of a transaction after the one that failed carry it. */
export const NOT_TRIED = -2;
const BAD_ARGUMENTS = -8;

/** What is not in the table is `refused`: a server newer than this table must not stop anything. */
const KNOWN: ReadonlyMap<number, readonly [kind: ZooKeeperErrorKind, text: string]> = new Map([
  [-1, ['refused', 'the server failed']],
  [NOT_TRIED, ['refused', 'the transaction was given up']],
  [-6, ['refused', 'the server does not know that operation']],
  [BAD_ARGUMENTS, ['refused', 'not a valid path or argument']],
  [NO_NODE, ['no-node', 'there is no such node']],
  [-102, ['no-auth', 'the rights of the node do not allow it']],
  [-103, ['bad-version', 'the node has another version']],
  [-108, ['refused', 'an ephemeral node takes no children']],
  [NODE_EXISTS, ['node-exists', 'the node is there already']],
  [-111, ['not-empty', 'the node has children']],
  // The server did not take it up: the session is gone, or lives on another server by now.
  [-112, ['unavailable', 'the session has expired']],
  [-114, ['refused', 'the access control list is not valid']],
  [-115, ['no-auth', 'the authentication was refused']],
  [-118, ['unavailable', 'the session has moved to another server']],
  [-119, ['refused', 'the server is read-only']],
  // The server gave up waiting for its own commit.
  [-122, ['uncertain', 'the server did not finish it in time']],
  [-125, ['refused', 'the quota is used up']],
  [-127, ['refused', 'the server has too much to do']],
]);

/** @param code below zero, as the server sent it */
export function refusal(code: number, path: string): ZooKeeperError {
  const [kind, text] = KNOWN.get(code) ?? ['refused', 'the server refused it'];
  return new ZooKeeperError(kind, path, `ZooKeeper ${path}: ${text} (${code})`, code);
}

export function badArgument(path: string, reason: string): ZooKeeperError {
  return new ZooKeeperError('refused', path, `ZooKeeper ${path}: ${reason}`, BAD_ARGUMENTS);
}

/** It was not sent and never will be. */
export function unavailable(path: string, reason: string): ZooKeeperError {
  return new ZooKeeperError('unavailable', path, `ZooKeeper ${path}: not sent: ${reason}`);
}

/** It was sent, and nobody knows whether it was done. */
export function uncertain(path: string, reason: string): ZooKeeperError {
  return new ZooKeeperError('uncertain', path, `ZooKeeper ${path}: sent, but not confirmed: ${reason}`);
}
