/** The whitelist over REST: one host, its flag, its events; on a real embedded store. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Asked, ask } from '../../support/ask.ts';
import { type HttpMaster, hostName, startHttpMaster } from '../../support/http-master.ts';

let master: HttpMaster;
let host = '';
let count = 0;

beforeAll(async () => {
  master = await startHttpMaster();
});
afterAll(() => master.close());
beforeEach(() => {
  host = `192.0.2.${++count}`;
});

const asText = { accept: 'text/plain' };

function put(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
  return ask(master.url, path, { method: 'PUT', headers, ...(body === undefined ? {} : { body }) });
}

function remove(path: string, body?: unknown) {
  return ask(master.url, path, { method: 'DELETE', ...(body === undefined ? {} : { body }) });
}

function get(path: string, asked: Asked = {}) {
  return ask(master.url, path, asked);
}

describe('PUT …/on and …/off', () => {
  test('make the host when it is new, and answer its record with who and why', async () => {
    const made = await put(`/whitelist/host/${host}/off`, { by: 'ann', description: 'disk swap', ttl: '2h' });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      'manual-flag': 'off',
      'manual-events': { manual: { state: 'critical', ttl: 7200, description: 'disk swap', by: 'ann' } },
      changed: { version: 0, by: 'ann', as: null, cause: 'manual', reason: 'disk swap' },
    });
    const again = await put(`/whitelist/host/${host}/on`);
    expect(again.status).toBe(200);
    expect(again.json).toMatchObject({
      'manual-flag': 'on',
      changed: { by: '127.0.0.1', as: null, reason: 'set on by hand' },
    });
  });

  test('as text say what the host is now', async () => {
    expect((await put(`/whitelist/host/${host}/off`, undefined, asText)).text).toBe(`${host} is now off.\n`);
    expect((await put(`/whitelist/host/${host}/on`, undefined, asText)).text).toBe(`${host} is now on.\n`);
  });

  test('on is refused while another id says critical, unless it overrides', async () => {
    await put(`/whitelist/host/${host}/event/raid`, { state: 'critical' });
    const before = await get(`/whitelist/host/${host}`);
    const refused = await put(`/whitelist/host/${host}/on`);
    expect(refused.status).toBe(409);
    expect(refused.json).toMatchObject({ code: 'outweighed', events: ['raid'] });
    expect((await get(`/whitelist/host/${host}`)).json).toEqual(before.json);
    expect((await put(`/whitelist/host/${host}/on`, { override: true })).json).toMatchObject({ 'manual-flag': 'on' });
  });

  test.each<[unknown, string]>([
    [{ ttl: 0 }, 'ttl: found 0'],
    [{ ttl: -5 }, 'ttl: found -5'],
    [{ ttl: '0s' }, 'ttl: found "0s"'],
    [{ ttl: 'soon' }, 'ttl: found "soon"'],
    [{ reason: 'x' }, 'reason: an unknown key, expected one of by, description, ttl, override'],
    [{ by: 5 }, 'by: found 5'],
    [{ by: 'a\nb' }, 'by: found "a\\nb", expected no control characters'],
    [{ by: 'x'.repeat(257) }, 'expected the author, at most 256 characters'],
    [{ override: 'yes' }, 'override: found "yes", expected true or false'],
    [[], 'the body: found [], expected object'],
  ])('refuse %j', async (body, detail) => {
    const refused = await put(`/whitelist/host/${host}/off`, body);
    expect(refused).toMatchObject({ status: 400, json: { code: 'bad-request' } });
    expect(refused.json).toHaveProperty('detail', expect.stringContaining(detail));
    expect((await get(`/whitelist/host/${host}`)).status).toBe(404);
  });
});

describe('events', () => {
  const ids = [
    'a b',
    'a/b',
    'a+b',
    ':k',
    'a;b',
    'é',
    '%2f',
    '..',
    '.',
    '__proto__',
    'constructor',
    'a?b#c',
    'manual',
    '😀',
    '"',
    '<b>',
  ];

  test.each(ids)('%j is an id, to be made, changed, shown and withdrawn', async (id) => {
    const path = `/whitelist/host/${host}/event/${encodeURIComponent(id)}`;
    expect((await put(path, { state: 'critical' })).status).toBe(201);
    expect((await put(path, { state: 'ok' })).status).toBe(200);
    expect((await ask(master.url, path, { method: 'POST', body: { state: 'critical' } })).status).toBe(201);
    const { json } = await get(`/whitelist/host/${host}`);
    expect(Object.keys((json as { 'manual-events': object })['manual-events'])).toEqual([id]);
    const withdrawn = await remove(path);
    expect(withdrawn).toMatchObject({ status: 200, json: { 'manual-events': {}, 'manual-flag': null } });
    expect(await remove(path)).toMatchObject({ status: 404, json: { code: 'unknown-event' } });
  });

  test('keep the extra strings, the metric and the tags; the time is ours', async () => {
    const body = { state: 'ok', who: 'me', metric: 5.25, tags: ['a'], time: 5, ttl: null, description: null };
    const { json } = await put(`/whitelist/host/${host}/event/m`, body);
    const nowS = Date.now() / 1000;
    expect(json).toMatchObject({ 'manual-events': { m: { state: 'ok', who: 'me', metric: 5.25, tags: ['a'] } } });
    expect(json).toHaveProperty('manual-events.m.time', expect.closeTo(nowS, -1));
    expect(json).not.toHaveProperty('manual-events.m.ttl');
  });

  test.each(['relapses', 'off-since', 'managed-events', 'manual-events', '__proto__'])(
    'do not take the attribute %s',
    async (name) => {
      const refused = await put(`/whitelist/host/${host}/event/m`, `{"state":"ok","${name}":"x"}`, {
        'content-type': 'application/json',
      });
      expect(refused).toMatchObject({ status: 400, json: { code: 'bad-event' } });
    },
  );

  test('have an id of at most 1,024 characters without control characters', async () => {
    const path = (id: string) => `/whitelist/host/${host}/event/${encodeURIComponent(id)}`;
    expect((await put(path('é'.repeat(1024)), { state: 'ok' })).status).toBe(201);
    expect((await put(path('x'.repeat(1025)), { state: 'ok' })).status).toBe(400);
    for (const id of ['a\r\nx-evil: 1', 'a\u0000', '\u2028'])
      expect(await put(path(id), { state: 'ok' })).toMatchObject({ status: 400, json: { code: 'bad-request' } });
  });

  test('to be withdrawn from an unknown host make no host', async () => {
    expect(await remove(`/whitelist/host/${host}/event/m`)).toMatchObject({
      status: 404,
      json: { code: 'unknown-host' },
    });
    expect((await get(`/whitelist/host/${host}`)).status).toBe(404);
  });

  test('100 at once under different ids all succeed and all show', async () => {
    const wanted = Array.from({ length: 100 }, (_, index) => `id${index}`);
    const made = await Promise.all(
      wanted.map((id) => put(`/whitelist/host/${host}/event/${id}`, { state: 'critical', by: id })),
    );
    expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]));
    const { json } = await get(`/whitelist/host/${host}`);
    expect(Object.keys((json as { 'manual-events': object })['manual-events']).sort()).toEqual(wanted.sort());
  });

  test('stop at 200 a host, and at 256 KiB a record', async () => {
    const events = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`e${at}`, { state: 'ok', time: at }]));
    await lay(host, JSON.stringify({ 'manual-events': events }));
    const refused = await put(`/whitelist/host/${host}/event/more`, { state: 'ok' });
    expect(refused).toMatchObject({ status: 409, json: { code: 'record-too-large' } });
    const other = '198.51.100.1';
    const big = await put(`/whitelist/host/${other}/event/big`, { state: 'ok', description: 'd'.repeat(300_000) });
    expect(big).toMatchObject({ status: 409, json: { code: 'record-too-large' } });
  });
});

describe('the override as a whole', () => {
  test('replaces every manual event, shows, and is withdrawn', async () => {
    await put(`/whitelist/host/${host}/event/raid`, { state: 'critical' });
    const replaced = await put(`/whitelist/manual/${host}`, { flag: 'on', ttl: 60, by: 'ann' });
    expect(replaced).toMatchObject({ status: 200, json: { 'manual-flag': 'on' } });
    const shown = await get(`/whitelist/manual/${host}`);
    expect(shown.json).toEqual({
      flag: 'on',
      events: { manual: { state: 'ok', ttl: 60, by: 'ann', time: expect.any(Number) } },
    });
    expect(await remove(`/whitelist/manual/${host}`)).toMatchObject({ status: 200, json: { 'manual-events': {} } });
    expect(await remove(`/whitelist/manual/${host}`)).toMatchObject({ status: 200 });
    expect((await get(`/whitelist/manual/${host}`)).json).toEqual({ flag: null, events: {} });
  });

  test('of an unknown host is 404, and PUT makes the host', async () => {
    expect((await get(`/whitelist/manual/${host}`)).status).toBe(404);
    expect((await remove(`/whitelist/manual/${host}`)).status).toBe(404);
    expect((await put(`/whitelist/manual/${host}`, { flag: 'off' })).status).toBe(201);
  });

  test.each<[unknown, string]>([
    [undefined, 'found no body'],
    [{}, 'flag: found nothing, expected "on" or "off"'],
    [{ flag: null }, 'DELETE withdraws'],
    [{ flag: 'on', state: 'ok' }, 'state: an unknown key'],
  ])('refuses %j', async (body, detail) => {
    const refused = await put(`/whitelist/manual/${host}`, body);
    expect(refused.status).toBe(400);
    expect(refused.json).toHaveProperty('detail', expect.stringContaining(detail));
  });
});

describe('DELETE /whitelist/host/{host}', () => {
  test('takes it out of the inventory and answers the record it had; the history stays', async () => {
    await put(`/whitelist/host/${host}/off`, { by: 'ann', description: 'sold' });
    const gone = await remove(`/whitelist/host/${host}`, { by: 'bob', description: 'gone for good' });
    expect(gone).toMatchObject({ status: 200, json: { 'manual-flag': 'off', changed: { by: 'ann' } } });
    expect((await get(`/whitelist/host/${host}`)).status).toBe(404);
    expect(await remove(`/whitelist/host/${host}`)).toMatchObject({ status: 404, json: { code: 'unknown-host' } });
    expect(master.services.replica.automation.data).toContain('gone for good');
    expect((await get(`/whitelist/host/${host}/history`)).json).toMatchObject([{ from: null, to: 'off', by: 'ann' }]);
  });

  test('refuses a body it does not know', async () => {
    await put(`/whitelist/host/${host}/off`);
    expect((await remove(`/whitelist/host/${host}`, { force: true })).status).toBe(400);
    expect((await get(`/whitelist/host/${host}`)).status).toBe(200);
  });

  test('removes a broken record, which nothing else changes', async () => {
    await lay(host, '{"managed-flag": "maybe"}');
    expect((await get(`/whitelist/host/${host}`)).json).toMatchObject({
      'managed-flag': null,
      broken: 'managed-flag is "maybe", not "on", "off" or null',
    });
    expect(await put(`/whitelist/host/${host}/off`)).toMatchObject({ status: 409, json: { code: 'broken-record' } });
    expect(await remove(`/whitelist/host/${host}`)).toMatchObject({
      status: 200,
      json: { broken: expect.any(String) },
    });
    expect((await get(`/whitelist/host/${host}`)).status).toBe(404);
  });
});

describe('why and history', () => {
  test('answer for a known host, as JSON and as text', async () => {
    await put(`/whitelist/host/${host}/off`, { by: 'ann', description: 'disk\nswap' });
    await put(`/whitelist/host/${host}/on`, { by: 'bob' });
    expect((await get(`/whitelist/host/${host}/why`)).json).toMatchObject({ host, flag: 'on', decidedBy: 'manual' });
    const text = (await get(`/whitelist/host/${host}/why`, { headers: asText })).text.split('\n');
    expect(text[0]).toMatch(`${host} is on (manual, rule 15)`);
    expect(text[1]).toMatch(/^since 20\S+Z by bob$/);
    expect(text[2]).toMatch(/^rule 15: \w/);
    expect(text.filter((line) => line.startsWith('  ')).at(-1)).toMatch(/^ {2}20\S+Z none -> off manual by ann: /);
    const history = await get(`/whitelist/host/${host}/history`);
    expect(history.json).toMatchObject([
      { from: 'off', to: 'on', cause: 'manual', by: 'bob', as: null, reason: 'set on by hand' },
      { from: null, to: 'off', cause: 'manual', by: 'ann', as: null, reason: 'disk\nswap' },
    ]);
    const lines = (await get(`/whitelist/host/${host}/history`, { headers: asText })).text.split('\n');
    expect(lines[1]).toMatch(/none -> off manual by ann: disk\\u000aswap$/);
  });

  test('why names the change that gave the host its flag, its last five changes, and the rule in words', async () => {
    for (const flag of ['off', 'on', 'off', 'on', 'off', 'on'])
      await put(`/whitelist/host/${host}/${flag}`, { by: flag });
    const [history, why] = [await get(`/whitelist/host/${host}/history`), await get(`/whitelist/host/${host}/why`)];
    const changes = (history.json as { readonly time: number }[]).slice(0, 5);
    expect(why.json).toMatchObject({ since: changes[0]?.time, by: 'on', as: null, changes, rule: 15, ruleId: '15' });
    expect((why.json as { readonly ruleText: string }).ruleText).toMatch(/\w/);
  });

  test.each([
    ['cannot be read', () => Promise.reject(new Error('bad sector'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
  ])('why answers when the history %s', async (_name, of) => {
    const broken = await startHttpMaster({ services: { history: { of } } });
    try {
      await ask(broken.url, `/whitelist/host/${host}/off`, { method: 'PUT' });
      const { status, json } = await ask(broken.url, `/whitelist/host/${host}/why`);
      expect(status).toBe(200);
      expect(json).toMatchObject({ flag: 'off', decidedBy: 'manual', ruleId: '15', since: null, changes: null });
    } finally {
      await broken.close();
    }
  });

  test('the page that ruleLink leads to is served', async () => {
    await put(`/whitelist/host/${host}/off`);
    const why = (await get(`/whitelist/host/${host}/why`)).json as { readonly ruleLink: string };
    expect(why.ruleLink).toBe('/docs/judgement#rule-15');
    expect(await get('/docs/judgement')).toMatchObject({ status: 200, text: expect.stringContaining('### Rule 15') });
  });

  test('are 404 for a host nobody has heard of', async () => {
    expect(await get(`/whitelist/host/${host}/why`)).toMatchObject({ status: 404, json: { code: 'unknown-host' } });
    expect(await get(`/whitelist/host/${host}/history`)).toMatchObject({ status: 404, json: { code: 'unknown-host' } });
  });
});

test.each(['a b', 'a/b', '..', '-a', 'a..b', '5', 'x'.repeat(64), 'a\u0000', 'fe80::1%eth0', "a'--", '*'])(
  '%j is no host name, wherever it stands',
  async (name) => {
    const encoded = encodeURIComponent(name);
    for (const path of [`/whitelist/host/${encoded}`, `/whitelist/host/${encoded}/why`, `/whitelist/manual/${encoded}`])
      expect(await get(path)).toMatchObject({ status: 400, json: { code: 'bad-host-name' } });
    expect(await put(`/whitelist/host/${encoded}/off`)).toMatchObject({ status: 400, json: { code: 'bad-host-name' } });
    expect(await put('/whitelist/manual', { hosts: [name], flag: 'off' })).toMatchObject({
      status: 400,
      json: { code: 'bad-host-name' },
    });
  },
);

test('__proto__ is a host name like any other', async () => {
  expect((await put('/whitelist/host/__proto__/off')).status).toBe(201);
  expect(Object.keys((await get('/whitelist/off')).json as object)).toContain('__proto__');
  expect((await remove('/whitelist/host/__proto__')).status).toBe(200);
});

async function lay(name: string, data: string): Promise<void> {
  await master.store.commit([{ host: hostName(name), expect: 'absent', data }]);
}
