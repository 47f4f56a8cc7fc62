/** Where events are sent on to: `host`, `host:port` or `{host, port}`; without a port Riemann's own. */
import { HOST_NAME_FORM, parseHostName } from '../../shared/host-name.ts';
import { StreamArgumentError, shown } from './argument.ts';

export interface RiemannAddress {
  readonly host: string;
  /** Default 5555. */
  readonly port?: number;
}

const RIEMANN_PORT = 5555;
const OWN_KEYS = new Set(['host', 'port']);

/** @throws StreamArgumentError */
export function parseAddress(stream: string, given: string | RiemannAddress): Required<RiemannAddress> {
  const { host, port } = typeof given === 'string' ? splitAddress(given) : partsOf(stream, given);
  if (host === '') throw new StreamArgumentError(stream, `needs the address of a Riemann, not ${shown(given)}`);
  if (typeof host !== 'string' || !parseHostName(host))
    throw new StreamArgumentError(stream, `the host of ${shown(given)} must be ${HOST_NAME_FORM}`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new StreamArgumentError(stream, `the port of ${shown(given)} must be a number, 1-65535`);
  return { host, port };
}

/** `host:port`, `[::1]:port`: the same text for the same address. */
export function addressText({ host, port }: Required<RiemannAddress>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function partsOf(stream: string, given: RiemannAddress): Required<RiemannAddress> {
  if (typeof given !== 'object' || given === null)
    throw new StreamArgumentError(stream, `needs the address of a Riemann, not ${shown(given)}`);
  const foreign = Object.keys(given).find((key) => !OWN_KEYS.has(key));
  if (foreign !== undefined) throw new StreamArgumentError(stream, `has no option "${foreign}"`);
  const { host, port = RIEMANN_PORT } = given;
  return { host, port };
}

function splitAddress(text: string): Required<RiemannAddress> {
  const [, inBrackets, plain, port = String(RIEMANN_PORT)] = /^(?:\[(.*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  // An address of IPv6 may stand without brackets where no port follows it.
  return { host: inBrackets ?? plain ?? text, port: Number(port) };
}
