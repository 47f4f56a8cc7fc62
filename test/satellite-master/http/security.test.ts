/** Who may do what, what browsers are kept from, and what hostile bytes come to. */
import { createHash } from 'node:crypto';
import net from 'node:net';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, askRaw } from '../../support/ask.ts';
import { type HttpMaster, startHttpMaster } from '../../support/http-master.ts';

const report = { host: 'a1', events: [{ service: 'mesos/slave/x', state: 'ok' }] };

describe('tokens', () => {
  let master: HttpMaster;
  const token = (name: string, may: readonly ('read' | 'report' | 'write')[]) => ({
    name,
    sha256: createHash('sha256').update(`secret-of-${name}`).digest('hex'),
    may,
  });
  const bearing = (name: string) => ({ authorization: `Bearer secret-of-${name}` });

  beforeAll(async () => {
    const slave = token('slave', ['report']);
    const tokens = [
      token('reader', ['read']),
      { ...slave, sha256: slave.sha256.toUpperCase() },
      token('ops', ['read', 'write']),
      token('nobody', []),
    ];
    master = await startHttpMaster({ settings: { tokens } });
  });
  afterAll(() => master.close());

  const routes: readonly [method: string, path: string, right: 'read' | 'report' | 'write' | null][] = [
    ['GET', '/healthz', null],
    ['GET', '/readyz', null],
    ['GET', '/version', null],
    ['POST', '/reports', 'report'],
    ['POST', '/tasks', 'report'],
    ['GET', '/tasks/a1', 'read'],
    ['GET', '/state.json?task=a1', 'read'],
    ['GET', '/whitelist/all', 'read'],
    ['HEAD', '/whitelist/all', 'read'],
    ['GET', '/whitelist/host/a1', 'read'],
    ['GET', '/whitelist/host/a1/why', 'read'],
    ['GET', '/whitelist/host/a1/history', 'read'],
    ['GET', '/whitelist/manual/a1', 'read'],
    ['GET', '/metrics', 'read'],
    ['GET', '/metrics/snapshot', 'read'],
    ['GET', '/events', 'read'],
    ['PUT', '/whitelist/host/a1/off', 'write'],
    ['PUT', '/whitelist/host/a1/on', 'write'],
    ['PUT', '/whitelist/host/a1/event/e', 'write'],
    ['POST', '/whitelist/host/a1/event/e', 'write'],
    ['DELETE', '/whitelist/host/a1/event/e', 'write'],
    ['DELETE', '/whitelist/host/a1', 'write'],
    ['PUT', '/whitelist/manual/a1', 'write'],
    ['DELETE', '/whitelist/manual/a1', 'write'],
    ['PUT', '/whitelist/manual', 'write'],
    ['DELETE', '/whitelist/manual', 'write'],
  ];

  test.each(routes)('%s %s needs the right %s', async (method, path, right) => {
    const statuses: Record<string, number> = {};
    for (const name of ['none', 'wrong', 'nobody', 'reader', 'slave', 'ops']) {
      const headers = name === 'none' ? {} : bearing(name);
      statuses[name] = (await ask(master.url, path, { method, headers })).status;
    }
    const has = { none: [], wrong: [], nobody: [], reader: ['read'], slave: ['report'], ops: ['read', 'write'] };
    for (const [name, rights] of Object.entries(has)) {
      const status = statuses[name];
      if (right === null || (rights as readonly string[]).includes(right)) expect([401, 403]).not.toContain(status);
      else expect({ name, status }).toEqual({ name, status: name === 'none' || name === 'wrong' ? 401 : 403 });
    }
  });

  test('readiness says why only to whoever may read', async () => {
    const { readiness } = master.services;
    const states = { store: 'lost: zk1.corp.example:2181 is away', file: 'published: 3 hosts', leader: 'leads' };
    Object.assign(master.services, { readiness: () => states });
    try {
      const words = { store: 'lost', file: 'published', leader: 'leads' };
      for (const headers of [{}, bearing('wrong'), bearing('slave'), bearing('nobody')])
        expect((await ask(master.url, '/readyz', { headers })).json).toEqual(words);
      const text = await ask(master.url, '/readyz', { headers: { accept: 'text/plain' } });
      expect(text.text).toBe('store: lost\nfile: published\nleader: leads\n');
      expect((await ask(master.url, '/readyz', { headers: bearing('reader') })).json).toEqual(states);
    } finally {
      Object.assign(master.services, { readiness });
    }
  });

  test('what is missing is told in the challenge', async () => {
    const without = await ask(master.url, '/whitelist/all');
    expect(without.headers['www-authenticate']).toBe('Bearer realm="satellite"');
    expect(without.json).toMatchObject({ code: 'unauthorized' });
    const lacking = await ask(master.url, '/whitelist/all', { headers: bearing('slave') });
    expect(lacking.headers['www-authenticate']).toMatch('insufficient_scope');
    expect(lacking.json).toMatchObject({ code: 'forbidden', detail: 'the token slave may report, not read' });
  });

  test.each([
    'Basic b3BzOm9wcw==',
    'Bearer',
    'Bearer ',
    'Bearer secret-of-ops x',
    'secret-of-ops',
    'Bearer secret-of-op',
  ])('%j is no token', async (authorization) => {
    expect((await ask(master.url, '/whitelist/all', { headers: { authorization } })).status).toBe(401);
  });

  test('the name of the token stands beside the change as authenticated, and as its author unless another is claimed', async () => {
    const headers = bearing('ops');
    const plain = await ask(master.url, '/whitelist/host/192.0.2.1/off', { method: 'PUT', headers });
    expect(plain.json).toMatchObject({ changed: { by: 'ops', as: 'ops' } });
    const claimed = await ask(master.url, '/whitelist/host/192.0.2.1/off', {
      method: 'PUT',
      headers,
      body: { by: 'ann' },
    });
    expect(claimed.json).toMatchObject({ changed: { by: 'ann', as: 'ops' } });
  });

  test('a change that was refused has changed nothing', async () => {
    await ask(master.url, '/whitelist/host/192.0.2.9/off', { method: 'PUT', headers: bearing('reader') });
    const shown = await ask(master.url, '/whitelist/host/192.0.2.9', { headers: bearing('reader') });
    expect(shown.status).toBe(404);
  });
});

