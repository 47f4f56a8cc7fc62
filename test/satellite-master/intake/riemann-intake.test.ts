import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventHub } from '../../../satellite-master/events/event-hub.ts';
import { RiemannIntake } from '../../../satellite-master/intake/riemann-intake.ts';
import { Metrics } from '../../../satellite-master/stats/metrics.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Event } from '../../../shared/event.ts';
import { silentLog } from '../../../shared/log.ts';
import { WireError } from '../../../shared/riemann/cursor.ts';
import { Encoder, encodeMessage, writeEvent } from '../../../shared/riemann/encode.ts';
import type { RiemannEvent } from '../../../shared/riemann/message.ts';
import { aClock } from '../../support/harness.ts';

function intakeWith(clock: Clock, lookAtTestsOnly: boolean) {
  const metrics = new Metrics({ ofProcess: false });
  const heard: Event[] = [];
  const hub = new EventHub({
    counters: { dropped: (reason) => metrics.eventsDropped.inc({ reason }) },
    clock,
    log: silentLog,
  });
  hub.subscribe({ wants: lookAtTestsOnly ? 'tests' : 'all', onEvent: (event) => heard.push(event) });
  const intake = new RiemannIntake({
    publishEvents: (events) => hub.publish(events, 'report'),
    direct: hub,
    metrics,
    clock,
  });
  const indexed = () => Array.from(hub.index.all(), ({ event, expiresMs }) => ({ ...event, expiresMs }));
  const counted = async (name: string) =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(`satellite_${name}`));
  return { intake, hub, heard, indexed, counted };
}

const clock = aClock();
const nowS = clock.wallMs() / 1000;
const some = <T>(...values: readonly T[]) => fc.constantFrom(...values);
/** Mostly the first, so that events meet under the same key. */
const often = <T>(first: T, ...others: readonly T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: some(...others) });
const event: fc.Arbitrary<RiemannEvent> = fc.record(
  {
    host: often('a', 'b', 'Ü', '', '-'),
    service: often('s', 'mesos/slave/disk', 'é', 'x'.repeat(200), 'a\nb'),
    state: often('ok', 'critical', 'expired', 'é', '', 'x'.repeat(1100)),
    description: some('well', 'ill', '', 'naïve', 'x'.repeat(200), 'x'.repeat(4097), 'é'.repeat(2500)),
    time: often(nowS, nowS - 1, nowS - 0.25, nowS + 1, nowS + 6, nowS + 1e6, 0, -1),
    metric: some(1, -1, 0, 1.5, 1e300, 2 ** 52, -(2 ** 62), Number.NaN, Number.POSITIVE_INFINITY),
    ttl: often(60, 1, 1.5, 0, -1, 1e30, Number.NaN),
    tags: some<readonly string[]>(['a'], ['a', 'b']),
    attributes: some<Record<string, string>>({ k: 'v' }, { by: 'me' }),
  },
  { requiredKeys: ['host', 'service'] },
);
/** Written as other clients do: some without `metric_f`, some with microseconds. */
const message = fc.array(fc.tuple(event, fc.boolean()), { minLength: 2, maxLength: 12 }).map((events) => {
  const encoder = new Encoder();
  for (const [one, micros] of events) writeEvent(encoder, one, micros);
  return encoder.finish();
});

describe('the way past the rules', () => {
  test('leaves the same in the index, and counts the same, as the way through them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 2, maxLength: 8 }), async (messages) => {
        const direct = intakeWith(clock, true);
        const whole = intakeWith(clock, false);
        for (const bytes of messages) for (const { intake } of [direct, whole]) intake.ingest(bytes);
        expect(direct.indexed()).toEqual(whole.indexed());
        for (const name of [
          'events_accepted',
          'events_cut',
          'events_rejected',
          'events_clamped',
          'events_dropped',
          'riemann_unfit',
        ])
          expect(await direct.counted(name)).toEqual(await whole.counted(name));
      }),
      { numRuns: 300 },
    );
  });

  test('is taken by known events that are no tests; tests and new ones go through the rules', () => {
    const { intake, heard } = intakeWith(clock, true);
    const bytes = encodeMessage({
      events: [
        { host: 'a', service: 's' },
        { host: 'a', service: 'mesos/slave/s', state: 'ok' },
      ],
    });
    for (let n = 0; n < 3; n++) intake.ingest(bytes);
    expect(heard.map(({ service }) => service)).toEqual(['s', 'mesos/slave/s', 'mesos/slave/s', 'mesos/slave/s']);
  });

  test('is closed while somebody listens to changes', () => {
    const { intake, hub } = intakeWith(clock, true);
    const bytes = encodeMessage({ events: [{ host: 'a', service: 's' }] });
    intake.ingest(bytes);
    const told: Event[] = [];
    hub.subscribe({ onEvent: (event) => told.push(event) });
    intake.ingest(bytes);
    expect(told).toHaveLength(1);
  });

  test('whatever bytes come: both ways take the same, or call it no message', () => {
    const known = encodeMessage({
      events: [{ host: 'a', service: 's', state: 'ok', metric: 1, ttl: 5, time: 1, description: 'd' }],
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: known.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }),
        (changes) => {
          const bytes = Buffer.concat([known, known]);
          for (const [at, value] of changes) bytes[at] = value;
          const outcomes = [true, false].map((testsOnly) => {
            const { intake, indexed } = intakeWith(clock, testsOnly);
            intake.ingest(known);
            try {
              intake.ingest(bytes);
              return indexed();
            } catch (error) {
              expect(error).toBeInstanceOf(WireError);
              return ['no message', indexed()];
            }
          });
          expect(outcomes[0]).toEqual(outcomes[1]);
        },
      ),
      { numRuns: 500 },
    );
  });
});
