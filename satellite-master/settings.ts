/** A master's settings, compiled once: the file's keys in, typed values with their unit in the name out. */
import { readFileSync } from 'node:fs';
import type { FromExtendedSchema } from 'json-schema-to-ts';
import { formatDuration, parseDurationMs } from '../shared/duration.ts';
import { messageOf } from '../shared/errors.ts';
import { isLoopback } from '../shared/loopback.ts';
import { checkSettings, inspectSettings, SettingsError } from '../shared/settings.ts';
import type { RiemannSocketSettings } from './intake/index.ts';
import type { RecordSettings } from './replay/index.ts';
import type { BlackHoleSettings } from './rules/black-hole/index.ts';
import { masterSchema } from './settings-schema.ts';
import type { TaskStoreSettings } from './tasks/index.ts';
import { faultOfForm } from './whitelist/file/index.ts';
import type { HostCheckSettings } from './whitelist/operators/index.ts';
import { parseConnectString } from './zookeeper/index.ts';

export type Right = 'read' | 'report' | 'write';

export interface Token {
  readonly name: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly may: readonly Right[];
}

export interface ServiceSettings {
  readonly host: string;
  readonly port: number;
  readonly tokens: readonly Token[];
  readonly allowedHosts: readonly string[];
  readonly requireReason: boolean;
}

export interface MesosSettings {
  readonly url: string;
  readonly credentials: { readonly principal: string; readonly secret: string } | undefined;
  readonly pollIntervalMs: number;
}

export interface ZooKeeperSettings {
  readonly connectString: string;
  readonly root: string;
  readonly auth: { readonly scheme: 'digest'; readonly credentials: string } | undefined;
  /** Waits between attempts to connect, from the original's `curator-retry-policy`. */
  readonly retry: { readonly firstMs: number; readonly maxMs: number } | undefined;
}

export interface MasterSettings {
  readonly mesos: MesosSettings | undefined;
  /** undefined: the embedded store in `dataDir`. */
  readonly zooKeeper: ZooKeeperSettings | undefined;
  readonly dataDir: string;
  readonly whitelistPath: string;
  readonly service: ServiceSettings;
  readonly hostCheck: HostCheckSettings;
  /** `managed-off-limit`. */
  readonly offShare: number;
  readonly readmitAfter: { readonly firstMs: number; readonly maxMs: number };
  readonly forgetAfterMs: number;
  readonly taskStore: TaskStoreSettings;
  readonly blackHole: BlackHoleSettings;
  /** Of one host, beside its tests. */
  readonly servicesPerHost: number;
  /** undefined: off. */
  readonly riemannTcp: RiemannSocketSettings | undefined;
  readonly riemannUdp: RiemannSocketSettings | undefined;
  /** `off-action`: what a host that is off means in Mesos beyond the whitelist. */
  readonly offAction: 'whitelist' | 'deactivate' | 'drain';
  /** undefined: nothing is recorded. */
  readonly record: RecordSettings | undefined;
  /** Path of the rules module; undefined: the default rules. */
  readonly streams: string | undefined;
  /** Path of a rules module that runs beside, without effects. */
  readonly shadowStreams: string | undefined;
  /** What the operator should know, and what is not built yet. */
  readonly warnings: readonly string[];
}

/** Beside JSON Schema: see shared/settings.ts. */
type Keywords = {
  readonly duration?: boolean;
  readonly regularExpression?: boolean;
  readonly expected?: string;
  readonly refused?: string;
};

type Raw = FromExtendedSchema<Keywords, typeof masterSchema>;

const RIEMANN_PORT = 5555;
const MIN_KEEP_MS = 60_000;
const DEFAULT_TASK_STORE_BYTES = 10_000_000_000;