describe('browsers', () => {
  let master: HttpMaster;
  beforeAll(async () => {
    master = await startHttpMaster({
      settings: { allowedHosts: ['satellite.example', 'other.example:8443'], serviceHost: '10.9.8.7' },
      services: { ownNames: async () => ['Master7.corp.example'] },
    });
  });
  afterAll(() => master.close());

  test.each([
    'localhost',
    'LOCALHOST:5001',
    'localhost.',
    'page.localhost:1',
    '127.0.0.1',
    '127.1.2.3:5001',
    '[::1]:5001',
    '[::ffff:127.0.0.1]',
    '10.9.8.7:5001',
    'satellite.example',
    'Satellite.Example:99',
    'other.example',
    `${hostname()}:5001`,
    'master7.corp.example:5001',
  ])('the service answers to the name %s', async (host) => {
    expect((await ask(master.url, '/healthz', { headers: { host } })).status).toBe(200);
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    '192.0.2.1',
    '127.0.0.1.evil.example',
    '[::2]',
    'a@localhost',
    'localhost/',
  ])('and not to %j', async (host) => {
    for (const path of ['/healthz', '/whitelist/all']) {
      const refused = await ask(master.url, path, { headers: { host } });
      expect(refused).toMatchObject({ status: 421, json: { code: 'misdirected' } });
      expect(refused.json).toHaveProperty('detail', expect.stringContaining(`Host header is "${host}"`));
      expect(refused.json).toHaveProperty('detail', expect.stringContaining('"allowed-hosts"'));
    }
  });

  const event = { service: 'mesos/slave/x', state: 'ok' };
  const posts = { '/reports': { host: 'a1', events: [event] }, '/tasks': { host: 'a1', tasks: [{ id: '' }] } };

  test.each(Object.entries(posts))('a slave reaches %s under any name of the master', async (path, body) => {
    const post = (headers: Record<string, string>) => ask(master.url, path, { method: 'POST', body, headers });
    const host = 'alias-of-the-master.example:5001';
    expect((await post({ host })).status).not.toBe(421);
    for (const header of ['origin', 'sec-fetch-site'])
      expect((await post({ host, [header]: header === 'origin' ? `http://${host}` : 'same-origin' })).status).toBe(421);
  });

  test('what else is posted under an unknown name is refused', async () => {
    const headers = { host: 'alias.example' };
    for (const path of ['/reports/', '/whitelist/host/a1/event/x', '/reports%2f'])
      expect((await ask(master.url, path, { method: 'POST', body: {}, headers })).status).toBe(421);
    expect((await ask(master.url, '/reports', { method: 'PUT', body: {}, headers })).status).toBe(421);
  });

  test('nor to an empty name', async () => {
    const answer = await askRaw(master.port, 'GET /healthz HTTP/1.1\r\nhost: \r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
  });

  test('a load balancer that speaks HTTP/1.0 without a name is answered', async () => {
    expect(await askRaw(master.port, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each<[Record<string, string>, number]>([
    [{}, 404],
    [{ origin: 'http://localhost:5001', host: 'localhost:5001' }, 404],
    [{ origin: 'https://satellite.example', host: 'localhost:5001' }, 404],
    [{ origin: 'https://other.example:8443', host: 'localhost:5001' }, 404],
    [{ origin: 'https://satellite.example', host: 'satellite.example', 'sec-fetch-site': 'same-origin' }, 404],
    [{ origin: 'http://localhost:3000', host: 'localhost:5001' }, 403],
    [{ origin: 'https://other.example', host: 'localhost:5001' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'nonsense' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'none' }, 404],
  ])('a change from %j is answered %i', async (headers, status) => {
    const answer = await ask(master.url, '/whitelist/host/192.0.2.1', { method: 'DELETE', headers });
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.json).toMatchObject({ code: 'cross-site' });
  });

  test('no answer carries CORS headers, and reading from elsewhere is left to the browser to refuse', async () => {
    const headers = { origin: 'https://evil.example' };
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await ask(master.url, '/whitelist/all', { method, headers });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(answer.status).toBe(method === 'GET' ? 200 : 405);
    }
  });
});

describe('hostile requests', () => {
  let master: HttpMaster;
  beforeAll(async () => {
    master = await startHttpMaster({ limits: { requestMs: 400, headersMs: 200 } });
  });
  afterAll(() => master.close());

  const put = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    ask(master.url, '/whitelist/host/192.0.2.77/off', { method: 'PUT', headers, body });

  test('a header over 16 KiB is 431', async () => {
    const answer = await askRaw(
      master.port,
      `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toMatch('"code":"headers-too-large"');
  });

  test('a path over 16 KiB is 431', async () => {
    expect(await askRaw(master.port, `GET /${'y'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`)).toMatch(
      / 431 /,
    );
  });

  test('an unknown method is 501, other bytes are 400', async () => {
    expect(await askRaw(master.port, 'FOO /whitelist/all HTTP/1.1\r\nhost: localhost\r\n\r\n')).toMatch(
      / 501 .*"not-implemented"/s,
    );
    expect(await askRaw(master.port, '\u0016\u0003\u0001\u0000 TLS hello\r\n\r\n')).toMatch(/ 400 /);
    expect(await askRaw(master.port, 'GET /healthz HTTP/1.1\r\n\r\n')).toMatch(/ 400 /);
    const known = await ask(master.url, '/whitelist/all', { method: 'PROPFIND' });
    expect(known).toMatchObject({ status: 501, json: { code: 'not-implemented' } });
  });

  test('a header that never ends is given up', async () => {
    expect(await askRaw(master.port, 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n')).toMatch(/ 408 /);
  });

  test('a body that never ends is given up, and the master goes on', async () => {
    const head = 'PUT /whitelist/host/192.0.2.77/off HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    expect(await askRaw(master.port, `${head}content-length: 100\r\n\r\n{`)).toMatch(/^$| 408 /);
    expect((await ask(master.url, '/whitelist/host/192.0.2.77')).status).toBe(404);
  });

  test('a client that goes away in the middle leaves no trace', async () => {
    await new Promise<void>((resolve) => {
      const socket = net.connect(master.port, '127.0.0.1', () => {
        socket.write('PUT /whitelist/host/192.0.2.77/off HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{');
        socket.destroy();
        resolve();
      });
    });
    expect((await ask(master.url, '/whitelist/host/192.0.2.77')).status).toBe(404);
  });

  test('a body over 1 MiB is 413, however it is sent', async () => {
    const big = JSON.stringify({ description: 'x'.repeat(1024 * 1024) });
    expect(await put(big)).toMatchObject({ status: 413, json: { code: 'too-large', maxBytes: 1_048_576 } });
    const chunks = `${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`;
    const head = 'PUT /whitelist/host/192.0.2.77/off HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    expect(
      await askRaw(master.port, `${head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`),
    ).toMatch(/ 413 /);
  });

  test('a body without end is answered after ten times as much, and the connection closed', async () => {
    const head =
      'PUT /whitelist/host/192.0.2.77/off HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n';
    const answer = await askRaw(master.port, head + 'x'.repeat(11 * 1024 * 1024));
    expect(answer).toMatch(/ 413 .*connection: close/is);
  });

  test.each<[Record<string, string>, string]>([
    [{}, 'found no content type; add the header Content-Type: application/json'],
    [{ 'content-type': 'text/plain' }, 'found "text/plain"; add the header'],
    [{ 'content-type': 'application/jsonp' }, 'add the header'],
    [{ 'content-type': 'application/json; charset=latin1' }, 'add the header'],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'without Content-Encoding'],
  ])('a body with %j is 415', async (headers, detail) => {
    const refused = await put('{}', headers);
    expect(refused).toMatchObject({ status: 415, json: { code: 'unsupported-media-type' } });
    expect(refused.json).toHaveProperty('detail', expect.stringContaining(detail));
  });

  test.each(['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"'])(
    'a body with %s is taken',
    async (type) => {
      expect([200, 201]).toContain((await put('{}', { 'content-type': type })).status);
    },
  );

  test.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('a body of %s nested 6,000 deep is 400 wherever a body is taken', async (_, open, close) => {
    const deep = `${open.repeat(6_000)}${open === '[' ? '' : '1'}${close.repeat(6_000)}`;
    const bodies = [
      ['POST', '/reports', `{"host": "a1", "events": [{"service": "s", "metric": ${deep}}]}`],
      ['POST', '/reports', `{"host": ${deep}, "events": []}`],
      ['POST', '/tasks', `{"host": "a1", "tasks": [{"id": "t", "state": ${deep}}]}`],
      ['PUT', '/whitelist/host/192.0.2.77/off', `{"by": ${deep}}`],
      ['PUT', '/whitelist/manual', deep],
    ] as const;
    for (const [method, path, body] of bodies) {
      const answer = await ask(master.url, path, { method, body, headers: { 'content-type': 'application/json' } });
      expect(answer).toMatchObject({ status: 400, json: { code: 'bad-json' } });
      expect(answer.json).toHaveProperty('detail', expect.stringContaining('nested more than 100 levels deep'));
    }
  });

  test('a byte order mark before a body is passed over; of a key that is there twice the last one counts', async () => {
    const answer = await put('\ufeff{"description": "first", "description": "second"}');
    expect(answer.json).toHaveProperty('manual-events.manual.description', 'second');
  });

  test('a body that is not JSON is told where', async () => {
    expect(await put('{"by": "ann",\n "ttl" 5}')).toMatchObject({
      status: 400,
      json: { code: 'bad-json', detail: 'not JSON: line 2, column 8: found "5"', position: 21 },
    });
    const bytes =
      'PUT /whitelist/host/192.0.2.78/off HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 3\r\n\r\n';
    const socketAnswer = await askRaw(master.port, `${bytes}"\u00e9`);
    expect(socketAnswer).toMatch('"code":"bad-json"');
  });

  test.each([
    '/whitelist/../whitelist/all',
    '/whitelist/%2e%2e/all',
    '/../../etc/passwd',
    '//etc/passwd',
    '/whitelist/host/a1/',
    '/whitelist/host//off',
    '/Whitelist/all',
    '/',
    '/whitelist',
  ])('%s leads nowhere', async (path) => {
    expect(await ask(master.url, path)).toMatchObject({ status: 404, json: { code: 'not-found' } });
  });

  test.each(['/whitelist/host/%', '/whitelist/host/%zz', '/whitelist/host/a1/event/%ff', '/%c3%28'])(
    '%s is no well-formed path',
    async (path) => {
      expect(await ask(master.url, path)).toMatchObject({ status: 400, json: { code: 'bad-request' } });
    },
  );

  test('prototype keys in a body reach no prototype', async () => {
    for (const body of ['{"__proto__": {"override": true}}', '{"constructor": {"prototype": {"x": 1}}}'])
      expect((await put(body)).status).toBe(400);
    const events = '[{"service": "s", "__proto__": {"state": "ok"}}, {"service": "__proto__", "constructor": "c"}]';
    const answer = await ask(master.url, '/reports', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"host": "constructor", "events": ${events}}`,
    });
    expect(answer).toMatchObject({ status: 202, json: { accepted: 1, rejected: [{ index: 0 }] } });
    expect(({} as Record<string, unknown>)['override']).toBeUndefined();
    expect(({} as Record<string, unknown>)['state']).toBeUndefined();
    const shown = await ask(master.url, '/events?host=constructor');
    expect(shown.json).toMatchObject({ events: [{ service: '__proto__', constructor: 'c' }] });
  });

  test('a known path with another method is 405 and says which there are', async () => {
    const answer = await ask(master.url, '/whitelist/host/a1', { method: 'PATCH' });
    expect(answer).toMatchObject({
      status: 405,
      json: { code: 'method-not-allowed', allow: ['DELETE', 'GET', 'HEAD'] },
    });
    expect(answer.headers['allow']).toBe('DELETE, GET, HEAD');
    expect((await ask(master.url, '/whitelist/manual', { method: 'POST' })).headers['allow']).toBe(
      'DELETE, GET, HEAD, PUT',
    );
  });

  test('an answer that is not to be had in the form asked for is 406, and nothing is changed', async () => {
    const headers = { accept: 'text/html' };
    const refused = await ask(master.url, '/whitelist/host/192.0.2.79/off', { method: 'PUT', headers });
    expect(refused).toMatchObject({ status: 406, json: { code: 'not-acceptable' } });
    expect(refused.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect((await ask(master.url, '/whitelist/host/192.0.2.79')).status).toBe(404);
  });

  test('a fault of ours tells nothing but an instance, which the log tells more of', async () => {
    const lines: unknown[] = [];
    const log = { ...master.services.log, error: (...line: unknown[]) => lines.push(line), debug: () => undefined };
    const broken = await startHttpMaster({
      services: {
        log: log as unknown as HttpMaster['services']['log'],
        snapshot() {
          throw new TypeError('secret path /root/x');
        },
      },
    });
    try {
      const answer = await ask(broken.url, '/metrics/snapshot');
      expect(answer).toMatchObject({
        status: 500,
        json: { code: 'internal', instance: expect.stringMatching(/^urn:uuid:/) },
      });
      expect(answer.text).not.toMatch(/secret|TypeError|at /);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toEqual([
        expect.objectContaining({ err: expect.objectContaining({ message: expect.stringContaining('secret path') }) }),
        'request failed',
      ]);
      expect(await broken.services.metrics.text()).toMatch('satellite_faults_total{part="http"} 1');
    } finally {
      await broken.close();
    }
  });
});

describe('reports', () => {
  let master: HttpMaster;
  beforeAll(async () => {
    master = await startHttpMaster();
  });
  afterAll(() => master.close());
  const send = (body: unknown, headers = {}) => ask(master.url, '/reports', { method: 'POST', body, headers });

  test('are taken, and what was taken is shown and counted', async () => {
    const nowS = Date.now() / 1000;
    const events = [
      { service: 'b', state: 'ok', time: nowS + 60 },
      { service: 'a', state: 'critical', mount: '/var' },
      { service: '' },
    ];
    const answer = await send({ host: 'r1', events });
    expect(answer).toMatchObject({ status: 202, json: { accepted: 2, rejected: [{ index: 2 }] } });
    const shown = await ask(master.url, '/events?host=r1');
    expect(shown.json).toMatchObject({
      events: [
        { host: 'r1', service: 'a', state: 'critical', mount: '/var' },
        { host: 'r1', service: 'b', state: 'ok', time: expect.closeTo(nowS, -1) },
      ],
    });
    const text = await master.services.metrics.text();
    for (const line of [
      'satellite_reports_total 1',
      'satellite_events_accepted_total 2',
      'satellite_events_rejected_total 1',
      'satellite_events_clamped_total 1',
      'satellite_http_requests_total{method="POST",status="202"} 1',
    ])
      expect(text).toMatch(line);
  });

  test('of which nothing is acceptable are 400 with the reasons', async () => {
    const refused = await send({ host: 'r2', events: [{ service: 5 }, {}] });
    expect(refused).toMatchObject({
      status: 400,
      json: { code: 'no-event-accepted', rejected: [{ index: 0 }, { index: 1 }] },
    });
    expect(master.taken.filter(({ host }) => host === 'r2')).toEqual([]);
  });

  test('over 1,000 events are 413; nothing of them is taken', async () => {
    const refused = await send({ host: 'r3', events: Array(1001).fill({ service: 's' }) });
    expect(refused).toMatchObject({ status: 413, json: { code: 'too-large', most: 1000 } });
    expect((await send({ host: 'r3', events: Array(1000).fill({ service: 's' }) })).status).toBe(202);
  });

  test('compressed are 415, without a body 400', async () => {
    expect((await send(report, { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await ask(master.url, '/reports', { method: 'POST' })).status).toBe(400);
  });
});
