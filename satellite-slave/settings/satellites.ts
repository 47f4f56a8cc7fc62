/** The setting `satellites`: the masters to report to. */
import { accessSync, constants } from 'node:fs';
import { messageOf } from '../../shared/errors.ts';
import type { TlsOptions } from '../../shared/http-client.ts';
import { readToken } from '../uplink/index.ts';
import type { Place } from './place.ts';
import type { SatelliteEntry } from './schema.ts';

/** One satellite-master to report to, or an original one, or any Riemann. */
export type SatelliteSettings = HttpSatellite | RiemannSatellite;

export interface RiemannSatellite {
  readonly protocol: 'riemann';
  readonly host: string;
  readonly port: number;
}

export interface HttpSatellite {
  readonly protocol: 'http';
  /** As in `http://host:port`. */
  readonly origin: string;
  readonly tokenFile: string | undefined;
  readonly tls: TlsOptions;
}

const DEFAULT_PORT = 5001;
const RIEMANN_PORT = 5555;

/** @returns the master, or nothing where it is none */
export function compileSatellite(entry: SatelliteEntry, { file, path, problems }: Place): SatelliteSettings[] {
  const problem = (key: string, found: string, expected: string) =>
    problems.push({ file, path: key === '' ? path : `${path}.${key}`, found, expected });
  if (entry.protocol === 'riemann') return compileRiemann(entry, problem);
  const { host, port, url, ca, cert, key } = entry;
  if ((host === undefined) === (url === undefined))
    problem('', host === undefined ? 'neither host nor url' : 'host and url', 'either host (and port) or url');
  if (url !== undefined && port !== undefined) problem('port', String(port), 'the port within url');
  const origin =
    typeof url === 'string' ? originOf(url) : originOf(`http://${bracketed(String(host))}:${port ?? DEFAULT_PORT}`);
  if (origin === undefined)
    problem(url === undefined ? 'host' : 'url', String(url ?? host), 'a host and a port, 1-65535');
  if (origin !== undefined && new URL(origin).port === String(RIEMANN_PORT))
    problem(
      port === undefined ? 'url' : 'port',
      String(RIEMANN_PORT),
      `"protocol": "riemann" beside it, or port ${DEFAULT_PORT} (${RIEMANN_PORT} is the port of Riemann and of the original satellite-master)`,
    );
  const tls = { ca, cert, key };
  for (const [name, pem] of Object.entries(tls))
    if (typeof pem === 'string' && pem !== '')
      faultOf(
        () => accessSync(pem, constants.R_OK),
        (found) => problem(name, found, 'a readable file'),
      );
  const tokenFile = entry['token-file'];
  if (typeof tokenFile === 'string' && tokenFile !== '')
    faultOf(
      () => readToken(tokenFile),
      (found) => problem('token-file', found, 'a readable file with one token in it'),
    );
  if (origin?.startsWith('http://') && [ca, cert, key].some((pem) => pem !== undefined))
    problem('', 'ca, cert or key without https', `"url": "https://${host ?? 'host'}:${port ?? DEFAULT_PORT}"`);
  if ((cert === undefined) !== (key === undefined)) problem('', 'one of cert and key', 'both or none');
  return origin === undefined ? [] : [{ protocol: 'http', origin, tokenFile, tls }];
}

/** Riemann's protocol knows no tokens, and is spoken without TLS here. */
function compileRiemann(
  { host, port = RIEMANN_PORT, ...others }: SatelliteEntry,
  problem: (key: string, found: string, expected: string) => void,
): SatelliteSettings[] {
  for (const name of ['url', 'token-file', 'ca', 'cert', 'key'] as const)
    if (others[name] !== undefined) problem(name, `${name} beside "protocol": "riemann"`, 'host and port only');
  if (host === undefined) problem('host', 'nothing', 'the host of a Riemann');
  return host === undefined ? [] : [{ protocol: 'riemann', host, port }];
}

/** undefined where it is no URL, e.g. for a port beyond 65535. */
export function originOf(url: string): string | undefined {
  try {
    return new URL(url).origin;
  } catch {
    return undefined;
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function faultOf(read: () => void, say: (found: string) => void): void {
  try {
    read();
  } catch (error) {
    say(messageOf(error));
  }
}
