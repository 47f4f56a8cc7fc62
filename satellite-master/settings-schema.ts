/** The form of a master's settings file (docs/settings.md), with the original's keys and defaults. */

const duration = { type: ['number', 'string'], duration: true } as const;
const path = { type: 'string', minLength: 1 } as const;
const port = { type: 'integer', minimum: 0, maximum: 65_535, expected: 'a port number' } as const;

/** null turns the service off; what is left away: 127.0.0.1, 5555. */
const socket = {
  type: ['object', 'null'],
  additionalProperties: false,
  properties: { host: { type: 'string', minLength: 1 }, port },
  expected: 'null or {"host", "port"}',
} as const;

export const masterSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    'mesos-master-url': {
      type: ['string', 'null'],
      pattern: '^https?://[^/]',
      default: 'http://localhost:5050',
      expected: 'null or a URL such as "http://localhost:5050"',
    },
    'mesos-credentials': {
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['principal', 'secret-file'],
      properties: { principal: { type: 'string' }, 'secret-file': path },
      default: null,
    },
    'sleep-time': { ...duration, default: 60_000 },
    zookeeper: {
      type: ['string', 'null'],
      minLength: 1,
      default: null,
      expected: 'null or a connect string such as "host1:2181,host2:2181/chroot"',
    },
    'zookeeper-root': {
      type: 'string',
      pattern: '^(/[A-Za-z0-9._-]+)+$',
      default: '/satellite',
      expected: 'an absolute path such as "/satellite"',
    },
    'zookeeper-auth': {
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['scheme', 'credentials-file'],
      properties: { scheme: { enum: ['digest'] }, 'credentials-file': path },
      default: null,
    },
    'curator-retry-policy': {
      type: 'object',
      additionalProperties: false,
      properties: {
        'base-sleep-time-ms': { type: 'number', exclusiveMinimum: 0 },
        'max-sleep-time-ms': { type: 'number', exclusiveMinimum: 0 },
        'max-retries': { type: 'integer', minimum: 0 },
      },
    },
    'data-dir': { ...path, default: 'data' },
    'local-whitelist-path': { ...path, default: 'whitelist' },
    'service-host': { type: 'string', minLength: 1, default: '127.0.0.1' },
    'service-port': { ...port, default: 5001 },
    streams: { type: 'string', minLength: 1 },
    'shadow-streams': path,
    record: {
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['dir'],
      properties: {
        dir: path,
        keep: { ...duration, default: '7day' },
        'most-bytes': {
          type: 'integer',
          minimum: 1_000_000,
          default: 10_000_000_000,
          expected: 'a number of bytes, 1,000,000 or more',
        },
        gzip: { type: 'boolean', default: true },
      },
      default: null,
      expected: 'null or {"dir", "keep", "most-bytes", "gzip"}',
    },
    'riemann-tcp-server-options': socket,
    'riemann-udp-server-options': socket,
    'services-per-host': {
      type: 'integer',
      minimum: 1,
      maximum: 16_384,
      default: 256,
      expected: 'a number of services, 1 to 16,384',
    },
    'managed-off-limit': {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.3,
      expected: 'a share of the inventory, from 0 to 1',
    },
    'readmit-after': {
      type: 'object',
      additionalProperties: false,
      properties: { first: { ...duration, default: '60s' }, most: { ...duration, default: '1hour' } },
      default: {},
    },
    'forget-after': { ...duration, default: '7day' },
    'require-reason': { type: 'boolean', default: false },
    'host-check': {
      type: 'object',
      additionalProperties: false,
      properties: {
        dns: { type: 'boolean', default: true },
        reachable: { type: 'boolean', default: false },
        port: { ...port, default: 5051 },
        pattern: {
          type: ['string', 'null'],
          regularExpression: true,
          default: null,
          expected: 'null or a regular expression',
        },
      },
      default: {},
    },
    'task-store': {
      type: 'object',
      additionalProperties: false,
      required: ['kind'],
      properties: {
        kind: { enum: ['embedded', 'redis'] },
        keep: { ...duration, default: '7day' },
        'most-bytes': { type: 'integer', minimum: 1_000_000, expected: 'a number of bytes, 1,000,000 or more' },
        url: { type: 'string', pattern: '^rediss?://[^/]', expected: 'a URL such as "redis://host:6379"' },
      },
      default: { kind: 'embedded' },
      expected: '{"kind": "embedded", "keep", "most-bytes"} or {"kind": "redis", "url", "keep"}',
    },
    tokens: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'sha256', 'may'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 100 },
          sha256: {
            type: 'string',
            pattern: '^[0-9a-f]{64}$',
            expected: 'the SHA-256 of the token as 64 lower-case hexadecimal digits',
          },
          may: { type: 'array', minItems: 1, items: { enum: ['read', 'report', 'write'] } },
        },
      },
    },
    tls: { default: null, refused: 'null: TLS is not built yet, put a proxy that speaks it before the service' },
    'allow-anonymous': { type: 'boolean', default: false },
    'allowed-hosts': { type: 'array', items: { type: 'string', minLength: 1 }, default: [] },
    'blackhole-fails-to-starts-threshold': { type: 'number', minimum: 0, default: 0.75 },
    'blackhole-fails-to-finishes-threshold': { type: 'number', minimum: 0, default: 3 },
    'blackhole-check-seconds': { ...duration, default: 300 },
    'blackhole-least-failures': { type: 'integer', minimum: 1, default: 5 },
    'off-action': { enum: ['whitelist', 'deactivate', 'drain'], default: 'whitelist' },
    'blackhole-action': { enum: ['alert', 'off'], default: 'alert' },
    'riemann-config': { refused: 'a rules module under "streams" instead: Clojure files of Riemann are not read' },
    'whitelist-hostname-pred': { refused: 'a regular expression under "host-check.pattern" instead' },
    riak: { refused: '"task-store" instead: Riak is not spoken any more' },
  },
} as const;
