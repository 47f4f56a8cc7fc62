/**
 * Keeps pages of other sites from acting through an operator's browser (docs/rest.md, "Browsers"): the Host header must
 * be a name of this service (DNS rebinding), and a change must not come from a foreign page.
 */
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { SatelliteError } from '../../shared/errors.ts';
import { isLoopback, plainAddress } from '../../shared/loopback.ts';
import { shown } from '../intake/index.ts';

const SAFE_METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS']);

export class Browsers {
  readonly #own: Set<string>;
  readonly #allowedHosts: ReadonlySet<string>;

  /** @param allowedHosts names, with or without a port */
  constructor(serviceHost: string, allowedHosts: readonly string[]) {
    this.#allowedHosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
    const names = [serviceHost, hostname(), ...allowedHosts.map((host) => nameOf(host) ?? host)];
    this.#own = new Set(names.map((name) => plainAddress(name.toLowerCase())));
  }

  /** Further names of this machine. */
  addNames(names: readonly string[]): void {
    for (const name of names) this.#own.add(plainAddress(name.toLowerCase()));
  }

  /** @throws SatelliteError misdirected, cross-site */
  check(request: IncomingMessage): void {
    const { host, origin } = request.headers;
    if (!isFromSlave(request)) this.#checkHost(host, request);
    if (SAFE_METHODS.has(request.method)) return;
    if (request.headers['sec-fetch-site'] === 'cross-site')
      throw new SatelliteError('cross-site', 'a change must not come from a page of another site (Sec-Fetch-Site)');
    if (origin !== undefined && !this.#isOwnOrigin(origin, host))
      throw new SatelliteError('cross-site', 'a change must not come from a page of another site (Origin)');
  }

  /** A request without a Host header (HTTP/1.0) is not from a browser: load balancers check health that way. */
  #checkHost(host: string | undefined, request: IncomingMessage): void {
    if (host === undefined) return;
    const name = nameOf(host);
    if (name !== undefined) {
      const bare = plainAddress(name);
      if (isLoopback(bare) || this.#own.has(bare)) return;
      const { localAddress } = request.socket;
      if (localAddress !== undefined && bare === plainAddress(localAddress)) return;
    }
    throw new SatelliteError(
      'misdirected',
      `the Host header is ${shown(host)}, no name of this service: add it to "allowed-hosts" in the settings`,
    );
  }

  #isOwnOrigin(origin: string, host: string | undefined): boolean {
    if (!URL.canParse(origin)) return false;
    const page = new URL(origin);
    if (page.host === '') return false;
    if (this.#allowedHosts.has(page.host)) return true;
    const here = `${page.protocol}//${host}`;
    return host !== undefined && URL.canParse(here) && new URL(here).host === page.host;
  }
}

const SLAVE_PATHS: ReadonlySet<string | undefined> = new Set(['/reports', '/tasks']);

/** Slaves may use any name of the master. Browsers are not mistaken for one: they send one of these headers with every POST. */
function isFromSlave({ method, url, headers }: IncomingMessage): boolean {
  if (method !== 'POST' || headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) return false;
  return SLAVE_PATHS.has(url?.split('?', 1)[0]);
}

/** The name in `name:port`, in lower case; undefined if the text is not of that form. */
function nameOf(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^:/?#@\\\s]+)(?::\d*)?$/i.exec(host)?.[1]?.toLowerCase();
}
