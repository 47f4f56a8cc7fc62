/** Sockets: keeping them, limits, and an orderly end. */
import http from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SatelliteError } from '../../../shared/errors.ts';
import { type Log, silentLog } from '../../../shared/log.ts';
import { version } from '../../../shared/version.ts';
import { ask } from '../../support/ask.ts';
import { aClock } from '../../support/harness.ts';
import { type HttpMaster, startHttpMaster } from '../../support/http-master.ts';
import { until } from '../../support/until.ts';

test('a port that is taken is told', async () => {
  const master = await startHttpMaster();
  try {
    await expect(
      startHttpMaster().then(async (other) => {
        await other.close();
        return other.server.listen('127.0.0.1', master.port);
      }),
    ).rejects.toThrow(/EADDRINUSE|ERR_SERVER/);
  } finally {
    await master.close();
  }
});

test('a connection is kept for the next report', async () => {
  const master = await startHttpMaster();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const sockets = new Set<net.Socket>();
    for (let round = 0; round < 3; round++)
      await new Promise<void>((resolve, reject) => {
        const request = http.get(`${master.url}/healthz`, { agent }, (response) => {
          sockets.add(response.socket);
          expect(response.headers['keep-alive']).toBe('timeout=75');
          response.resume().on('end', resolve);
        });
        request.on('error', reject);
      });
    expect(sockets.size).toBe(1);
  } finally {
    agent.destroy();
    await master.close();
  }
});

test('closing ends idle connections at once and answers what was asked', async () => {
  let release = () => {};
  let asked = false;
  const master = await startHttpMaster({
    services: {
      history: {
        async of() {
          asked = true;
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return [{ time: 1, from: null, to: 'on', cause: 'manual', by: 'a', as: null, reason: 'r' }];
        },
      },
    },
  });
  const idle = net.connect(master.port, '127.0.0.1');
  const idleEnded = new Promise<void>((resolve) => idle.on('close', () => resolve()).resume());
  await new Promise<void>((resolve) => idle.once('connect', () => resolve()));
  const agent = new http.Agent({ keepAlive: true });
  const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(`${master.url}/whitelist/host/a1/history`, { agent }, resolve).on('error', reject);
  });
  await until(() => asked, { what: 'the request to arrive' });

  let closed = false;
  const closing = master.close().then(() => {
    closed = true;
  });
  await idleEnded;
  expect(closed).toBe(false);
  release();
  const response = await answer;
  expect(response.statusCode).toBe(200);
  response.resume();
  await closing;
  await expect(ask(master.url, '/healthz')).rejects.toThrow('ECONNREFUSED');
  agent.destroy();
});

test('closing breaks off what is not over by the deadline', async () => {
  let asked = false;
  const master = await startHttpMaster({
    services: {
      history: {
        of() {
          asked = true;
          return new Promise(() => {});
        },
      },
    },
  });
  const broken = ask(master.url, '/whitelist/host/a1/history').catch((error: Error) => error.message);
  await until(() => asked, { what: 'the request to arrive' });
  await master.server.close(50);
  expect(await broken).toMatch(/hang up|ECONNRESET/);
  await master.close();
});

test('too busy is 503 with the time to come again', async () => {
  const master = await startHttpMaster({
    services: {
      publishEvents() {
        throw new SatelliteError('overloaded', 'the queue is full');
      },
    },
  });
  try {
    const body = { host: 'a1', events: [{ service: 's' }] };
    const answer = await ask(master.url, '/reports', { method: 'POST', body });
    expect(answer).toMatchObject({ status: 503, json: { code: 'overloaded', detail: 'the queue is full' } });
    expect(answer.headers['retry-after']).toBe('5');
    expect(await master.services.metrics.text()).toMatch('satellite_events_accepted_total 0');
  } finally {
    await master.close();
  }
});

