import { beforeEach, describe, expect, test } from 'vitest';
import { EventIndex } from '../../../satellite-master/events/event-index.ts';
import { HeapRoom } from '../../../satellite-master/events/heap-room.ts';
import { DEFAULT_SERVICES_PER_HOST, MAX_TESTS_PER_HOST } from '../../../satellite-master/events/index-bounds.ts';
import type { Event } from '../../../shared/event.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, host } from '../../support/harness.ts';

const a1 = host('a1.example');
let clock: ManualClock;
let index: EventIndex;

beforeEach(() => {
  clock = aClock();
  index = new EventIndex(clock);
});

const event = (over: Partial<Event> = {}): Event => ({
  host: a1,
  service: 'disk',
  state: 'ok',
  time: clock.wallMs() / 1000,
  ttl: 60,
  ...over,
});

/** In steps just below what would be a stall. */
function pass(ms: number): readonly Event[] {
  const expired: Event[] = [];
  for (let left = ms; left > 0; left -= 5_000) {
    clock.advance(Math.min(left, 5_000));
    expired.push(...index.tick().expired);
  }
  return expired;
}

describe('rule 4: which event counts', () => {
  const base = 1_790_000_000;

  test.each([
    ['a newer time wins', base + 1, 1_000, 'updated'],
    ['of equal times the later arrival wins', base, 1_000, 'updated'],
    ['an older time within the ttl is passed over', base - 1, 1_000, 'older'],
    ['an older time at the very end of the ttl is passed over', base - 1, 60_000, 'older'],
    ['an older time after a whole ttl wins: a corrected clock heals', base - 3_600, 60_001, 'updated'],
  ] as const)('%s', (_, time, afterMs, expected) => {
    expect(index.apply(event({ time: base, description: 'first' }))).toBe('new');
    clock.stall(afterMs);
    expect(index.apply(event({ time, description: 'second' }))).toBe(expected);
    expect(index.get(a1, 'disk')?.event.description).toBe(expected === 'older' ? 'first' : 'second');
  });

  test('an older event does not prolong the life of the newer one', () => {
    index.apply(event({ time: base }));
    pass(30_000);
    index.apply(event({ time: base - 1 }));
    expect(pass(30_000)).toHaveLength(1);
  });
});

describe('rule 4: ttl runs from arrival on the monotonic clock', () => {
  test('whatever the slave believes the time to be', () => {
    index.apply(event({ service: 'behind', time: 0 }));
    index.apply(event({ service: 'ahead', time: clock.wallMs() / 1000 + 4 }));
    expect(pass(59_999)).toEqual([]);
    expect(
      pass(1)
        .map(({ service }) => service)
        .sort(),
    ).toEqual(['ahead', 'behind']);
  });

  test('whatever happens to the clock on the wall', () => {
    index.apply(event());
    clock.setWall(clock.wallMs() + 86_400_000);
    expect(pass(59_999)).toEqual([]);
    clock.setWall(0);
    expect(pass(1)).toHaveLength(1);
  });

  test('and anew with each arrival', () => {
    index.apply(event());
    pass(50_000);
    index.apply(event());
    expect(pass(59_999)).toEqual([]);
    expect(pass(1)).toHaveLength(1);
    expect(index.size).toBe(0);
    expect(index.hosts).toBe(0);
  });

  test('a shorter ttl ends sooner than the one before it would have', () => {
    index.apply(event({ ttl: 3_600 }));
    index.apply(event({ ttl: 10 }));
    expect(pass(10_000)).toHaveLength(1);
    expect(pass(3_600_000)).toEqual([]);
  });
});

describe('rule 7: a stall of our own', () => {
  test('of more than 5 s: nothing expires, and all have one more ttl from now', () => {
    index.apply(event({ service: 'short', ttl: 10 }));
    index.apply(event({ service: 'long', ttl: 60 }));
    clock.stall(5_001);
    expect(index.tick()).toEqual({ expired: [], stalledMs: 5_001 });
    expect(pass(9_999)).toEqual([]);
    expect(pass(1).map(({ service }) => service)).toEqual(['short']);
    expect(pass(49_999)).toEqual([]);
    expect(pass(1).map(({ service }) => service)).toEqual(['long']);
  });

  test('of 5 s is none', () => {
    index.apply(event({ ttl: 5 }));
    clock.stall(5_000);
    expect(index.tick().expired).toHaveLength(1);
  });
});

describe('bounds', () => {
  test('256 services a host; one that is known is still updated', () => {
    for (let at = 0; at < DEFAULT_SERVICES_PER_HOST; at++)
      expect(index.apply(event({ service: `s${at}` }))).toBe('new');
    expect(index.apply(event({ service: 'one more' }))).toBe('services-full');
    expect(index.apply(event({ service: 's0' }))).toBe('updated');
    expect(index.apply(event({ host: host('a2.example') }))).toBe('new');
    index.delete(a1, 's1');
    expect(index.apply(event({ service: 'one more' }))).toBe('new');
  });
});

