/** The slave's settings file (docs/settings.md). What JSON Schema cannot express is checked by the compilers beside it. */
import type { SafeEnv } from './command-environment.ts';

/** The file after the check, with defaults filled in. */
export interface SettingsFile {
  readonly satellites: readonly SatelliteEntry[];
  readonly service: string;
  readonly 'slave-host': string | null;
  readonly 'mesos-agent-url': string | null;
  readonly 'mesos-credentials': { readonly principal: string; readonly 'secret-file': string } | null;
  readonly 'safe-env': SafeEnv;
  readonly 'custom-comets': string | null;
  readonly comets: readonly CometEntry[];
}

export interface SatelliteEntry {
  readonly host?: string;
  readonly port?: number;
  readonly url?: string;
  readonly protocol?: 'riemann';
  readonly 'token-file'?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface CometEntry {
  readonly name: string;
  readonly period: number | string;
  readonly timeout: number | string;
  readonly attempts: number;
  readonly 'retry-period'?: number | string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A master indexes 256 services of a host by default. */
const MAX_COMETS = 256;
/** As many failures in a row as a test may need before it is critical. */
const MAX_ATTEMPTS = 100;

const file = { type: 'string', minLength: 1, expected: 'the path of a file' };
/** With a scheme: one without is reported by the compiler, with the URL that was meant. */
const url = {
  type: 'string',
  pattern: '^(?!https?:)|^https?://[^/?#@\\s]+/?$',
  expected: 'http[s]://host:port without path, user or query',
};

export const SETTINGS_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['satellites', 'comets'],
  properties: {
    satellites: {
      type: 'array',
      minItems: 1,
      expected: 'an array of satellite-masters, at least one',
      items: {
        type: 'object',
        additionalProperties: false,
        expected: 'an object {host, port} or {url}',
        properties: {
          host: { type: 'string', hostName: true },
          port: { type: 'integer', minimum: 1, maximum: 65_535, expected: 'a port, 1-65535' },
          url,
          protocol: { enum: ['riemann'] },
          'token-file': file,
          ca: file,
          cert: file,
          key: file,
        },
      },
    },
    service: {
      type: 'string',
      default: 'mesos/slave/',
      pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]{0,256}$',
      expected: 'the prefix of every service, at most 256 characters',
    },
    'slave-host': { type: ['string', 'null'], hostName: true, default: null },
    'mesos-agent-url': { ...url, type: ['string', 'null'], default: 'http://localhost:5051' },
    'mesos-credentials': {
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['principal', 'secret-file'],
      properties: {
        principal: { type: 'string', minLength: 1, expected: 'the name to log in to the Mesos agent with' },
        'secret-file': file,
      },
      default: null,
      expected: 'an object {principal, secret-file}, or null',
    },
    'safe-env': {
      type: ['boolean', 'object'],
      additionalProperties: { type: 'string' },
      default: true,
      expected: 'true, false, or an object of variables and their texts',
    },
    'custom-comets': { ...file, type: ['string', 'null'], default: null },
    comets: {
      type: 'array',
      maxItems: MAX_COMETS,
      expected: `an array of at most ${MAX_COMETS} comets`,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'period'],
        expected: 'an object {name, period, timeout, attempts, retry-period, params}',
        properties: {
          name: { type: 'string', minLength: 1, expected: 'the name of a recipe' },
          period: { type: ['number', 'string'], duration: true },
          timeout: { type: ['number', 'string'], duration: true, default: '10s' },
          attempts: {
            type: 'integer',
            minimum: 1,
            maximum: MAX_ATTEMPTS,
            default: 1,
            expected: `a number of failures in a row, 1-${MAX_ATTEMPTS}`,
          },
          'retry-period': { type: ['number', 'string'], duration: true },
          params: { type: 'object', default: {}, expected: 'an object of params' },
        },
      },
    },
  },
};