/** @throws SettingsError with everything that is wrong */
export function readMasterSettings(file: string): MasterSettings {
  const { value: raw, problems, sound } = inspectSettings<Raw>(file, masterSchema);
  const problem = (path: string, found: string, expected: string) => problems.push({ file, path, found, expected });
  const secret = (path: string, secretFile: string | undefined) =>
    readSecret(secretFile, (found) => problem(path, found, 'a readable file with the secret'));

  if (sound('service-host', 'tokens', 'allow-anonymous')) {
    const { tokens, 'service-host': host } = raw;
    if (tokens.length === 0 && !isLoopback(host) && !raw['allow-anonymous'])
      problem('service-host', `${host}, with no tokens`, '"tokens", or a loopback address, or "allow-anonymous": true');
    const names = tokens.map(({ name }) => name);
    if (new Set(names).size < names.length) problem('tokens', names.join(', '), 'a different name for each token');
  }
  for (const key of ['riemann-tcp-server-options', 'riemann-udp-server-options'] as const) {
    const host = sound(key, 'allow-anonymous') ? raw[key]?.host : undefined;
    if (host !== undefined && !isLoopback(host) && !raw['allow-anonymous'])
      problem(`${key}.host`, host, 'a loopback address, or "allow-anonymous": true');
  }
  if (sound('local-whitelist-path')) {
    const fault = faultOfForm(raw['local-whitelist-path']);
    if (fault) problem('local-whitelist-path', fault.found, fault.expected);
  }
  if (sound('mesos-master-url') && raw['mesos-master-url'] !== null) {
    const found = faultOfMesosUrl(raw['mesos-master-url']);
    if (found)
      problem(
        'mesos-master-url',
        found,
        'a URL such as "http://localhost:5050"; a name and secret go into "mesos-credentials"',
      );
  }
  if (sound('zookeeper') && raw.zookeeper !== null) {
    const found = faultOfConnectString(raw.zookeeper);
    if (found) problem('zookeeper', found, 'a connect string such as "host1:2181,host2:2181/chroot"');
  }
  if (sound('readmit-after') && readmitAfterOf(raw).maxMs < readmitAfterOf(raw).firstMs)
    problem('readmit-after.most', String(raw['readmit-after'].most), 'at least as long as "first"');
  if (sound('task-store')) {
    const fault = faultOfTaskStore(raw['task-store']);
    if (fault) problem(...fault);
  }
  if (sound('record') && raw.record && ms(raw.record.keep, 's') < MIN_KEEP_MS)
    problem('record.keep', JSON.stringify(raw.record.keep), 'at least "1m"');
  const mesosSecret = sound('mesos-credentials')
    ? secret('mesos-credentials.secret-file', raw['mesos-credentials']?.['secret-file'])
    : undefined;
  const zooKeeperSecret = sound('zookeeper-auth')
    ? secret('zookeeper-auth.credentials-file', raw['zookeeper-auth']?.['credentials-file'])
    : undefined;
  if (zooKeeperSecret !== undefined && !zooKeeperSecret.includes(':'))
    problem('zookeeper-auth.credentials-file', 'no colon in it', 'a file with "name:password"');
  if (problems.length > 0) throw new SettingsError(problems);

  return {
    mesos: mesosOf(raw, mesosSecret),
    zooKeeper: zooKeeperOf(raw, zooKeeperSecret),
    dataDir: raw['data-dir'],
    whitelistPath: raw['local-whitelist-path'],
    service: {
      host: raw['service-host'],
      port: raw['service-port'],
      tokens: raw.tokens,
      allowedHosts: raw['allowed-hosts'],
      requireReason: raw['require-reason'],
    },
    hostCheck: raw['host-check'],
    offShare: raw['managed-off-limit'],
    readmitAfter: readmitAfterOf(raw),
    forgetAfterMs: ms(raw['forget-after'], 's'),
    taskStore: taskStoreOf(raw['task-store']),
    blackHole: blackHoleOf(raw),
    servicesPerHost: raw['services-per-host'],
    riemannTcp: riemannSocketOf(raw, 'riemann-tcp-server-options'),
    riemannUdp: riemannSocketOf(raw, 'riemann-udp-server-options'),
    offAction: raw['off-action'],
    record: recordOf(raw),
    streams: raw.streams,
    shadowStreams: raw['shadow-streams'],
    warnings: warningsOf(raw),
  };
}

