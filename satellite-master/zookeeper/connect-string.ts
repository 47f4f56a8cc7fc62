import type { Server } from './library.ts';
import { isPath } from './path.ts';

export interface ConnectString {
  readonly servers: readonly Server[];
  /** The node that stands for the root, without a slash at its end; '' where there is none. */
  readonly chroot: string;
}

const DEFAULT_PORT = 2181;
const SERVER = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:\s]+))(?::(\d{1,5}))?$/;

/**
 * Reads `host[:port][,host[:port]…][/chroot]`, as ZooKeeper's own tools write it; `zk://` before it, as Mesos
 * writes it, is taken. IPv6 addresses stand in brackets.
 * @throws Error with a sentence that names the part that is wrong
 */
export function parseConnectString(text: string): ConnectString {
  const bare = text.trim().replace(/^zk:\/\//, '');
  const slash = bare.indexOf('/');
  const chroot = (slash < 0 ? '' : bare.slice(slash)).replace(/\/$/, '');
  if (chroot.includes(','))
    throw new Error(`"${text}" has a chroot behind a server that is not the last; expected ${onceChrooted(bare)}`);
  if (chroot !== '' && !isPath(chroot)) throw new Error(`"${chroot}" is no path of a ZooKeeper node`);
  const servers = (slash < 0 ? bare : bare.slice(0, slash))
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '')
    .map(parseServer);
  if (servers.length === 0)
    throw new Error(`"${text}" names no ZooKeeper server; expected host:port, with commas between`);
  return { servers, chroot };
}

/** The right form of `a:2181/x,b:2181/x`. */
function onceChrooted(text: string): string {
  const parts = text.split(',').map((part) => part.trim());
  const servers = parts.map((part) => part.replace(/\/.*/, '')).filter((server) => server !== '');
  const chroot = parts.map((part) => part.replace(/^[^/]*/, '')).find((path) => path !== '') ?? '';
  return `"${servers.join(',')}${chroot}"`;
}

function parseServer(text: string): Server {
  const [, address, name, digits] = SERVER.exec(text) ?? [];
  const host = address ?? name;
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (host === undefined || port < 1 || port > 65_535)
    throw new Error(`"${text}" is no ZooKeeper server; expected host:port`);
  return { host, port };
}
