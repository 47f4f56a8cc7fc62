import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventHub } from '../../../satellite-master/events/event-hub.ts';
import type { Event } from '../../../shared/event.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { ask } from '../../support/ask.ts';
import { aClock, host } from '../../support/harness.ts';
import { type HttpMaster, startHttpMaster } from '../../support/http-master.ts';
import { until } from '../../support/until.ts';

let clock: ManualClock;
let hub: EventHub;
let listeners: number;
let master: HttpMaster;
const readers: Reader[] = [];

beforeEach(async () => {
  clock = aClock();
  hub = new EventHub({ clock, log: silentLog });
  listeners = 0;
  master = await startHttpMaster({
    limits: { streams: { streams: 2, waitingBytes: 200_000 } },
    services: {
      clock,
      index: hub.index,
      publishEvents: (events) => hub.publish(events, 'report'),
      onChange(listener) {
        listeners++;
        const end = hub.subscribe({ onEvent: (event) => listener(event), onExpired: listener });
        return () => {
          listeners--;
          end();
        };
      },
    },
  });
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  await master.close();
});

/** Reads server-sent events as they come. */
class Reader {
  text = '';
  ended = false;
  status = 0;
  type: string | undefined;
  readonly request: http.ClientRequest;
  answer: http.IncomingMessage | undefined;

  constructor(query: string, { paused = false } = {}) {
    readers.push(this);
    this.request = http.get(`${master.url}/events/stream${query}`, (answer) => {
      this.answer = answer;
      this.status = answer.statusCode ?? 0;
      this.type = answer.headers['content-type'];
      answer.on('close', () => {
        this.ended = true;
      });
      answer.on('error', () => undefined);
      if (!paused) this.read();
    });
    this.request.on('error', () => undefined);
  }

  read(): void {
    this.answer?.on('data', (part: Buffer) => {
      this.text += part.toString();
    });
  }

  /** `host service state` of each event so far. */
  get told(): readonly string[] {
    return this.text
      .split('\n\n')
      .filter((block) => block.startsWith('data: '))
      .map((block) => JSON.parse(block.slice(6)) as Event)
      .map(({ host = '-', service, state = '-' }) => `${host} ${service} ${state}`);
  }

  async untilLive(): Promise<this> {
    await until(() => this.text.includes(': that is what is there'), { what: 'what is there' });
    return this;
  }

  close(): void {
    this.request.destroy();
  }
}

const event = (name: string, over: Partial<Event> = {}): Event => ({
  host: host(name),
  service: 'disk',
  state: 'ok',
  time: clock.wallMs() / 1000,
  ttl: 60,
  ...over,
});

describe('GET /events?query', () => {
  test('answers what matches, sorted; with host=NAME of that host', async () => {
    hub.publish([event('b', { metric: 1 }), event('a', { metric: 2 }), event('a', { service: 'cpu' })], 'report');
    const names = async (query: string) =>
      ((await ask(master.url, `/events${query}`)).json as { events: Event[] }).events.map(
        ({ host, service }) => `${host} ${service}`,
      );
    expect(await names(`?query=${encodeURIComponent('metric > 0')}`)).toEqual(['a disk', 'b disk']);
    expect(await names(`?host=a&query=${encodeURIComponent('metric > 0')}`)).toEqual(['a disk']);
    expect(await names('')).toEqual(['a cpu', 'a disk', 'b disk']);
  });

  test('refuses a host that is none', async () => {
    expect(await ask(master.url, '/events?host=a%20b')).toMatchObject({ status: 400, json: { code: 'bad-host-name' } });
  });

  test.each([
    ['host = ', 8, 'query, column 8: expected a field or a value, found the end'],
    [
      'host ~= "("',
      9,
      'query, column 9: expected a regular expression as RE2 knows them: error parsing regexp: missing closing ): `(`',
    ],
  ])('says where %s is wrong, of the stream too', async (query, column, detail) => {
    for (const path of ['/events', '/events/stream'])
      expect(await ask(master.url, `${path}?query=${encodeURIComponent(query)}`)).toMatchObject({
        status: 400,
        json: { code: 'bad-query', column, detail },
      });
  });
});

