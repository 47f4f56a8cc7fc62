/** The setting `satellites`: the masters to report to. */
import { messageOf } from '../../shared/errors.ts';
import type { TlsOptions } from '../../shared/http-client.ts';
import type { Problem } from '../../shared/settings.ts';
import { readSmallFile } from '../../shared/small-file.ts';
import { readToken } from '../uplink/index.ts';
import type { Place } from './problems.ts';
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
  /** The texts of the PEM files. */
  readonly tls: TlsOptions;
}

const DEFAULT_PORT = 5001;
const RIEMANN_PORT = 5555;

/** What is wrong at a key of one entry; the empty key is the entry itself. */
type Report = (key: string, found: string, expected: string) => void;

/** @returns the master, or nothing where the entry is not valid */
export async function compileSatellite(
  entry: SatelliteEntry,
  { file, path, problems }: Pick<Place, 'file' | 'path' | 'problems'>,
): Promise<SatelliteSettings[]> {
  const report: Report = (key, found, expected) =>
    problems.push({ file, path: key === '' ? path : `${path}.${key}`, found, expected });
  explainHost(entry, `${path}.host`, problems);
  if (entry.protocol === 'riemann') return compileRiemann(entry, report);
  const { host, port, url, cert, key } = entry;
  if ((host === undefined) === (url === undefined))
    report('', host === undefined ? 'neither host nor url' : 'host and url', 'either host (and port) or url');
  if (url !== undefined && port !== undefined) report('port', String(port), 'the port within url');
  const origin =
    typeof url === 'string' ? originOf(url) : originOf(`http://${bracketed(String(host))}:${port ?? DEFAULT_PORT}`);
  checkOrigin(entry, origin, report);
  if (origin?.startsWith('http://') && [entry.ca, cert, key].some((pem) => pem !== undefined))
    report('', 'ca, cert or key without https', `"url": "https://${host ?? 'host'}:${port ?? DEFAULT_PORT}"`);
  if ((cert === undefined) !== (key === undefined)) report('', 'one of cert and key', 'both or none');
  const tls = await readTls(entry, report);
  const tokenFile = entry['token-file'];
  if (typeof tokenFile === 'string' && tokenFile !== '')
    await readToken(tokenFile).catch((error: unknown) =>
      report('token-file', messageOf(error), 'a readable file with one token in it'),
    );
  return origin === undefined ? [] : [{ protocol: 'http', origin, tokenFile, tls }];
}

/** A host with a port or a scheme in it: the problem that the schema has reported says how to write it. */
function explainHost({ host }: SatelliteEntry, path: string, problems: Problem[]): void {
  const at = problems.findIndex((problem) => problem.path === path);
  const problem = problems[at];
  if (problem === undefined || typeof host !== 'string') return;
  const [, name, port] = /^([^:/@]+):(\d+)$/.exec(host) ?? [];
  const url = originOf(host);
  if (url !== undefined) problems[at] = { ...problem, expected: `"url": ${JSON.stringify(url)}` };
  else if (name !== undefined)
    problems[at] = { ...problem, expected: `"host": ${JSON.stringify(name)}, "port": ${port}` };
}

function checkOrigin({ url, host, port }: SatelliteEntry, origin: string | undefined, report: Report): void {
  if (origin === undefined) {
    // The schema has reported a host that is none.
    if (url === undefined && /[:/]/.test(String(host))) return;
    if (url === undefined) report('host', String(host), 'a host and a port, 1-65535');
    else report('url', JSON.stringify(url), urlForm(url, DEFAULT_PORT));
  } else if (new URL(origin).port === String(RIEMANN_PORT))
    report(
      port === undefined ? 'url' : 'port',
      String(RIEMANN_PORT),
      `"protocol": "riemann" beside it, or port ${DEFAULT_PORT} (${RIEMANN_PORT} is the port of Riemann and of the original satellite-master)`,
    );
}

async function readTls({ ca, cert, key }: SatelliteEntry, report: Report): Promise<TlsOptions> {
  const texts: { -readonly [name in keyof TlsOptions]: TlsOptions[name] } = {};
  for (const [name, file] of [
    ['ca', ca],
    ['cert', cert],
    ['key', key],
  ] as const) {
    if (typeof file !== 'string' || file === '') continue;
    try {
      texts[name] = await readSmallFile(file);
    } catch (error) {
      report(name, messageOf(error), 'a readable file');
    }
  }
  return texts;
}

/** Riemann's protocol knows no tokens, and is spoken without TLS here. */
function compileRiemann({ host, port = RIEMANN_PORT, ...others }: SatelliteEntry, report: Report): SatelliteSettings[] {
  for (const name of ['url', 'token-file', 'ca', 'cert', 'key'] as const)
    if (others[name] !== undefined) report(name, `${name} beside "protocol": "riemann"`, 'host and port only');
  if (host === undefined) report('host', 'nothing', 'the host of a Riemann');
  return host === undefined ? [] : [{ protocol: 'riemann', host, port }];
}

/** As in `http://host:port`; undefined where it is no URL of HTTP, e.g. without a scheme or with a port beyond 65535. */
export function originOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, origin } = new URL(url);
  return protocol === 'http:' || protocol === 'https:' ? origin : undefined;
}

/** What a URL has to look like, for messages: where only the scheme is missing, the URL that was meant. */
export function urlForm(url: string, defaultPort: number): string {
  const bare = /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#@\s]+)/i.exec(url)?.[1] ?? /^([^/?#@\s]+)/.exec(url)?.[1] ?? '';
  const candidate = `http://${bare}${/:\d+$/.test(bare) ? '' : `:${defaultPort}`}`;
  return originOf(candidate) === undefined ? 'http[s]://host:port' : JSON.stringify(candidate);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
