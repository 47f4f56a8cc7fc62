/** What a change by hand leaves as it was, what it replaces, and what its answer warns of. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, type Reply } from '../../support/ask.ts';
import { type HttpMaster, startHttpMaster } from '../../support/http-master.ts';

let master: HttpMaster;
let host = '';
let count = 0;

beforeAll(async () => {
  master = await startHttpMaster({
    services: { unknownHost: async (name) => (name.startsWith('strange') ? `${name} was unknown` : undefined) },
  });
});
afterAll(() => master.close());
beforeEach(() => {
  host = `192.0.2.${++count}`;
});

const request = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  ask(master.url, path, { method, headers, ...(body === undefined ? {} : { body }) });
const off = (body?: unknown) => request('PUT', `/whitelist/host/${host}/off`, body);

interface Shown {
  readonly 'manual-events': Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly warnings?: readonly string[];
  readonly changed: Readonly<Record<string, unknown>>;
}

const shown = ({ json }: Reply) => json as Shown;
const manual = (reply: Reply) => shown(reply)['manual-events']['manual'] ?? {};
const endOf = ({ time, ttl }: Readonly<Record<string, unknown>>) => Number(time) + Number(ttl);

describe('an event that stands in the same state', () => {
  const said = { by: 'ann', description: 'disk swap', ttl: '2h' };

  test('stays as it is where the body leaves everything out, and the answer says that its end stays', async () => {
    const first = await off(said);
    const again = await off();
    expect(again.status).toBe(200);
    expect(manual(again)).toEqual(manual(first));
    expect(shown(again).changed).toEqual(shown(first).changed);
    expect(shown(again).warnings).toEqual([
      `manual on ${host} still ends at ${new Date(endOf(manual(first)) * 1000).toISOString()}: no ttl was given (null: no end)`,
    ]);
    const text = await request('PUT', `/whitelist/host/${host}/off`, undefined, { accept: 'text/plain' });
    expect(text.text).toMatch(new RegExp(`^${host} is now off\\.\\nwarning: manual on ${host} still ends at .*\\n$`));
  });

  test('changes in what the body names alone, with PUT and POST, under any id', async () => {
    const path = `/whitelist/host/${host}/event/raid`;
    const first = shown(await request('PUT', path, { state: 'critical', ...said, rack: 'r1' }));
    for (const method of ['PUT', 'POST']) {
      const next = shown(await request(method, path, { state: 'critical', description: method }));
      expect(next['manual-events']['raid']).toEqual({ ...first['manual-events']['raid'], description: method });
      expect(next.warnings).toHaveLength(1);
    }
  });

  test('gets a new end with a ttl, counted from now, and none with null', async () => {
    const first = await off(said);
    const longer = await off({ ttl: '5h' });
    expect(endOf(manual(longer)) - endOf(manual(first))).toBeGreaterThan(3 * 3_600 - 1);
    expect(manual(longer)).toMatchObject({ by: 'ann', description: 'disk swap', ttl: 5 * 3_600 });
    expect(shown(longer).warnings).toBeUndefined();
    const endless = await off({ ttl: null });
    expect(manual(endless)).not.toHaveProperty('ttl');
    expect(manual(endless)).toMatchObject({ by: 'ann', description: 'disk swap' });
  });

  test('loses what the body says is null', async () => {
    await off({ ...said, override: null });
    expect(manual(await off({ description: null, by: null }))).toMatchObject({ by: '127.0.0.1', ttl: 7_200 });
    expect(manual(await off())).not.toHaveProperty('description');
  });

  test('keeps its end when it is made to outweigh the others', async () => {
    const on = (body?: unknown) => request('PUT', `/whitelist/host/${host}/on`, body);
    const first = await on(said);
    await request('PUT', `/whitelist/host/${host}/event/raid`, { state: 'critical' });
    expect((await on()).status).toBe(409);
    const overridden = await on({ override: true });
    expect(overridden.status).toBe(200);
    expect(endOf(manual(overridden))).toBeCloseTo(endOf(manual(first)), 2);
    expect(manual(overridden)).toMatchObject({ by: 'ann', override: 'true' });
    expect(manual(await on({ override: false }).then(() => on({ override: true })))).toMatchObject({
      override: 'true',
    });
  });
});

test('an event in another state is made anew', async () => {
  await off({ by: 'ann', description: 'disk swap', ttl: '2h' });
  const on = await request('PUT', `/whitelist/host/${host}/on`);
  expect(manual(on)).toEqual({ state: 'ok', time: expect.any(Number), by: '127.0.0.1' });
  expect(shown(on).warnings).toBeUndefined();
});

test('by and description are required in the body, whatever stands there', async () => {
  const strict = await startHttpMaster({ settings: { requireReason: true } });
  try {
    const put = (body?: unknown) =>
      ask(strict.url, '/whitelist/host/192.0.2.1/off', { method: 'PUT', ...(body === undefined ? {} : { body }) });
    expect((await put({ by: 'ann', description: 'disk swap' })).status).toBe(201);
    for (const body of [undefined, { by: 'ann' }, { by: 'ann', description: null }])
      expect(await put(body)).toMatchObject({ status: 400, json: { code: 'reason-required' } });
  } finally {
    await strict.close();
  }
});

describe('a change of the whole override', () => {
  const colleagues = async (name: string) => {
    const path = `/whitelist/host/${name}/event`;
    await request('PUT', `${path}/network`, { state: 'critical', by: 'bob', description: 'switch 7' });
    await request('PUT', `${path}/raid`, { state: 'critical', by: 'eve' });
  };
  const historyOf = async (name: string) =>
    ((await ask(master.url, `/whitelist/host/${name}/history`)).json as { readonly reason: string }[])[0]?.reason;

  test.each(['PUT', 'DELETE'])(
    'of one and of many says what it replaced, and the history has the ids: %s',
    async (method) => {
      const other = `192.0.2.${++count}`;
      for (const name of [host, other]) await colleagues(name);
      const verb = method === 'PUT' ? 'replaced' : 'withdrawn';
      const body = method === 'PUT' ? { flag: 'off', description: 'rack 7' } : { description: 'rack 7' };
      const warnings = (name: string) => [
        `${verb} on ${name}: network, critical by bob (switch 7)`,
        `${verb} on ${name}: raid, critical by eve`,
      ];
      const one = await request(method, `/whitelist/manual/${host}`, body);
      expect(shown(one).warnings).toEqual(warnings(host));
      expect(await historyOf(host)).toBe(`rack 7; ${verb}: network, raid`);
      const many = await request(method, '/whitelist/manual', { ...body, hosts: [host, other] });
      expect(many.status).toBe(200);
      expect(shown(many).warnings).toEqual(warnings(other));
      expect(await historyOf(other)).toBe(`rack 7; ${verb}: network, raid`);
    },
  );
});

test('a change of many names the author and the reason that it replaces in an event of the same state', async () => {
  await off({ by: 'ann', description: 'disk swap' });
  const put = (body: object) => request('PUT', '/whitelist/manual', { flag: 'off', hosts: [host], ...body });
  expect(shown(await put({})).warnings).toBeUndefined();
  expect(shown(await put({ by: 'bob', description: 'rack 7' })).warnings).toEqual([
    `replaced on ${host}: manual, critical by ann (disk swap)`,
  ]);
  expect(shown(await put({ by: 'bob', description: 'rack 7' })).warnings).toBeUndefined();
});

test('a host that nobody knows is changed all the same, and the answer says so', async () => {
  for (const [method, path, body] of [
    ['PUT', '/whitelist/host/strange1/off', {}],
    ['POST', '/whitelist/host/strange2/event/x', { state: 'critical' }],
    ['PUT', '/whitelist/manual/strange3', { flag: 'off' }],
    ['PUT', '/whitelist/manual', { flag: 'off', hosts: ['strange4', host] }],
  ] as const) {
    const answer = await request(method, path, body);
    expect(answer.status).toBeLessThan(300);
    expect(shown(answer).warnings).toEqual([expect.stringMatching(/^strange\d was unknown$/)]);
  }
  expect(shown(await request('PUT', '/whitelist/host/strange1/off')).warnings).toBeUndefined();
});
