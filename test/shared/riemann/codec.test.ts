import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { WireError } from '../../../shared/riemann/cursor.ts';
import { decodeMessage } from '../../../shared/riemann/decode.ts';
import { Encoder, encodeMessage, writeEvent } from '../../../shared/riemann/encode.ts';
import type { RiemannEvent } from '../../../shared/riemann/message.ts';

/** Riemann's protocol as its own clients have it: an implementation that shares nothing with ours. */
const Msg = protobuf
  .parse(
    `syntax = "proto2";
    message State { optional int64 time = 1; optional string state = 2; optional string service = 3; optional string host = 4;
      optional string description = 5; optional bool once = 6; repeated string tags = 7; optional float ttl = 8; }
    message Event { optional int64 time = 1; optional string state = 2; optional string service = 3; optional string host = 4;
      optional string description = 5; repeated string tags = 7; optional float ttl = 8; repeated Attribute attributes = 9;
      optional int64 time_micros = 10; optional sint64 metric_sint64 = 13; optional double metric_d = 14; optional float metric_f = 15; }
    message Query { optional string string = 1; }
    message Attribute { required string key = 1; optional string value = 2; }
    message Msg { optional bool ok = 2; optional string error = 3; repeated State states = 4; optional Query query = 5; repeated Event events = 6; }`,
    { keepCase: true },
  )
  .root.lookupType('Msg');

const hex = (text: string) => Buffer.from(text, 'hex');
const foreign = (message: object) => Buffer.from(Msg.encode(Msg.fromObject(message)).finish());

const text = fc.string({ unit: 'binary', maxLength: 300 }).filter((it) => Buffer.from(it).toString() === it);
const float = fc.float({ noNaN: true });
const int64 = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map(Number)
  .filter((n) => n < 2 ** 63);
const event: fc.Arbitrary<RiemannEvent> = fc.record(
  {
    host: text,
    service: text,
    state: text,
    description: text,
    time: fc.oneof(fc.integer(), fc.maxSafeInteger()),
    ttl: float,
    metric: fc.oneof(
      fc.integer(),
      int64,
      fc.double({ noNaN: true }).map((n) => n + 0),
    ),
    tags: fc.array(text, { minLength: 1, maxLength: 5 }),
    attributes: fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      text,
      { minKeys: 1, maxKeys: 5, noNullPrototype: true },
    ),
  },
  { requiredKeys: [] },
);

interface Case {
  readonly event: RiemannEvent;
  readonly msg_hex: string;
  readonly decoded: RiemannEvent;
}

const vectors = JSON.parse(readFileSync('test/fixtures/riemann-vectors/codec.json', 'utf8')) as {
  cases: readonly Case[];
};

describe('the codec beside a real Riemann', () => {
  test.each(vectors.cases)('writes $event', ({ event, msg_hex }) => {
    expect(encodeMessage({ ok: true, events: [event] }).toString('hex')).toBe(msg_hex);
  });
  test.each(vectors.cases)('reads $msg_hex', ({ decoded, msg_hex }) => {
    expect(decodeMessage(hex(msg_hex))).toEqual({ ok: true, events: [decoded] });
  });
});

describe('the codec', () => {
  test('reads what it wrote', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 5 }), fc.option(text), (events, query) => {
        const message = query === null ? { ok: true, events } : { query, events };
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
    );
  });

  test('writes what protobufjs reads, and reads what protobufjs writes', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 3 }), (events) => {
        const bytes = encodeMessage({ events });
        const read = Msg.decode(bytes);
        expect(decodeMessage(Buffer.from(Msg.encode(read).finish()))).toEqual({ events });
        const seen = Msg.toObject(read, { longs: Number }) as { events?: readonly Record<string, unknown>[] };
        expect(
          (seen.events ?? []).map(({ host, service, state, description, tags }) => ({
            host,
            service,
            state,
            description,
            tags,
          })),
        ).toEqual(
          events.map(({ host, service, state, description, tags }) => ({ host, service, state, description, tags })),
        );
      }),
    );
  });

  test('takes a metric in the order sint64, double, float, whatever stands first', () => {
    expect(decodeMessage(foreign({ events: [{ metric_f: 1.5, metric_d: 2.5, metric_sint64: -3 }] })).events).toEqual([
      { metric: -3 },
    ]);
    expect(decodeMessage(hex('320e7d0000c03f71000000000000f03f')).events).toEqual([{ metric: 1 }]);
    expect(decodeMessage(foreign({ events: [{ metric_f: 1.5 }] })).events).toEqual([{ metric: 1.5 }]);
  });

  test('prefers microseconds to seconds', () => {
    expect(decodeMessage(foreign({ events: [{ time: 7, time_micros: 8_250_000 }] })).events).toEqual([{ time: 8.25 }]);
  });

  test('tells microseconds on request, and only where there is a fraction', () => {
    const written = (time: number) => {
      const encoder = new Encoder();
      writeEvent(encoder, { time }, true);
      return Msg.toObject(Msg.decode(encoder.finish()), { longs: Number });
    };
    expect(written(12.5)).toEqual({ events: [{ time: 12, time_micros: 12_500_000 }] });
    expect(written(12)).toEqual({ events: [{ time: 12 }] });
  });

  test('passes over the old states and over fields it does not know, groups included', () => {
    expect(decodeMessage(foreign({ ok: true, states: [{ host: 'a', service: 's' }] }))).toEqual({
      ok: true,
      events: [],
    });
    expect(decodeMessage(hex('ba3e0361626332047b08017c1001')).events).toEqual([{}]);
  });

  test('a name such as __proto__ is an attribute like any other', () => {
    const [read] = decodeMessage(
      foreign({ events: [{ attributes: [{ key: '__proto__', value: 'x' }, { key: 'b' }] }] }),
    ).events;
    expect(Object.entries(read?.attributes ?? {})).toEqual([
      ['__proto__', 'x'],
      ['b', ''],
    ]);
  });

  test('bytes that are no UTF-8 become U+FFFD', () => {
    expect(decodeMessage(hex('32091a02fffe2203703133')).events).toEqual([{ service: '\ufffd\ufffd', host: 'p13' }]);
  });

  test.each([
    ['garbage', 'ffffffffffffffffffff'],
    ['a message that breaks off', '320a'],
    ['a string longer than its event', '32041a056162'],
    ['field 0', '0001'],
    ['wire type 6', '0e'],
    ['a group that is never closed', '3203 7b 0801'.replaceAll(' ', '')],
    ['a closed group that was never opened', '7c'],
    ['a number of eleven bytes', '10ffffffffffffffffffff01'],
    ['a double of seven bytes', '32087100000000000000'],
  ])('says of %s that it is no message', (_, bytes) => {
    expect(() => decodeMessage(hex(bytes))).toThrow(WireError);
  });

  test('groups within groups are followed to a depth, not to the end of the stack', () => {
    expect(() => decodeMessage(Buffer.alloc(1_000_000, 0x0b))).toThrow('groups more than 32 deep');
  });

  test('whatever bytes come: a message or a WireError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeMessage(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
