/** Cases of kind "index" and "reaper": the index through what the original's users did with it. */

import { EventHub } from '../../satellite-master/events/event-hub.ts';
import type { Event } from '../../shared/event.ts';
import { silentLog } from '../../shared/log.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { same, shownValue } from './compare.ts';
import { asEvent, matching } from './query.ts';
import { different, type Outcome, onPurpose, type Runner, SAME } from './vector-file.ts';

type Raw = Readonly<Record<string, unknown>>;
interface Operation {
  readonly op: string;
  readonly args: readonly unknown[] | null;
  readonly result?: unknown;
  readonly exception?: string;
}

const ARRIVAL =
  'docs/judgement.md, rule 4: "The ttl of a report starts when the report arrives, on the monotonic clock of the master that receives it."';
const NO_TIME = 'docs/rules.md, "Differences from Riemann": "An event without a time gets the time of its arrival."';
const NEWER =
  'docs/rules.md, "Differences from Riemann": "The index keeps the event with the newer time when two arrive out of order."';
const KEPT =
  'docs/rules.md, "Differences from Riemann": "An expired event keeps the tags, the ttl and the description of the last event."';
const SERVICE = 'docs/rest.md: an event has a service of 1 to 1,024 characters';
const DEFAULT_TTL_S = 60;

/** A hub whose subscriber only keeps what it gets. */
class Harness {
  readonly clock = new ManualClock();
  readonly streamed: Event[] = [];
  readonly #expired: Event[] = [];
  readonly #hub = new EventHub({ clock: this.clock, log: silentLog });

  constructor() {
    this.#hub.subscribe({
      onEvent: (event) => this.streamed.push(event),
      onExpired: (event, last) => {
        this.streamed.push(event);
        this.#expired.push(last);
      },
    });
  }

  get index() {
    return this.#hub.index;
  }

  update(raw: Raw): void {
    const event = { time: this.clock.wallMs() / 1000, ttl: DEFAULT_TTL_S, ...asEvent(raw) } as Event;
    this.#hub.publish([event], 'report');
  }

  /** The clock moves as it does in a master: it ticks on the way. */
  moveTo(atS: number): void {
    while (this.clock.monoMs() < atS * 1000) {
      this.clock.advance(Math.min(250, atS * 1000 - this.clock.monoMs()));
      this.#hub.tick();
    }
  }

  takeExpired(): Event[] {
    return this.#expired.splice(0);
  }

  all(): Event[] {
    return Array.from(this.index.all(), ({ event }) => event);
  }
}

export const runIndexCase: Runner = (_, { ops }) => {
  const harness = new Harness();
  const expected = new ExpectedIndex();
  let isSame = true;
  for (const { op, args, result, exception } of ops as Operation[]) {
    const [first, second] = args ?? [];
    if (op === 'at') {
      harness.moveTo(Number(first));
      expected.moveTo(Number(first));
      continue;
    }
    if (op === 'update') {
      const raw = withoutNulls(first as Raw);
      if (exception !== undefined && raw['time'] !== undefined) return different(`update took what gave ${exception}`);
      isSame &&= exception === undefined;
      expected.update(raw);
      if (raw['service'] !== undefined) harness.update(raw);
      continue;
    }
    const ours = answer(harness, op, first, second);
    if (ours === UNKNOWN) return different(`unknown operation: ${op}`);
    const wanted = expected.answer(op, first, second);
    isSame &&= same(plainly(ours), plainly(result));
    if (!same(plainly(ours), plainly(wanted)) && !same(plainly(ours), plainly(result)))
      return different(`${op}: ${shownValue(ours)}, not ${shownValue(result)} nor ${shownValue(wanted)}`);
  }
  if (isSame) return SAME;
  const { reason } = expected;
  return reason === undefined ? different('no documented difference explains the results') : onPurpose(reason);
};

const UNKNOWN = Symbol('unknown');

function answer(harness: Harness, op: string, first: unknown, second: unknown): unknown {
  const { index } = harness;
  const found = (raw: Raw) => index.get(String(raw['host'] ?? ''), String(raw['service']))?.event;
  switch (op) {
    case 'dump':
      return harness.all();
    case 'lookup':
      return found({ host: first, service: second });
    case 'search':
      return harness.all().filter(matching(String(first)));
    case 'expire':
      return harness.takeExpired();
    case 'delete': {
      const event = found(first as Raw);
      if (event) index.delete(event.host ?? '', event.service);
      return event;
    }
    case 'delete-exactly': {
      const event = found(first as Raw);
      const exact = event !== undefined && same(plainly(event), plainly(first));
      if (exact) index.delete(event.host ?? '', event.service);
      return exact;
    }
    case 'clear':
      for (const { host, service } of harness.all()) index.delete(host ?? '', service);
      return undefined;
    default:
      return UNKNOWN;
  }
}

/** The original's index with the differences that are on purpose; `reason` is the first of them that had an effect. */
class ExpectedIndex {
  readonly #events = new Map<string, { readonly raw: Raw; readonly arrivedS: number }>();
  #expired: Raw[] = [];
  #nowS = 0;
  reason: string | undefined;

