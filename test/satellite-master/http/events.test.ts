/** `GET /events`: in pages, or all of it line by line. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from '../../../shared/event.ts';
import { ask } from '../../support/ask.ts';
import { type HttpMaster, hostName, startHttpMaster } from '../../support/http-master.ts';

interface Page {
  readonly events: readonly Event[];
  readonly next: string | null;
}

let master: HttpMaster;
const all: string[] = [];
const keyOf = ({ host = '', service }: Pick<Event, 'service'> & { readonly host?: string }) => `${host}/${service}`;

beforeAll(async () => {
  master = await startHttpMaster();
  const { index, clock } = master.services;
  const time = clock.wallMs() / 1000;
  // Taken in an order that is not theirs.
  for (let n = 0; n < 2_500; n++) {
    const at = (n * 7) % 2_500;
    const event = {
      service: `s${at % 50}`,
      time,
      ttl: 600,
      ...(at < 50 ? {} : { host: hostName(`h${at - (at % 50)}`) }),
    };
    index.apply(event);
    all.push(keyOf(event));
  }
  all.sort((a, b) => {
    const [[ha, sa], [hb, sb]] = [a.split('/'), b.split('/')] as [[string, string], [string, string]];
    return ha === hb ? (sa < sb ? -1 : 1) : ha < hb ? -1 : 1;
  });
});
afterAll(() => master.close());

async function page(query: string): Promise<Page> {
  const answer = await ask(master.url, `/events${query}`);
  expect(answer.status).toBe(200);
  return answer.json as Page;
}

async function allPages(query: string): Promise<string[]> {
  const found: string[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const one = await page(`?${query}${next === '' ? '' : `&cursor=${next}`}`);
    found.push(...one.events.map(keyOf));
    next = one.next;
  }
  return found;
}

describe('a page of events', () => {
  test('has 1,000 of them unless another limit is given, sorted by host and service', async () => {
    const first = await page('');
    expect(first.events.map(keyOf)).toEqual(all.slice(0, 1_000));
    expect((await page('?limit=3')).events.map(keyOf)).toEqual(all.slice(0, 3));
    expect(await page('?limit=10000')).toMatchObject({ events: { length: 2_500 }, next: null });
    expect(await page('?limit=2500')).toMatchObject({ next: null });
  });

  test.each(['limit=1000', 'limit=777', 'query=true'])(
    'leads to the next one, until all were there: %s',
    async (query) => {
      expect(await allPages(query)).toEqual(all);
    },
  );

  test('holds what matches the query', async () => {
    expect(await allPages(`limit=7&query=${encodeURIComponent('service = "s7"')}`)).toEqual(
      all.filter((key) => key.endsWith('/s7')),
    );
    expect(await page('?host=h100&limit=5')).toMatchObject({ events: { length: 5 }, next: expect.any(String) });
    expect(await page('?host=none')).toEqual({ events: [], next: null });
  });

  test('goes on behind a place whose event is gone, and shows what came meanwhile', async () => {
    const { next } = await page('?limit=10');
    const last = all[9] as string;
    const { index, clock } = master.services;
    index.delete('', last.split('/')[1] as string);
    expect((await page(`?limit=1&cursor=${next}`)).events.map(keyOf)).toEqual([all[10]]);
    index.apply({ service: last.split('/')[1] as string, time: clock.wallMs() / 1000, ttl: 600 });
  });

  test.each(['limit=0', 'limit=10001', 'limit=-1', 'limit=x', 'limit=1e3', 'cursor=x', 'cursor=W10', 'cursor='])(
    '%s is 400',
    async (query) => {
      expect(await ask(master.url, `/events?${query}`)).toMatchObject({ status: 400, json: { code: 'bad-request' } });
    },
  );
});

describe('as application/x-ndjson', () => {
  const headers = { accept: 'application/x-ndjson' };

  test('all events come, one a line', async () => {
    const answer = await ask(master.url, '/events', { headers });
    expect(answer.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(answer.headers['transfer-encoding']).toBe('chunked');
    const lines = answer.text.trimEnd().split('\n');
    expect(lines.map((line) => keyOf(JSON.parse(line) as Event)).sort()).toEqual([...all].sort());
  });

  test('what the query matches, and nothing where nothing does', async () => {
    const where = (query: string) => ask(master.url, `/events?query=${encodeURIComponent(query)}`, { headers });
    expect((await where('host = "h50"')).text.trimEnd().split('\n')).toHaveLength(50);
    expect((await where('false')).text).toBe('');
    expect((await where('service ~= "("')).status).toBe(400);
  });

  test('limit and cursor are refused', async () => {
    expect((await ask(master.url, '/events?limit=5', { headers })).status).toBe(400);
  });
});