describe('room', () => {
  test('of a host for its tests is kept, whatever else it reports, and the other way round', () => {
    for (let n = 0; n < DEFAULT_SERVICES_PER_HOST; n++) index.apply(event({ service: `collectd ${n}` }));
    expect(index.apply(event({ service: 'collectd' }))).toBe('services-full');
    for (let n = 0; n < MAX_TESTS_PER_HOST; n++)
      expect(index.apply(event({ service: `mesos/slave/${n}` }))).toBe('new');
    expect(index.apply(event({ service: 'mesos/slave/one more' }))).toBe('tests-full');
    index.delete(a1, 'mesos/slave/0');
    expect(index.apply(event({ service: 'collectd' }))).toBe('services-full');
    expect(index.apply(event({ service: 'mesos/slave/one more' }))).toBe('new');
  });

  test('for other services is what the setting says', () => {
    const small = new EventIndex(clock, { servicesPerHost: 2 });
    for (const service of ['a', 'b']) expect(small.apply(event({ service }))).toBe('new');
    expect(small.apply(event({ service: 'c' }))).toBe('services-full');
  });

  test('in memory: without it new keys are refused, known ones go on and do not grow', () => {
    const memory = { hasRoom: true, keyAdded: () => undefined };
    const short = new EventIndex(clock, { memory });
    short.apply(event({ service: 'known' }));
    memory.hasRoom = false;
    expect(short.apply(event({ service: 'new' }))).toBe('memory-full');
    const attributes = { a: 'x'.repeat(1000) };
    const long = event({ service: 'known', state: 'critical', description: 'é'.repeat(2000), tags: ['t'], attributes });
    expect(short.apply(long)).toBe('updated');
    const { attributes: _, tags: __, ...kept } = long;
    expect(short.get(a1, 'known')?.event).toEqual({ ...kept, description: 'é'.repeat(128) });
    memory.hasRoom = true;
    expect(short.apply(event({ service: 'new' }))).toBe('new');
  });

  test('that is missing shows for five minutes after the last refusal', () => {
    const small = new EventIndex(clock, { servicesPerHost: 1 });
    expect(small.state).toBe('ok');
    for (const service of ['a', 'b', 'c']) small.apply(event({ service }));
    expect(small.state).toBe('services-full: 2 new events were not kept, the last one of a1.example');
    clock.advance(299_999);
    expect(small.state).toMatch('services-full');
    clock.advance(1);
    expect(small.state).toBe('ok');
  });
});

describe('the room in the heap', () => {
  const limitBytes = 100_000_000;

  test('ends at 65 % of its limit; before the first full collection everything counts as live', () => {
    let usedBytes = 64_000_000;
    const room = new HeapRoom({ limitBytes, usedBytes: () => usedBytes });
    expect(room.hasRoom).toBe(true);
    usedBytes = 66_000_000;
    expect(asked(room)).toBe(false);
  });

  test('is what a full collection left, less a guess for each key that came since', () => {
    let usedBytes = 50_000_000;
    const room = new HeapRoom({ limitBytes, usedBytes: () => usedBytes });
    room.collected();
    usedBytes = 90_000_000;
    expect(asked(room)).toBe(true);
    for (let key = 0; key < 8_000; key++) room.keyAdded();
    expect(asked(room)).toBe(false);
    usedBytes = 50_000_000;
    room.collected();
    usedBytes = 90_000_000;
    expect(asked(room)).toBe(true);
  });

  /** Often enough that the heap is looked at again. */
  function asked(room: HeapRoom): boolean {
    for (let ask = 0; ask < 40; ask++) void room.hasRoom;
    return room.hasRoom;
  }
});

describe('what it holds', () => {
  test('an event without a host is kept and runs out as any other', () => {
    const { host: _, ...homeless } = event();
    index.apply(homeless);
    expect(index.size).toBe(1);
    expect(index.hosts).toBe(0);
    expect(pass(60_000)).toEqual([homeless]);
  });

  test('of a host that is dropped nothing is left, and nothing of it runs out later', () => {
    index.apply(event());
    index.apply(event({ service: 'memory' }));
    index.dropHost(a1);
    expect([...index.ofHost(a1)]).toEqual([]);
    expect(index.size).toBe(0);
    expect(pass(120_000)).toEqual([]);
  });

  test('services whose names look like keys are kept apart', () => {
    index.apply(event({ service: 'b\nc' }));
    index.apply(event({ service: 'b' }));
    expect(index.size).toBe(2);
    expect(
      pass(60_000)
        .map(({ service }) => service)
        .sort(),
    ).toEqual(['b', 'b\nc']);
  });
});

test("a master's own figures of a host leave its reports the room they have", () => {
  for (let n = 0; n < DEFAULT_SERVICES_PER_HOST + 100; n++)
    expect(index.apply(event({ service: `mesos/key ${n}` }), true)).toBe('new');
  for (let n = 0; n < DEFAULT_SERVICES_PER_HOST; n++) expect(index.apply(event({ service: `test ${n}` }))).toBe('new');
  expect(index.apply(event({ service: 'one more' }))).toBe('services-full');
  index.dropHost(a1);
  for (let n = 0; n < DEFAULT_SERVICES_PER_HOST; n++) expect(index.apply(event({ service: `test ${n}` }))).toBe('new');
  expect(index.apply(event({ service: 'one more' }))).toBe('services-full');
});