test('health, version, figures and metrics are answered as JSON and as text', async () => {
  const master = await startHttpMaster();
  const text = { headers: { accept: 'text/plain' } };
  try {
    expect((await ask(master.url, '/healthz')).json).toEqual({ status: 'ok' });
    expect((await ask(master.url, '/readyz')).json).toEqual({ store: 'whole' });
    expect((await ask(master.url, '/version')).json).toEqual({ version });
    expect((await ask(master.url, '/version', text)).text).toBe(`${version}\n`);
    expect((await ask(master.url, '/metrics/snapshot', text)).text).toBe(
      'num-available-hosts 0\nnum-hosts-up 0\nprop-available-hosts 0\n',
    );
    const metrics = await ask(master.url, '/metrics', { headers: { accept: 'application/openmetrics-text' } });
    expect(metrics.status).toBe(200);
    expect(metrics.headers['content-type']).toMatch('text/plain; version=0.0.4');
    expect(metrics.text).toMatch('satellite_reports_total 0');
    const head = await ask(master.url, '/version', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
  } finally {
    await master.close();
  }
});

describe('the form of an answer', () => {
  let master: HttpMaster;
  beforeAll(async () => {
    master = await startHttpMaster();
  });
  afterAll(() => master.close());

  test.each<[accept: string | undefined, form: 'json' | 'text']>([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['APPLICATION/JSON', 'json'],
    ['text/plain', 'text'],
    ['text/*', 'text'],
    ['text/plain, */*', 'text'],
    ['text/plain, */*;q=0.1', 'text'],
    ['application/json, text/plain, */*', 'json'],
    ['text/plain;q=0.5, application/json;q=0.4', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
    ['application/json;q=0, */*', 'text'],
  ])('for Accept %j is %s', async (accept, form) => {
    const answer = await ask(master.url, '/healthz', { headers: accept === undefined ? {} : { accept } });
    expect(answer.text).toBe(form === 'text' ? 'ok\n' : '{"status":"ok"}\n');
  });

  test.each(['text/html', 'application/json;q=0', 'image/*, text/html'])('Accept %j is 406', async (accept) => {
    const answer = await ask(master.url, '/healthz', { headers: { accept } });
    expect(answer).toMatchObject({ status: 406, json: { code: 'not-acceptable' } });
  });
});

test('a client that reads nothing of its answer is cut off after two minutes', async () => {
  const clock = aClock();
  const name = 'x'.repeat(200);
  const figures = Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`${name} ${n}`, n]));
  const master = await startHttpMaster({ services: { clock, snapshot: () => figures } });
  try {
    const socket = net.connect(master.port, '127.0.0.1');
    socket.on('error', () => undefined).pause();
    socket.write('GET /metrics/snapshot HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const cut = async () => (await master.services.metrics.text()).includes('http_cut_total{reason="unread"} 1');
    let passedMs = 0;
    await until(
      async () => {
        clock.advance(30_000);
        passedMs += 30_000;
        return cut();
      },
      { what: 'the connection to be cut off' },
    );
    expect(passedMs).toBeGreaterThan(120_000);
    socket.destroy();
  } finally {
    await master.close();
  }
});

describe('query parameters', () => {
  const lines: unknown[] = [];
  let master: HttpMaster;
  beforeAll(async () => {
    master = await startHttpMaster({ log: { ...silentLog, warn: (...line: unknown[]) => lines.push(line) } as Log });
  });
  afterAll(() => master.close());

  test.each([
    ['/events?hots=a1', 'unknown query parameter "hots", did you mean host?'],
    ['/events?x=1', 'unknown query parameter "x", expected one of '],
    ['/events?host=a1&host=a2', 'the query parameter host is there 2 times, expected once'],
    ['/events/stream?limit=5', 'unknown query parameter "limit"'],
    ['/metrics/history?nam=x', 'did you mean name?'],
    ['/drift?by=bob', 'unknown query parameter "by", this resource takes none'],
    ['/healthz?constructor=1', 'unknown query parameter "constructor"'],
    ['/tasks/t1?__proto__=1', 'unknown query parameter "__proto__"'],
    ['/whitelist/host/192.0.2.1/why?x', 'unknown query parameter "x"'],
    ['/whitelist/manual/192.0.2.1?x', 'unknown query parameter "x"'],
  ])('%s is 400', async (path, detail) => {
    const answer = await ask(master.url, path);
    expect(answer).toMatchObject({ status: 400, json: { code: 'bad-request' } });
    expect(answer.json).toHaveProperty('detail', expect.stringContaining(detail));
  });

  test('with a change it is refused before anything is changed', async () => {
    const answer = await ask(master.url, '/whitelist/host/192.0.2.1/off?dry-run=true', { method: 'PUT' });
    expect(answer.status).toBe(400);
    expect((await ask(master.url, '/whitelist/host/192.0.2.1')).status).toBe(404);
  });

  test('that the resources of the original do not know are counted, and logged once', async () => {
    const paths = ['/whitelist/off?by=bob', '/whitelist/all?_=1', '/metrics/snapshot?x', '/metrics?a=1&a=2'];
    for (const path of [...paths, ...paths]) expect((await ask(master.url, path)).status).toBe(200);
    expect((await ask(master.url, '/whitelist/host/192.0.2.1?x')).status).toBe(404);
    expect((await ask(master.url, '/state.json?task=t&x')).status).toBe(404);
    expect(await master.services.metrics.text()).toMatch('satellite_http_ignored_parameters_total 10');
    const logged = lines.filter((line) => JSON.stringify(line).includes('query parameters ignored'));
    expect(logged).toHaveLength(5);
  });
});

test('a problem as text is one line', async () => {
  const master = await startHttpMaster();
  try {
    const answer = await ask(master.url, '/whitelist/host/a%0ab', { headers: { accept: 'text/plain' } });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/^bad-host-name: found "a\\nb", expected a host name[^\n]*\n$/);
  } finally {
    await master.close();
  }
});
