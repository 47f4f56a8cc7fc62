import { describe, expect, test } from 'vitest';
import { parseReports } from '../../../satellite-master/intake/reports.ts';

const nowS = 1_795_000_000;
const at = { nowS };

function one(event: unknown) {
  return parseReports({ host: 'a1.example', events: [event] }, at);
}

function reasonFor(event: unknown): string | undefined {
  return one(event).rejected[0]?.reason;
}

describe('an event is taken', () => {
  test('with the defaults for what it leaves out', () => {
    expect(one({ service: 'load' }).accepted).toEqual([{ host: 'a1.example', service: 'load', time: nowS, ttl: 60 }]);
  });

  test('with everything it may have; other keys become attributes', () => {
    const whole = {
      host: 'a1.example',
      service: 'mesos/slave/disk',
      state: 'critical',
      time: nowS - 0.5,
      metric: 97.5,
      ttl: 300,
      description: 'full',
      tags: ['disk', 'ssd'],
    };
    expect(one({ ...whole, mount: '/var', constructor: 'x', toString: 'y' }).accepted).toEqual([
      { ...whole, attributes: { mount: '/var', constructor: 'x', toString: 'y' } },
    ]);
  });

  test('with null for a known key as if the key were not there', () => {
    const nulls = { host: null, state: null, time: null, metric: null, ttl: null, description: null, tags: null };
    expect(one({ service: 'load', ...nulls }).accepted).toEqual([
      { host: 'a1.example', service: 'load', time: nowS, ttl: 60 },
    ]);
  });

  test('with a long description cut at 4 KiB, never within a character', () => {
    const [event] = one({ service: 's', description: `${'a'.repeat(4095)}é` }).accepted;
    expect(event?.description).toBe('a'.repeat(4095));
  });

  test.each([
    ['5 s ahead', nowS + 5, nowS + 5, 0],
    ['more than 5 s ahead', nowS + 5.1, nowS, 1],
    ['long past', 1, 1, 0],
    ['just now', nowS, nowS, 0],
  ])('with a time that is %s', (_title, time, taken, clamped) => {
    expect(one({ service: 's', time })).toMatchObject({ accepted: [{ time: taken }], clamped });
  });

  test('with ten years of ttl', () => {
    expect(one({ service: 's', ttl: 315_360_000 }).rejected).toEqual([]);
  });
});

describe('an event beyond a bound is taken, cut to fit, and counted', () => {
  const refused = ['by', 'override', 'relapses', 'off-since', 'managed-events', 'manual-events', '__proto__'];
  const json = (text: string): object => JSON.parse(text) as object;

  test.each<[string, object, object]>([
    ['state', { state: 'x'.repeat(1025) }, { state: 'x'.repeat(1024) }],
    ['time', { time: -1 }, {}],
    ['ttl', { ttl: 0 }, {}],
    ['ttl', { ttl: -5 }, {}],
    ['ttl', { ttl: 315_360_001 }, {}],
    ['description', { description: 'x'.repeat(4097) }, { description: 'x'.repeat(4096) }],
    ['tags', { tags: Array(33).fill('t') }, { tags: Array(32).fill('t') }],
    ['tags', { tags: ['é'.repeat(513)] }, { tags: ['é'.repeat(512)] }],
    ['attributes', attributes(33), { attributes: attributes(32) }],
    ['attributes', { note: 'é'.repeat(513) }, { attributes: { note: 'é'.repeat(512) } }],
    ['attributes', { ['n'.repeat(1025)]: 'x', k: 'v' }, { attributes: { k: 'v' } }],
    ['attributes', { '': 'x', 'a\u0007': 'x' }, {}],
    ...refused.map((name): [string, object, object] => ['attributes', json(`{"${name}": "x"}`), {}]),
  ])('%s: %j', (part, sent, kept) => {
    const { accepted, rejected, cut } = one({ service: 's', ...sent, ...(part === 'time' ? {} : { time: 5 }) });
    expect(rejected).toEqual([]);
    expect(accepted).toEqual([
      { host: 'a1.example', service: 's', time: part === 'time' ? nowS : 5, ttl: 60, ...kept },
    ]);
    expect([...cut]).toEqual([[part, 1]]);
  });

  test('what fits just so is not counted', () => {
    const { cut } = one({ service: 's', note: 'é'.repeat(512), ...attributes(31), tags: Array(32).fill('t') });
    expect([...cut]).toEqual([]);
  });

  test('null as an attribute is as if it were not there, and so is an empty state of a test', () => {
    const event = { host: 'a1.example', time: nowS, ttl: 60 };
    expect(one({ service: 's', mount: null, state: '' }).accepted).toEqual([{ ...event, service: 's', state: '' }]);
    expect(one({ service: 'mesos/slave/s', state: '' }).accepted).toEqual([{ ...event, service: 'mesos/slave/s' }]);
  });
});