describe('GET /events/stream', () => {
  test('tells what is there, then each change, then what ran out', async () => {
    hub.publish([event('a'), event('b', { ttl: 3 })], 'report');
    const reader = await new Reader('').untilLive();
    expect(reader).toMatchObject({ status: 200, type: 'text/event-stream; charset=utf-8' });
    hub.publish([event('a', { state: 'critical' })], 'report');
    await until(() => reader.told.length === 3, { what: 'the change' });
    clock.advance(3_001);
    hub.tick();
    await until(() => reader.told.length === 4, { what: 'the expiry' });
    expect(reader.told).toEqual(['a disk ok', 'b disk ok', 'a disk critical', 'b disk expired']);
  });

  test('tells only what matches the query, and of that also how it ran out', async () => {
    hub.publish([event('a', { ttl: 3 }), event('b', { state: 'critical' })], 'report');
    const reader = await new Reader(`?query=${encodeURIComponent('state = "ok"')}`).untilLive();
    hub.publish([event('c'), event('d', { state: 'critical' })], 'report');
    clock.advance(3_001);
    hub.tick();
    await until(() => reader.told.length === 3, { what: 'three events' });
    expect(reader.told).toEqual(['a disk ok', 'c disk ok', 'a disk expired']);
  });

  test('beats every 15 s', async () => {
    const reader = await new Reader('').untilLive();
    clock.advance(14_999);
    hub.publish([event('a')], 'report');
    await until(() => reader.told.length === 1, { what: 'an event' });
    expect(reader.text).not.toContain('still here');
    clock.advance(1);
    await until(() => reader.text.endsWith(': still here\n\n'), { what: 'the heartbeat' });
  });

  test('a reader that is too slow is disconnected with an overflow event, and costs no memory', async () => {
    const reader = new Reader('', { paused: true });
    await until(() => reader.answer !== undefined, { what: 'the answer' });
    const before = listeners;
    for (let n = 0; n < 3_000; n++) hub.publish([event(`h${n}`, { description: 'x'.repeat(4096) })], 'report');
    await until(() => listeners === before - 1, { what: 'it to be left behind' });
    reader.read();
    await until(() => reader.ended, { what: 'the end' });
    expect(reader.text).toMatch(/event: overflow\ndata: \{"detail":"this reader was too slow: connect again"\}\n\n$/);
    expect(reader.told.length).toBeLessThan(2_999);
  });

  test('one that does not even read that is cut off', async () => {
    const reader = new Reader('', { paused: true });
    await until(() => reader.answer !== undefined, { what: 'the answer' });
    const after = vi.spyOn(clock, 'after');
    for (let n = 0; n < 3_000; n++) hub.publish([event(`h${n}`, { description: 'x'.repeat(4096) })], 'report');
    expect(after).toHaveBeenCalledWith(10_000, expect.any(Function));
    clock.advance(10_000);
    await until(async () => (await master.services.metrics.text()).includes('satellite_event_streams 0'), {
      what: 'its end',
    });
  });

  test('there are so many and not more; who goes makes room', async () => {
    const [first] = [await new Reader('').untilLive(), await new Reader('').untilLive()];
    expect(await ask(master.url, '/events/stream')).toMatchObject({ status: 503, json: { code: 'overloaded' } });
    first.close();
    await until(() => listeners === 1, { what: 'room' });
    await new Reader('').untilLive();
  });

  test('ends when the service closes', async () => {
    const reader = await new Reader('').untilLive();
    // Longer than the test may take: it does not wait for its deadline.
    await master.server.close(600_000);
    await until(() => reader.ended, { what: 'the end' });
  });
});
