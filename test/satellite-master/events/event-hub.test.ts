/** Where events arrive and from where they go on. */
import { beforeEach, describe, expect, test } from 'vitest';
import { EventHub } from '../../../satellite-master/events/event-hub.ts';
import type { Event } from '../../../shared/event.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, host } from '../../support/harness.ts';

const a1 = host('a1.example');
let clock: ManualClock;
let hub: EventHub;
let seen: string[];

beforeEach(() => {
  clock = aClock();
  hub = new EventHub({ clock, log: silentLog });
  seen = [];
});

const event = (more: Partial<Event> = {}): Event => ({
  host: a1,
  service: 'load',
  state: 'ok',
  time: clock.wallMs() / 1000,
  ttl: 60,
  ...more,
});

test('what arrives is shown whole to recordings, and only what the index accepted to subscribers', () => {
  hub.subscribe({
    onArrival: (events, origin) => seen.push(`arrived ${events.length} ${origin}`),
    onEvent: ({ time }, origin) => seen.push(`event ${time - clock.wallMs() / 1000} ${origin}`),
  });
  hub.publish([event(), event({ time: clock.wallMs() / 1000 - 10 })], 'report');
  hub.publish([event({ service: 'own' })], 'self');
  expect(seen).toEqual(['arrived 2 report', 'event 0 report', 'arrived 1 self', 'event 0 self']);
});

describe('an event past its ttl', () => {
  test('is published as expired: without metric and attributes, with tags, ttl and description', () => {
    const expired: [Event, Event][] = [];
    hub.subscribe({ onExpired: (now, last) => expired.push([now, last]) });
    const last = event({ metric: 5, attributes: { rack: 'r1' }, tags: ['t'], description: 'd' });
    hub.publish([last], 'report');
    for (let s = 0; s < 62; s++) {
      clock.advance(1_000);
      hub.tick();
    }
    expect(expired).toHaveLength(1);
    const [now, before] = expired[0] ?? [];
    expect(now).toMatchObject({ host: a1, service: 'load', state: 'expired', tags: ['t'], ttl: 60, description: 'd' });
    expect(now).not.toHaveProperty('metric');
    expect(now).not.toHaveProperty('attributes');
    expect(before).toMatchObject({ state: 'ok', metric: 5 });
  });
});

test('a subscription that has ended gets nothing more', () => {
  const end = hub.subscribe({ onEvent: ({ service }) => seen.push(service) });
  hub.publish([event()], 'report');
  end();
  hub.publish([event()], 'report');
  expect(seen).toEqual(['load']);
});

test('events may go straight into the index only while every subscriber wants tests alone', () => {
  expect(hub.isIndexEnough).toBe(true);
  hub.subscribe({ wants: 'tests', onEvent: () => undefined });
  expect(hub.isIndexEnough).toBe(true);
  const end = hub.subscribe({ onEvent: () => undefined });
  expect(hub.isIndexEnough).toBe(false);
  end();
  hub.subscribe({ wants: 'tests', onArrival: () => undefined });
  expect(hub.isIndexEnough).toBe(false);
});

test('a blocked event loop postpones all expiries, and subscribers are told for how long it was blocked', () => {
  hub.subscribe({ onStall: (ms) => seen.push(`blocked ${ms}`), onExpired: () => seen.push('expired') });
  hub.publish([event({ ttl: 5 })], 'report');
  hub.tick();
  clock.advance(7_000);
  hub.tick();
  expect(seen).toEqual(['blocked 7000']);
});
