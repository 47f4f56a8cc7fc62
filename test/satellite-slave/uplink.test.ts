import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { EventQueue, MAX_EVENTS } from '../../satellite-slave/uplink/event-queue.ts';
import { outcomeOf } from '../../satellite-slave/uplink/response.ts';
import { Token } from '../../satellite-slave/uplink/token.ts';
import { reportsTo, Uplink } from '../../satellite-slave/uplink/uplink.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { HttpClient } from '../../shared/http-client.ts';
import { until } from '../support/until.ts';
import { logLines } from './support/log-lines.ts';
import { fileWith } from './support/settings-file.ts';
import { acceptAll, closedPort, type Reply, type Request, reportsOf, StubServer } from './support/stub-server.ts';

const HOST = parseHostName('a1.example') as HostName;
const event = (service: string, more: Partial<Event> = {}): Event => ({
  service,
  time: 1,
  ttl: 300,
  state: 'ok',
  ...more,
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A clock whose waits are a hundred times as fast, and that remembers how long they were meant to be. */
function fastClock(): Clock & { waits: number[] } {
  const waits: number[] = [];
  const after: Clock['after'] = (delayMs, task) => {
    waits.push(delayMs);
    return systemClock.after(delayMs / 100, task);
  };
  return { ...systemClock, after, waits };
}

async function linked(reply: (request: Request) => Reply, options: { token?: string } = {}) {
  const server = new StubServer(reply);
  const origin = await server.listen();
  const { log, lines, entries } = logLines();
  const clock = fastClock();
  const client = new HttpClient(origin);
  const master = reportsTo({ client, token: new Token(options.token), clock, hostName: () => HOST });
  const uplink = new Uplink(master, { clock, log, random: () => 1 });
  closing.push(
    () => uplink.close(),
    () => server.close(),
  );
  return { server, uplink, lines, entries, clock, origin, reports: () => reportsOf(server) };
}

describe('a report', () => {
  test('has the host and the events of the same moment, with attributes beside the other keys', async () => {
    const { uplink, reports, server } = await linked(acceptAll);
    uplink.report([event('a', { metric: 1.5, description: 'd', attributes: { load1: '0.5' } })]);
    uplink.report([event('b')]);
    expect(await uplink.flush(50_000)).toBe(true);
    expect(reports()).toEqual([
      {
        host: 'a1.example',
        events: [
          { service: 'a', time: 1, ttl: 300, state: 'ok', metric: 1.5, description: 'd', load1: '0.5' },
          { service: 'b', time: 1, ttl: 300, state: 'ok' },
        ],
      },
    ]);
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/reports',
      headers: { 'content-type': 'application/json' },
    });
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('leaves right away, over a connection that is kept', async () => {
    const { uplink, server, clock } = await linked(acceptAll);
    for (const service of ['a', 'b', 'c']) {
      uplink.report([event(service)]);
      await uplink.flush(50_000);
    }
    expect(server.requests).toHaveLength(3);
    expect(server.connections).toBe(1);
    expect(Math.max(...clock.waits.filter((wait) => wait < 50_000))).toBe(250);
  });

  test('what comes while one is under way goes with the next', async () => {
    let release: (() => void) | undefined;
    const { uplink, reports, server } = await linked(acceptAll);
    const answered = new Promise<void>((resolve) => (release = resolve));
    server.reply = (request) => {
      release?.();
      uplink.report([event('a', { time: 2 }), event('b')]);
      server.reply = acceptAll;
      return acceptAll(request);
    };
    uplink.report([event('a')]);
    await answered;
    await until(() => server.requests.length === 2, { what: 'the second report' });
    expect(reports().map(({ events }) => events.map(({ service, time }) => [service, time]))).toEqual([
      [['a', 1]],
      [
        ['a', 2],
        ['b', 1],
      ],
    ]);
  });

  test('bears the token of the file, never logged, and read again when it is refused', async () => {
    const file = fileWith('old-token\n');
    const { uplink, server, entries } = await linked(
      (request) => (request.headers.authorization === 'Bearer new-token' ? acceptAll(request) : { status: 401 }),
      { token: file },
    );
    uplink.report([event('a')]);
    await until(() => server.requests.length >= 2, { what: 'another try' });
    expect(server.requests[0]?.headers.authorization).toBe('Bearer old-token');
    writeFileSync(file, 'new-token');
    expect(await uplink.flush(3_000_000)).toBe(true);
    expect(JSON.stringify(entries)).toMatch(/answered 401.*token-file/);
    expect(JSON.stringify(entries)).not.toMatch(/old-token|new-token/);
  });

  test('a token exchanged meanwhile serves at once', async () => {
    const file = fileWith('one');
    const token = new Token(file);
    expect(await token.headers()).toEqual({ authorization: 'Bearer one' });
    expect(await token.renew()).toBe(false);
    expect(await token.headers()).toEqual({ authorization: 'Bearer one' });
    writeFileSync(file, 'two\n');
    expect(await token.renew()).toBe(true);
    expect(await token.headers()).toEqual({ authorization: 'Bearer two' });
  });
});

describe('a master that is away', () => {
  test('is tried from 0.5 s to 30 s apart, logged once, counted, and its newest events wait', async () => {
    const port = await closedPort();
    const { log, lines, entries } = logLines();
    const clock = fastClock();
    const client = new HttpClient(`http://127.0.0.1:${port}`);
    const master = reportsTo({ client, token: new Token(undefined), clock, hostName: () => HOST });
    const uplink = new Uplink(master, { clock, log, random: () => 1 });
    closing.push(() => uplink.close());
    uplink.report([event('a')]);
    await until(() => clock.waits.length >= 9, { what: 'eight tries' });
    uplink.report([event('a', { time: 7 })]);
    expect(uplink.waiting).toBe(1);
    expect(clock.waits.slice(0, 9)).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(lines).toEqual(['failed to send events, trying again']);
    expect(entries[0]).toMatchObject({
      url: `http://127.0.0.1:${port}`,
      err: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    const server = new StubServer(acceptAll);
    await server.listen(port);
    closing.push(() => server.close());
    expect(await uplink.flush(3_000_000)).toBe(true);
    expect(reportsOf(server)[0]?.events).toMatchObject([{ service: 'a', time: 7 }]);
    expect(lines.at(-1)).toBe('sending events again');
    expect(entries.at(-1)).toMatchObject({ count: expect.any(Number), durationMs: expect.any(Number) });
  });

  test('that fails while a newer event comes gets the newer one', async () => {
    const { uplink, server, reports } = await linked(() => undefined);
    server.reply = () => {
      uplink.report([event('a', { time: 2 })]);
      server.reply = acceptAll;
      return { status: 500 };
    };
    uplink.report([event('a')]);
    await until(() => reports().length === 2, { what: 'another try' });
    expect(reports()[1]?.events).toMatchObject([{ service: 'a', time: 2 }]);
  });

  test('that was back is tried soon when it is away again', async () => {
    const { uplink, server, clock } = await linked(() => ({ status: 500 }));
    uplink.report([event('a')]);
    await until(() => clock.waits.includes(2_000), { what: 'three failures' });
    server.reply = acceptAll;
    expect(await uplink.flush(3_000_000)).toBe(true);
    server.reply = () => ({ status: 500 });
    const before = clock.waits.length;
    uplink.report([event('a')]);
    await until(() => clock.waits.length >= before + 2, { what: 'the wait after the next failure' });
    expect(clock.waits.slice(before, before + 2)).toEqual([250, 500]);
  });

  test('does not delay another', async () => {
    const hung = await linked(() => undefined);
    const well = await linked(acceptAll);
    for (const { uplink } of [hung, well]) uplink.report([event('a')]);
    expect(await well.uplink.flush(50_000)).toBe(true);
    await until(() => hung.uplink.waiting + well.uplink.waiting === 0, { what: 'the report to be under way' });
    expect(await hung.uplink.flush(1_000)).toBe(false);
  });

  test.each([
    [429, { 'retry-after': '7' }, 7_000],
    [503, { 'retry-after': '2' }, 2_000],
    [503, {}, 500],
    [503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 500],
    [429, { 'retry-after': '99999' }, 300_000],
    [500, {}, 500],
    [401, {}, 30_000],
    [403, {}, 30_000],
    [404, {}, 30_000],
    [302, { location: '/' }, 30_000],
    [200, {}, 30_000],
  ])('an answer %i with %j is tried again after %i ms', async (status, headers, wait) => {
    const { uplink, clock, lines, entries, server, reports } = await linked(() => ({ status, headers }));
    uplink.report([event('a')]);
    await until(() => clock.waits.length >= 2, { what: 'the wait after the answer' });
    expect(clock.waits[1]).toBe(wait);
    expect(lines).toHaveLength(1);
    expect(entries[0]?.['err']).toMatch(
      status === 404 ? /looks like an original satellite-master/ : `answered ${status}`,
    );
    server.reply = acceptAll;
    expect(await uplink.flush(3_000_000)).toBe(true);
    expect(reports().at(-1)?.events).toMatchObject([{ service: 'a' }]);
  });
});

describe('what a master does not take', () => {
  test('one event rejected: logged with the reason, once, and not sent again', async () => {
    const { uplink, server, entries, origin } = await linked(() => ({
      status: 202,
      body: JSON.stringify({ accepted: 1, rejected: [{ index: 1, reason: 'state is no word' }] }),
    }));
    for (let round = 0; round < 3; round++) {
      uplink.report([event('a'), event('b')]);
      await uplink.flush(50_000);
    }
    expect(server.requests).toHaveLength(3);
    expect(entries).toEqual([
      expect.objectContaining({
        msg: 'rejected, not sent again: one of the events',
        url: origin,
        service: 'b',
        err: 'state is no word',
      }),
    ]);
  });

  test('400: logged with the reasons, and not sent again', async () => {
    const { uplink, server, entries } = await linked(() => ({
      status: 400,
      body: JSON.stringify({ detail: 'None was acceptable', rejected: [{ index: 0, reason: 'too odd' }] }),
    }));
    uplink.report([event('a')]);
    expect(await uplink.flush(50_000)).toBe(true);
    expect(server.requests).toHaveLength(1);
    expect(entries).toMatchObject([
      { msg: 'events refused, not sent again', err: 'answered 400: None was acceptable' },
      { service: 'a', err: 'too odd' },
    ]);
  });

  test('413: halved until it fits', async () => {
    const { uplink, reports, lines } = await linked((request) =>
      (JSON.parse(request.body) as { events: unknown[] }).events.length > 3 ? { status: 413 } : acceptAll(request),
    );
    const services = Array.from({ length: 10 }, (_, at) => `s${at}`);
    uplink.report(services.map((service) => event(service)));
    expect(await uplink.flush(50_000)).toBe(true);
    const taken = reports().filter(({ events }) => events.length <= 3);
    expect(taken.flatMap(({ events }) => events.map(({ service }) => service)).sort()).toEqual(services);
    expect(lines).toEqual([]);
  });

  test('413 for a single event: dropped, and logged with its name', async () => {
    const { uplink, entries } = await linked(() => ({ status: 413 }));
    uplink.report([event('huge')]);
    expect(await uplink.flush(50_000)).toBe(true);
    expect(entries).toMatchObject([{ msg: 'too large to send, dropped: one of the events', service: 'huge' }]);
  });

  test.each(['', 'x', '[]', '{"rejected": 7}', '{"rejected": [1, {"index": "a"}, null]}'])(
    '202 with %j is taken',
    (body) => {
      expect(outcomeOf({ status: 202, headers: {}, body }, 0)).toEqual({ kind: 'accepted', rejected: [] });
    },
  );
});

describe('events that wait', () => {
  const services = (count: number) => Array.from({ length: count }, (_, at) => event(`s${at}`));

  test('a newer event replaces an older one, also one that could not be delivered', () => {
    const waiting = new EventQueue();
    waiting.add([event('a', { time: 1 }), event('b')]);
    const { items } = waiting.take(10, 10_000);
    waiting.add([event('a', { time: 2 })]);
    waiting.putBack(items);
    expect(waiting.take(10, 10_000).items.map(({ service, time }) => [service, time])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  test('a batch holds as many as fit, by number and by bytes', () => {
    const waiting = new EventQueue();
    waiting.add(services(10));
    expect(waiting.take(4, 10_000).items).toHaveLength(4);
    const { items, json } = waiting.take(1000, 120);
    expect(items).toHaveLength(2);
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(120);
    expect(JSON.parse(json)).toEqual(items);
    expect(waiting.take(1000, 1).items).toHaveLength(1);
    expect(waiting.size).toBe(3);
  });

  test('is bounded: what has waited longest is dropped and counted', () => {
    const waiting = new EventQueue();
    waiting.add(services(MAX_EVENTS + 5));
    expect(waiting.size).toBe(MAX_EVENTS);
    expect(waiting.dropped).toBe(5);
    expect(waiting.take(1, 1_000).items[0]?.service).toBe('s5');
  });
});
