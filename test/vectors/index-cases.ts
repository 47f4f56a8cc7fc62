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
const DEFAULT_TTL_S = 60;

/** A hub whose subscriber only keeps what it gets. */
class House {
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
  const house = new House();
  const fed: { readonly raw: Raw; readonly arrivedS: number }[] = [];
  let line: string | undefined;
  for (const { op, args, result, exception } of ops as Operation[]) {
    const [first, second] = args ?? [];
    const nowS = house.clock.monoMs() / 1000;
    if (op === 'at') {
      house.moveTo(Number(first));
      continue;
    }
    if (op === 'update') {
      fed.push({ raw: first as Raw, arrivedS: nowS });
      house.update(first as Raw);
      if (exception !== undefined && (first as Raw)['time'] === undefined) line = NO_TIME;
      else if (exception !== undefined) return different(`update took what gave ${exception}`);
      continue;
    }
    const ours = answer(house, op, first, second);
    if (ours === UNKNOWN) return different(`unknown operation: ${op}`);
    if (same(asTheirs(ours, fed), result)) continue;
    const explained = explain(ours, result, fed, nowS);
    if (!explained) return different(`${op}: ${shownValue(ours)}, not ${shownValue(result)}`);
    line ??= explained;
  }
  return line === undefined ? SAME : onPurpose(line);
};

const UNKNOWN = Symbol('unknown');

function answer(house: House, op: string, first: unknown, second: unknown): unknown {
  const { index } = house;
  const found = (raw: Raw) => index.get(String(raw['host'] ?? ''), String(raw['service']))?.event;
  switch (op) {
    case 'dump':
      return sorted(house.all());
    case 'lookup':
      return found({ host: first, service: second });
    case 'search':
      return sorted(house.all().filter(matching(String(first))));
    case 'expire':
      return sorted(house.takeExpired());
    case 'delete': {
      const event = found(first as Raw);
      if (event) index.delete(event.host ?? '', event.service);
      return event;
    }
    case 'delete-exactly': {
      const event = found(first as Raw);
      const exact = event !== undefined && same(event, asEvent(first as Raw));
      if (exact) index.delete(event.host ?? '', event.service);
      return exact;
    }
    case 'clear':
      for (const { host, service } of house.all()) index.delete(host ?? '', service);
      return undefined;
    default:
      return UNKNOWN;
  }
}

/** The intake gives an event the ttl and the time that it lacks; the original keeps it as it came. */
function asTheirs(ours: unknown, fed: readonly { readonly raw: Raw }[]): unknown {
  if (Array.isArray(ours)) return ours.map((one) => asTheirs(one, fed));
  if (typeof ours !== 'object' || ours === null) return ours;
  const event = ours as Raw;
  const lacksTtl = fed.some(
    ({ raw }) =>
      raw['ttl'] === undefined &&
      raw['metric'] === event['metric'] &&
      keyOf(raw) === keyOf(event) &&
      raw['time'] === event['time'],
  );
  return lacksTtl && event['ttl'] === DEFAULT_TTL_S ? { ...event, ttl: undefined } : event;
}

const keyOf = (raw: Raw) => JSON.stringify([raw['host'], raw['service']]);

/** The line that explains every key in which the answers differ, or undefined. */
function explain(
  ours: unknown,
  theirs: unknown,
  fed: readonly { readonly raw: Raw; readonly arrivedS: number }[],
  nowS: number,
): string | undefined {
  const byKey = (value: unknown) => new Map(list(value).map((raw) => [keyOf(raw), raw]));
  const [mine, others] = [byKey(ours), byKey(theirs)];
  const reasons = [...new Set([...mine.keys(), ...others.keys()])].flatMap((key) => {
    const [one, other] = [mine.get(key), others.get(key)];
    if (one && other && same(asTheirs(one, fed), other)) return [];
    const events = fed.filter(({ raw }) => keyOf(raw) === key);
    if (events.some(({ raw }) => raw['time'] === undefined)) return [NO_TIME];
    // The one that came first has the newer time.
    if (one && other) return [Number(one['time']) > Number(other['time']) ? NEWER : undefined];
    // Whether it has run out, by the one reckoning or the other, is the question only where it has by one of them.
    const isByArrival = events.some(({ raw, arrivedS }) => {
      const ttlS = Number(raw['ttl'] ?? DEFAULT_TTL_S);
      const [endHere, endThere] = [arrivedS + ttlS, Number(raw['time']) + ttlS];
      // In ours the moment itself is the end already, and nothing waits for a reaper to be called.
      return endHere <= nowS || endThere < nowS;
    });
    return [isByArrival ? ARRIVAL : undefined];
  });
  return reasons.length > 0 && !reasons.includes(undefined) ? reasons[0] : undefined;
}

function list(value: unknown): Raw[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'object' && one !== null);
}

function sorted(events: Event[]): Event[] {
  return events.sort((a, b) => (`${a.host} ${a.service}` < `${b.host} ${b.service}` ? -1 : 1));
}

/** What goes down the streams when indexed events expire; which of their other fields go with it, ours does not ask. */
export const runReaperCase: Runner = (_, vector): Outcome => {
  const house = new House();
  for (const raw of vector['indexed'] as Raw[]) house.update(raw);
  house.streamed.length = 0;
  house.moveTo(Number(vector['clock']));
  const core = ({ host, service, state }: Raw) => ({ host, service, state });
  const [ours, theirs] = [house.streamed, vector['streamed'] as Raw[]];
  const left = (vector['left'] as Raw[]).map(keyOf).sort();
  if (!same(sortedRaw(ours as unknown as Raw[]).map(core), sortedRaw(theirs).map(core)))
    return different(`streamed ${shownValue(ours)}, not ${shownValue(theirs)}`);
  if (
    !same(
      house
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