describe('an event is rejected, and told which field, what was found and what is expected', () => {
  test.each<[string, unknown]>([
    ['the event: found 5, expected object', 5],
    ['the event: found null, expected object', null],
    ['the event: found [], expected object', []],
    ['service: found nothing, expected 1-1024 characters', {}],
    ['service: found "", expected 1-1024 characters', { service: '' }],
    ['service: found 5, expected 1-1024 characters', { service: 5 }],
    ['service: found null, expected 1-1024 characters', { service: null }],
    ['service: found "a\\nb", expected no control characters', { service: 'a\nb' }],
    ['state: found true, expected a word', { service: 's', state: true }],
    ['time: found "now", expected unix seconds', { service: 's', time: 'now' }],
    ['metric: found "5", expected a finite number', { service: 's', metric: '5' }],
    ['metric: found Infinity, expected a finite number', JSON.parse('{"service":"s","metric":1e999}')],
    ['ttl: found "60s", expected seconds', { service: 's', ttl: '60s' }],
    ['description: found 5, expected text', { service: 's', description: 5 }],
    ['tags: found "a", expected a list of strings', { service: 's', tags: 'a' }],
    ['tags.1: found 2, expected text', { service: 's', tags: ['a', 2] }],
    ['host: found "a2", expected the host of the report, "a1.example"', { service: 's', host: 'a2' }],
    ['mount: found 5, expected a string, as of every attribute', { service: 's', mount: 5 }],
  ])('%s', (reason, event) => {
    expect(reasonFor(event)).toBe(reason);
  });

  test('for a service of 1,025 characters, and 1,024 are taken', () => {
    expect(reasonFor({ service: 'é'.repeat(1025) })).toMatch('expected 1-1024 characters');
    expect(reasonFor({ service: 'é'.repeat(1024) })).toBeUndefined();
  });

  test('while the others are accepted', () => {
    const events = [{ service: 'a' }, { service: '' }, { service: 'b' }, 7];
    const { accepted, rejected } = parseReports({ host: 'a1', events }, at);
    expect(accepted.map(({ service }) => service)).toEqual(['a', 'b']);
    expect(rejected.map(({ index }) => index)).toEqual([1, 3]);
  });
});

describe('a report as a whole is refused', () => {
  test.each<[string, string, unknown]>([
    ['bad-request', 'the body: found 5, expected object', 5],
    ['bad-request', 'host: found nothing, expected a host name', { events: [] }],
    ['bad-request', 'events: found nothing, expected an array of 1-1000 events', { host: 'a1' }],
    ['bad-request', 'events: found [], expected an array of 1-1000 events', { host: 'a1', events: [] }],
    ['bad-host-name', 'host: found "a b", expected a host name', { host: 'a b', events: [{}] }],
    ['bad-host-name', 'host: found "../x", expected a host name', { host: '../x', events: [{}] }],
    ['too-large', '1001 events, 1000 at most', { host: 'a1', events: Array(1001).fill({ service: 's' }) }],
  ])('%s: %s', (code, message, body) => {
    expect(() => parseReports(body, at)).toThrowError(expect.objectContaining({ code }));
    expect(() => parseReports(body, at)).toThrowError(message);
  });
});

function attributes(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 'x']));
}