  moveTo(atS: number): void {
    this.#nowS = Math.max(this.#nowS, atS);
    for (const [key, { raw, arrivedS }] of this.#events) {
      if (arrivedS + ttlOf(raw) > this.#nowS) continue;
      this.#events.delete(key);
      this.#expired.push(raw);
      this.reason ??= ARRIVAL;
    }
  }

  update(given: Raw): void {
    if (given['service'] === undefined) {
      this.reason ??= SERVICE;
      return;
    }
    if (given['time'] === undefined) this.reason ??= NO_TIME;
    const raw: Raw = { time: this.#nowS, ...given };
    const before = this.#events.get(keyOf(raw));
    if (raw['state'] === 'expired') {
      this.#events.delete(keyOf(raw));
    } else if (before && Number(raw['time']) < Number(before.raw['time'])) {
      this.reason ??= NEWER;
    } else {
      this.#events.set(keyOf(raw), { raw, arrivedS: this.#nowS });
    }
    // By its time it would end at another moment than by its arrival.
    if (Number(raw['time']) !== this.#nowS) this.#mayEndOtherwise = true;
  }

  #mayEndOtherwise = false;

  answer(op: string, first: unknown, second: unknown): unknown {
    const raws = () => Array.from(this.#events.values(), ({ raw }) => raw);
    switch (op) {
      case 'dump':
        return raws();
      case 'lookup':
        return this.#events.get(keyOf({ host: first, service: second }))?.raw;
      case 'search':
        return raws().filter((raw) => matching(String(first))(asEvent(raw)));
      case 'expire':
        if (this.#mayEndOtherwise) this.reason ??= ARRIVAL;
        return this.#expired.splice(0);
      case 'delete': {
        const raw = this.#events.get(keyOf(first as Raw))?.raw;
        this.#events.delete(keyOf(first as Raw));
        return raw;
      }
      case 'delete-exactly': {
        const raw = this.#events.get(keyOf(first as Raw))?.raw;
        return raw !== undefined && same(plainly(raw), plainly(first)) && this.#events.delete(keyOf(raw));
      }
      default:
        this.#events.clear();
        return undefined;
    }
  }
}

const keyOf = (raw: Raw) => JSON.stringify([raw['host'], raw['service']]);
const ttlOf = (raw: Raw) => Number(raw['ttl'] ?? DEFAULT_TTL_S);

function withoutNulls(raw: Raw): Raw {
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
}

/** Events as the files write them: attributes beside the fields, the default ttl filled in; lists in one order. */
function plainly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainly).sort((a, b) => (keyOf(a as Raw) < keyOf(b as Raw) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const { attributes, ...fields } = value as Raw;
  return { ttl: DEFAULT_TTL_S, ...withoutNulls(fields), ...withoutNulls((attributes as Raw | undefined) ?? {}) };
}

/** What goes down the streams when indexed events expire; which of their other fields go with it, ours does not ask. */
export const runReaperCase: Runner = (_, vector): Outcome => {
  const harness = new Harness();
  for (const raw of vector['indexed'] as Raw[]) harness.update(raw);
  harness.streamed.length = 0;
  harness.moveTo(Number(vector['clock']));
  const core = ({ host, service, state }: Raw) => ({ host, service, state });
  const [ours, theirs] = [harness.streamed, vector['streamed'] as Raw[]];
  const left = (vector['left'] as Raw[]).map(keyOf).sort();
  const cores = (raws: readonly Raw[]) => sortedRaw(raws).map(core);
  if (!same(cores(ours as unknown as Raw[]), cores(theirs))) {
    const expected = new ExpectedIndex();
    for (const raw of vector['indexed'] as Raw[]) expected.update(raw);
    expected.moveTo(Number(vector['clock']));
    const ends = (expected.answer('expire', undefined, undefined) as Raw[]).map((raw) => ({
      ...raw,
      state: 'expired',
    }));
    if (expected.reason !== undefined && same(cores(ours as unknown as Raw[]), cores(ends))) return onPurpose(ARRIVAL);
  }
  if (!same(cores(ours as unknown as Raw[]), cores(theirs)))
    return different(`streamed ${shownValue(ours)}, not ${shownValue(theirs)}`);
  if (
    !same(
      harness
        .all()
        .map((event) => keyOf(event as unknown as Raw))
        .sort(),
      left,
    )
  )
    return different('others are left');
  // The original's reaper came at the clock of the case; ours comes when the ttl is over.
  const timeless = (events: readonly Raw[]) => sortedRaw(events).map(({ time: _time, ...rest }) => rest);
  const mine = timeless(ours as unknown as Raw[]);
  if (same(mine, timeless(theirs))) return SAME;
  const expected = timeless(theirs).map((raw) => {
    const kept = (vector['indexed'] as Raw[]).findLast((one) => keyOf(one) === keyOf(raw)) ?? {};
    const { tags, ttl = DEFAULT_TTL_S, description } = kept;
    return { ...core(raw), tags, ttl, description };
  });
  return same(mine, expected)
    ? onPurpose(KEPT)
    : different(`streamed ${shownValue(mine)}, not ${shownValue(expected)}`);
};

function sortedRaw(events: readonly Raw[]): Raw[] {
  return events.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
