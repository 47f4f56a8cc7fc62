/** The lists, changes of many, and what becomes of them when the store is away. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHostCheck } from '../../../satellite-master/whitelist/operators/host-check.ts';
import { systemClock } from '../../../shared/clock.ts';
import { ask } from '../../support/ask.ts';
import { type HttpMaster, hostName, startHttpMaster } from '../../support/http-master.ts';

const asText = { headers: { accept: 'text/plain' } };

describe('lists', () => {
  let master: HttpMaster;
  const records: Readonly<Record<string, object>> = {
    b: { 'managed-flag': 'on' },
    a: { 'managed-flag': 'off' },
    'B-manual': { 'managed-flag': 'on', 'manual-flag': 'off' },
    'c-event': { 'manual-events': { e: { state: 'ok', time: 1 } } },
    'd-silent': { 'managed-events': { 'satellite/readmission': { state: 'ok', time: 1 } } },
    'e-managed': { 'managed-events': { 'mesos/slave/x': { state: 'critical', time: 1 } } },
    'f-expired': { 'managed-flag': 'on', 'manual-events': { e: { state: 'critical', time: 1, ttl: 1 } } },
  };

  beforeAll(async () => {
    master = await startHttpMaster();
    const changes = Object.entries(records).map(([host, record]) => ({
      host: hostName(host),
      expect: 'absent' as const,
      data: JSON.stringify(record),
    }));
    await master.store.commit(changes);
  });
  afterAll(() => master.close());

  test.each([
    ['on', ['b', 'c-event', 'f-expired']],
    ['off', ['B-manual', 'a', 'd-silent', 'e-managed']],
    ['all', ['B-manual', 'a', 'b', 'c-event', 'd-silent', 'e-managed', 'f-expired']],
    ['manual', ['B-manual', 'c-event', 'f-expired']],
    ['managed', ['B-manual', 'a', 'b', 'e-managed', 'f-expired']],
  ])('%s, sorted by code unit', async (list, hosts) => {
    const { json } = await ask(master.url, `/whitelist/${list}`);
    expect(Object.keys(json as object)).toEqual(hosts);
    const { text, headers } = await ask(master.url, `/whitelist/${list}`, asText);
    expect(text).toBe(`${hosts.join('\n')}\n`);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  test('show the manual flag as it follows from the events now', async () => {
    const { json } = await ask(master.url, '/whitelist/all');
    expect(json).toMatchObject({ 'c-event': { 'manual-flag': 'on' }, 'f-expired': { 'manual-flag': null } });
    expect((await ask(master.url, '/whitelist/host/c-event', asText)).text).toBe('on\n');
    expect((await ask(master.url, '/whitelist/host/a', asText)).text).toBe('off\n');
  });

  test.each(['ON', 'none', 'host', '%61ll%00'])('%s is no list', async (list) => {
    expect(await ask(master.url, `/whitelist/${list}`)).toMatchObject({ status: 400, json: { code: 'bad-list' } });
  });
});

describe('changes of many', () => {
  let master: HttpMaster;
  const checked: string[] = [];

  beforeAll(async () => {
    master = await startHttpMaster({
      async hostCheck(host) {
        checked.push(host);
        return host.startsWith('bad') ? 'it is bad' : undefined;
      },
    });
  });
  afterAll(() => master.close());

  const many = (method: string, body: unknown) => ask(master.url, '/whitelist/manual', { method, body });
  const all = async () => Object.keys((await ask(master.url, '/whitelist/all')).json as object);

  test('are done for all', async () => {
    const done = await many('PUT', {
      hosts: ['m1', 'm2', 'm1'],
      flag: 'off',
      description: 'rack 7',
      by: 'ann',
      ttl: '1h',
    });
    expect(done.status).toBe(200);
    expect(Object.keys(done.json as object)).toEqual(['m1', 'm2']);
    expect(done.json).toMatchObject({ m1: { 'manual-flag': 'off', changed: { by: 'ann', reason: 'rack 7' } } });
    const withdrawn = await many('DELETE', { hosts: ['m1', 'm2'], by: 'ann' });
    expect(withdrawn.json).toMatchObject({ m1: { 'manual-flag': null }, m2: { 'manual-flag': null } });
  });

  test('are done for none when one host does not pass the check', async () => {
    const refused = await many('PUT', { hosts: ['n1', 'bad2', 'bad1'], flag: 'on' });
    expect(refused.status).toBe(400);
    expect(refused.json).toMatchObject({
      code: 'host-check-failed',
      detail: 'bad1: it is bad',
      hosts: [
        { host: 'bad1', reason: 'it is bad' },
        { host: 'bad2', reason: 'it is bad' },
      ],
    });
    expect(await all()).not.toContain('n1');
  });

  test('are done for none when one host is broken', async () => {
    await master.store.commit([{ host: hostName('broken'), expect: 'absent', data: 'x' }]);
    const refused = await many('PUT', { hosts: ['n2', 'broken'], flag: 'off' });
    expect(refused).toMatchObject({ status: 409, json: { code: 'broken-record' } });
    expect(await all()).not.toContain('n2');
  });

  test('to be withdrawn name the hosts that are unknown', async () => {
    await many('PUT', { hosts: ['w1'], flag: 'off' });
    const refused = await many('DELETE', { hosts: ['w1', 'w2', 'w3'] });
    expect(refused).toMatchObject({ status: 404, json: { code: 'unknown-host', hosts: ['w2', 'w3'] } });
    expect((await ask(master.url, '/whitelist/manual/w1')).json).toMatchObject({ flag: 'off' });
  });

  test('say how many fit one transaction, before any host is checked', async () => {
    checked.length = 0;
    const hosts = Array.from({ length: 1001 }, (_, index) => `h${index}`);
    const refused = await many('PUT', { hosts, flag: 'on' });
    expect(refused).toMatchObject({ status: 413, json: { code: 'too-large', most: 1000 } });
    expect(checked).toEqual([]);
    expect(await many('DELETE', { hosts })).toMatchObject({ status: 413, json: { most: 1000 } });
  });

  test.each<[unknown, string]>([
    [{ flag: 'on' }, 'hosts: found nothing, expected an array of host names'],
    [{ hosts: [], flag: 'on' }, 'hosts: found [], expected an array of host names'],
    [{ hosts: 'a', flag: 'on' }, 'hosts: found "a", expected an array of host names'],
    [{ hosts: [5], flag: 'on' }, 'hosts.0: found 5, expected string'],
    [{ hosts: ['a'] }, 'flag: found nothing'],
  ])('refuse %j', async (body, detail) => {
    expect(await many('PUT', body)).toMatchObject({ status: 400, json: { detail: expect.stringContaining(detail) } });
  });

  test('only what is put on is checked', async () => {
    const put = (path: string, body?: unknown) =>
      ask(master.url, path, { method: 'PUT', ...(body === undefined ? {} : { body }) });
    expect(await put('/whitelist/host/bad/on')).toMatchObject({ status: 400, json: { code: 'host-check-failed' } });
    expect(await put('/whitelist/host/bad/event/e', { state: 'ok' })).toMatchObject({ status: 400 });
    expect(await put('/whitelist/manual/bad', { flag: 'on' })).toMatchObject({ status: 400 });
    expect(await all()).not.toContain('bad');
    expect((await put('/whitelist/host/bad/event/e', { state: 'critical' })).status).toBe(201);
    expect((await put('/whitelist/host/bad/off')).status).toBe(200);
    expect((await put('/whitelist/manual/bad', { flag: 'off' })).status).toBe(200);
  });
});

describe('without the store', () => {
  test('nothing is shown or changed before it has been read whole', async () => {
    const master = await startHttpMaster({ read: false });
    try {
      for (const path of ['/whitelist/all', '/whitelist/host/a', '/whitelist/host/a/why', '/whitelist/manual/a']) {
        const refused = await ask(master.url, path);
        expect(refused).toMatchObject({ status: 503, json: { code: 'store-unread' } });
        expect(refused.headers['retry-after']).toBe('2');
      }
      const change = await ask(master.url, '/whitelist/host/a/off', { method: 'PUT' });
      expect(change).toMatchObject({ status: 503, json: { code: 'store-unread' } });
      expect(await ask(master.url, '/readyz')).toMatchObject({ status: 503, json: { store: 'unread' } });
      expect((await ask(master.url, '/healthz')).status).toBe(200);
    } finally {
      await master.close();
    }
  });

  test('reads answer from the replica once it is lost, and changes are refused', async () => {
    const master = await startHttpMaster();
    try {
      await ask(master.url, '/whitelist/host/a/off', { method: 'PUT' });
      master.services.replica.onState({ kind: 'lost', reason: 'a test took it away' });
      expect((await ask(master.url, '/whitelist/off', asText)).text).toBe('a\n');
      expect((await ask(master.url, '/whitelist/host/a')).status).toBe(200);
      for (const [method, path] of [
        ['PUT', '/whitelist/host/a/on'],
        ['PUT', '/whitelist/host/a/off'],
        ['DELETE', '/whitelist/host/a'],
        ['DELETE', '/whitelist/manual/a'],
      ] as const) {
        const refused = await ask(master.url, path, { method });
        expect(refused).toMatchObject({ status: 503, json: { code: 'store-unavailable' } });
        expect(refused.json).toHaveProperty('detail', expect.stringContaining('a test took it away'));
      }
      expect(await ask(master.url, '/readyz', asText)).toMatchObject({ status: 503, text: 'store: lost\n' });
    } finally {
      await master.close();
    }
  });
});

describe('with require-reason', () => {
  let master: HttpMaster;
  beforeAll(async () => {
    master = await startHttpMaster({ settings: { requireReason: true } });
  });
  afterAll(() => master.close());

  test.each([
    ['PUT', '/whitelist/host/192.0.2.1/off', {}],
    ['PUT', '/whitelist/host/192.0.2.1/event/e', { state: 'ok' }],
    ['DELETE', '/whitelist/host/192.0.2.1/event/e', {}],
    ['DELETE', '/whitelist/host/192.0.2.1', {}],
    ['PUT', '/whitelist/manual/192.0.2.1', { flag: 'off' }],
    ['DELETE', '/whitelist/manual/192.0.2.1', {}],
    ['PUT', '/whitelist/manual', { hosts: ['192.0.2.1'], flag: 'off' }],
    ['DELETE', '/whitelist/manual', { hosts: ['192.0.2.1'] }],
  ])('%s %s needs an author and a reason', async (method, path, body) => {
    for (const half of [{}, { by: 'ann' }, { description: 'x' }, { by: '', description: 'x' }])
      expect(await ask(master.url, path, { method, body: { ...body, ...half } })).toMatchObject({
        status: 400,
        json: { code: 'reason-required' },
      });
    const whole = await ask(master.url, path, { method, body: { ...body, by: 'ann', description: 'x' } });
    expect(whole.json).not.toHaveProperty('code', 'reason-required');
  });
});

test('a host that does not resolve is not put on', async () => {
  const hostCheck = createHostCheck({ dns: true, reachable: false, port: 5051, pattern: null }, systemClock);
  const master = await startHttpMaster({ hostCheck });
  try {
    const refused = await ask(master.url, '/whitelist/host/no-such-host.invalid/on', { method: 'PUT' });
    expect(refused).toMatchObject({ status: 400, json: { code: 'host-check-failed' } });
    expect((await ask(master.url, '/whitelist/host/no-such-host.invalid/off', { method: 'PUT' })).status).toBe(201);
  } finally {
    await master.close();
  }
});