type RiemannKey = 'riemann-tcp-server-options' | 'riemann-udp-server-options';

/** The default is open to whoever reaches the machine: where tokens are set only what the settings name is. */
function riemannSocketOf(raw: Raw, key: RiemannKey): RiemannSocketSettings | undefined {
  const socket = raw[key];
  if (socket === null || (socket === undefined && raw.tokens.length > 0)) return undefined;
  return { host: socket?.host ?? '127.0.0.1', port: socket?.port ?? RIEMANN_PORT, named: socket !== undefined };
}

/** By the tokens alone, not by the settings. */
function isRiemannOff(raw: Raw): boolean {
  return (
    raw.tokens.length > 0 &&
    raw['riemann-tcp-server-options'] === undefined &&
    raw['riemann-udp-server-options'] === undefined
  );
}

/** Paths named in a settings file that may be wrong elsewhere: so that all that is wrong is said at once. */
export function pathsNamedIn(file: string): {
  readonly streams?: string;
  readonly whitelistPath?: string;
  readonly dataDir?: string;
} {
  try {
    const raw = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>> | null;
    const streams = raw?.streams;
    const whitelistPath = raw?.['local-whitelist-path'];
    const dataDir = raw?.['data-dir'];
    return {
      ...(typeof streams === 'string' && streams !== '' ? { streams } : {}),
      ...(typeof whitelistPath === 'string' && whitelistPath !== '' && !faultOfForm(whitelistPath)
        ? { whitelistPath }
        : {}),
      ...(typeof dataDir === 'string' && dataDir !== '' ? { dataDir } : {}),
    };
  } catch {
    return {};
  }
}

function readmitAfterOf(raw: Raw): MasterSettings['readmitAfter'] {
  const { first, most } = raw['readmit-after'];
  return { firstMs: ms(first, 's'), maxMs: ms(most, 's') };
}

/** Two reports of a slave with the period of 60 s: in a shorter window its counters can't differ. */
const MIN_BLACK_HOLE_WINDOW_MS = 120_000;

/** For a replay without a settings file. */
export function defaultReplaySettings(): Pick<MasterSettings, 'blackHole' | 'offShare' | 'readmitAfter'> {
  const raw = checkSettings<Raw>('defaults', {}, masterSchema);
  return { blackHole: blackHoleOf(raw), offShare: raw['managed-off-limit'], readmitAfter: readmitAfterOf(raw) };
}

function blackHoleOf(raw: Raw): BlackHoleSettings {
  return {
    windowS: Math.max(ms(raw['blackhole-check-seconds'], 's'), MIN_BLACK_HOLE_WINDOW_MS) / 1000,
    failsToStarts: raw['blackhole-fails-to-starts-threshold'],
    failsToFinishes: raw['blackhole-fails-to-finishes-threshold'],
    leastFailures: raw['blackhole-least-failures'],
    action: raw['blackhole-action'],
  };
}

function faultOfMesosUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return 'no URL';
  const { username, password, search, hash } = new URL(url);
  if (username !== '' || password !== '') return 'a URL with a name or password in it';
  return search !== '' || hash !== '' ? 'a URL with a query or fragment' : undefined;
}

function faultOfConnectString(connectString: string): string | undefined {
  try {
    parseConnectString(connectString);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function readSecret(file: string | undefined, failed: (found: string) => void): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    failed(messageOf(error));
    return undefined;
  }
}

