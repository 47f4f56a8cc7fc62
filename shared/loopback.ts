import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Whether a name or an address means this machine itself, so that nobody else can reach it: 127.0.0.0/8, `::1`, both
 * in any spelling, `localhost` and the names below it (RFC 6761). No name is looked up.
 * @param host as in a setting, in a URL (`[::1]`) or in a Host header, without a port
 */
export function isLoopback(host: string): boolean {
  const bare = plainAddress(host.toLowerCase());
  switch (isIP(bare)) {
    case 4:
      return LOOPBACK.check(bare, 'ipv4');
    case 6:
      return LOOPBACK.check(bare, 'ipv6');
    default:
      return bare === 'localhost' || bare.endsWith('.localhost');
  }
}

/** Without the brackets of a URL, without the IPv6 form of an IPv4 address, without the dot at the end of a name. */
export function plainAddress(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return bare.replace(/^::ffff:(?=\d+\.)/i, '').replace(/\.$/, '');
}
