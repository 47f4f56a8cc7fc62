/**
 * What a host must pass before it is put on by hand (docs/settings.md; docs/judgement.md, rule 19):
 * its name fits a pattern, its name resolves, it answers.
 */
import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import type { Clock } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';

export interface HostCheckSettings {
  /** The name must resolve; an IP address passes. */
  readonly dns: boolean;
  /** A TCP connection to `port` must come about. */
  readonly reachable: boolean;
  readonly port: number;
  /** A regular expression that must match somewhere in the name. */
  readonly pattern: string | null;
}

/** Why the host fails, as in `its name does not resolve: ENOTFOUND`; undefined: it passes. */
export type HostCheck = (host: HostName) => Promise<string | undefined>;

/** For the whole check of one host. */
const MAX_MS = 5_000;

/** @throws SyntaxError for a pattern that is no regular expression */
export function createHostCheck({ dns, reachable, port, pattern }: HostCheckSettings, clock: Clock): HostCheck {
  const expression = pattern === null ? undefined : new RegExp(pattern, 'u');
  return async (host) => {
    if (expression && !expression.test(host)) return `its name does not match host-check.pattern, ${pattern}`;
    const asksDns = dns && isIP(host) === 0;
    if (!asksDns && !reachable) return undefined;
    return within(clock, async (signal) => {
      const fault = asksDns ? await faultOfName(host) : undefined;
      if (fault !== undefined || !reachable || signal.aborted) return fault;
      return faultOfConnection(host, port, signal);
    });
  };
}

/** A lookup can't be given up, only no longer waited for; a connection can. */
async function within(clock: Clock, check: (signal: AbortSignal) => Promise<string | undefined>) {
  const late = new AbortController();
  return await new Promise<string | undefined>((resolve, reject) => {
    const timer = clock.after(MAX_MS, () => {
      resolve(`no answer from its name server or from itself within ${MAX_MS} ms`);
      late.abort();
    });
    check(late.signal)
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}

async function faultOfName(host: HostName): Promise<string | undefined> {
  try {
    await lookup(host);
    return undefined;
  } catch (error) {
    return `its name does not resolve: ${messageOf(error)}`;
  }
}

function faultOfConnection(host: HostName, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    const done = (fault: string | undefined) => {
      socket.destroy();
      resolve(fault);
    };
    socket.once('connect', () => done(undefined));
    socket.on('error', (error) => done(`no connection to its port ${port}: ${messageOf(error)}`));
  });
}