/** What the schema can't say: each kind of store has keys of its own. */
function faultOfTaskStore({ kind, keep, url, 'most-bytes': maxBytes }: Raw['task-store']) {
  const fault = (key: string, found: string, expected: string) => [`task-store.${key}`, found, expected] as const;
  if (ms(keep, 's') < MIN_KEEP_MS) return fault('keep', JSON.stringify(keep), 'at least "1m"');
  if (kind === 'redis' && url === undefined) return fault('url', 'nothing', 'a URL such as "redis://host:6379"');
  if (kind === 'redis' && !URL.canParse(url ?? '')) return fault('url', 'no URL', 'a URL such as "redis://host:6379"');
  if (kind === 'redis' && maxBytes !== undefined)
    return fault('most-bytes', String(maxBytes), 'no such key: Redis has its own maxmemory');
  if (kind === 'embedded' && url !== undefined) return fault('url', 'a URL', 'no such key, or "kind": "redis"');
  return undefined;
}

function taskStoreOf({ kind, keep, url, 'most-bytes': maxBytes }: Raw['task-store']): TaskStoreSettings {
  const keepMs = ms(keep, 's');
  return kind === 'redis'
    ? { kind, keepMs, url: url ?? '' }
    : { kind, keepMs, maxBytes: maxBytes ?? DEFAULT_TASK_STORE_BYTES };
}

function recordOf({ record }: Raw): RecordSettings | undefined {
  if (!record) return undefined;
  const { dir, keep, 'most-bytes': maxBytes, gzip } = record;
  return { dir, keepMs: ms(keep, 's'), maxBytes, gzip };
}

/** Mesos takes two requests a second for the same. */
const MIN_POLL_INTERVAL_MS = 500;

function mesosOf(raw: Raw, secret: string | undefined): MesosSettings | undefined {
  const url = raw['mesos-master-url'];
  if (url === null) return undefined;
  const principal = raw['mesos-credentials']?.principal;
  const credentials = principal === undefined || secret === undefined ? undefined : { principal, secret };
  return {
    url: url.replace(/\/+$/, ''),
    credentials,
    pollIntervalMs: Math.max(MIN_POLL_INTERVAL_MS, ms(raw['sleep-time'], 'ms')),
  };
}

function zooKeeperOf(raw: Raw, secret: string | undefined): ZooKeeperSettings | undefined {
  if (raw.zookeeper === null) return undefined;
  const { 'base-sleep-time-ms': firstMs = 100, 'max-sleep-time-ms': maxMs = 120_000 } =
    raw['curator-retry-policy'] ?? {};
  return {
    connectString: raw.zookeeper,
    root: raw['zookeeper-root'],
    auth: secret === undefined ? undefined : { scheme: 'digest', credentials: secret },
    retry: raw['curator-retry-policy'] ? { firstMs, maxMs: Math.max(firstMs, maxMs) } : undefined,
  };
}

function warningsOf(raw: Raw): string[] {
  const warnings: string[] = [];
  const window = ms(raw['blackhole-check-seconds'], 's');
  if (window < MIN_BLACK_HOLE_WINDOW_MS)
    warnings.push(
      `"blackhole-check-seconds" is ${formatDuration(window)}, shorter than two reports of a slave: widened to ${formatDuration(MIN_BLACK_HOLE_WINDOW_MS)}`,
    );
  if (raw['off-action'] !== 'whitelist' && raw['mesos-master-url'] === null)
    warnings.push(`"off-action" is "${raw['off-action']}", but there is no "mesos-master-url": it has no effect`);
  if (isRiemannOff(raw))
    warnings.push(
      'Riemann\'s protocol knows no tokens: with "tokens" it is off unless "riemann-tcp-server-options" or "riemann-udp-server-options" names it',
    );
  if (raw['mesos-master-url'] !== null && raw.zookeeper === null)
    warnings.push('a Mesos is set, but no "zookeeper": the embedded store serves one master only');
  if (ms(raw['sleep-time'], 'ms') < MIN_POLL_INTERVAL_MS)
    warnings.push(`"sleep-time" below ${MIN_POLL_INTERVAL_MS} ms is taken as ${MIN_POLL_INTERVAL_MS} ms`);
  return warnings;
}

function ms(value: unknown, unit: 'ms' | 's'): number {
  const parsed = parseDurationMs(value, unit);
  if (parsed === undefined) throw new Error(`${JSON.stringify(value)} passed the schema and is no duration`);
  return parsed;
}
