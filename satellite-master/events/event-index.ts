/**
 * The index: the newest event of each (host, service) and when it runs out (docs/judgement.md, rule 4).
 * Ttl runs from arrival, on the monotonic clock of this master.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { cutToBytes } from '../../shared/text.ts';
import { ExpiryWheel } from './expiry-wheel.ts';
import { type IndexBounds, MAX_TESTS_PER_HOST, type Refusal, USUAL_BOUNDS } from './index-bounds.ts';
import { RawKeys } from './raw-keys.ts';
import { type Found, isPlain, refresh } from './refresh.ts';
import { RefusalLog } from './refusal-log.ts';
import { Slot } from './slot.ts';
import { TurnQueue } from './turn-queue.ts';

export interface IndexEntry {
  /** As it is now. */
  readonly event: Event;
  /** Monotonic ms at which it arrived here. */
  readonly arrivedMs: number;
  readonly expiresMs: number;
}

/** Where the key lies in the bytes of an event; an event without a host: from and to are the same. */
export interface FoundKey {
  readonly hostFrom: number;
  readonly hostTo: number;
  readonly serviceFrom: number;
  readonly serviceTo: number;
}

/** What this master itself says of one host, such as the figures of a Mesos master: they take no room from reports. */
export const MAX_OWN_SERVICES_PER_HOST = 16_384;
export const MAX_HOSTS = 100_000;

/** `older`: an event with a newer time is there and within its ttl. A refusal: a new key beyond a bound. */
export type IndexOutcome = 'new' | 'updated' | 'older' | Refusal;

/** A gap between two ticks that is longer than this is a stall of our own (docs/judgement.md, rule 7). */
export const STALL_MS = 5_000;

/** Events without a host share this key; no host name is empty. */
const NO_HOST = '';

export class EventIndex {
  /** Who walks the index takes turns here. */
  readonly readers = new TurnQueue();
  readonly #clock: Clock;
  readonly #hosts = new Map<string, Map<string, Slot>>();
  readonly #expiries: ExpiryWheel<Slot>;
  readonly #raw = new RawKeys<Slot>();
  /** How many of a host's services are this master's own, and how many are tests; no entry: none. */
  readonly #own = new Counts();
  readonly #tests = new Counts();
  readonly #bounds: IndexBounds;
  readonly #refusals = new RefusalLog();
  #size = 0;
  #lastTickMs: number;

  constructor(clock: Clock, bounds: Partial<IndexBounds> = {}) {
    this.#clock = clock;
    this.#bounds = { ...USUAL_BOUNDS, ...bounds };
    this.#lastTickMs = clock.monoMs();
    this.#expiries = new ExpiryWheel(this.#lastTickMs);
  }

  get size(): number {
    return this.#size;
  }

  /** Hosts with at least one live event. */
  get hosts(): number {
    return this.#hosts.size - (this.#hosts.has(NO_HOST) ? 1 : 0);
  }

  get bounds(): IndexBounds {
    return this.#bounds;
  }

  /** For `/readyz`: `ok`, or which bound keeps new events out. */
  get state(): string {
    return this.#refusals.state(this.#clock.monoMs());
  }

  /** @param own it comes from this master, not from a report */
  apply(event: Event, own = false): IndexOutcome {
    const host = event.host ?? NO_HOST;
    const nowMs = this.#clock.monoMs();
    const services = this.#hosts.get(host);
    const last = services?.get(event.service);
    if (last && isOlder(event.time, last, nowMs)) return 'older';
    const slot = last ?? this.#begin(event, own);
    if (typeof slot === 'string') {
      this.#refusals.add(slot, event.host, nowMs);
      return slot;
    }
    slot.set(this.#bounds.memory.hasRoom ? event : withoutExtras(event));
    this.#heard(slot, nowMs);
    return last ? 'updated' : 'new';
  }

  /**
   * Takes an event straight from its bytes, where its key is known and `mayApply` the entry; nothing becomes an object.
   * @param time unix seconds of the event
   * @param nowMs monotonic ms
   * @returns undefined: not taken, it has to come as a whole event
   */
  applyFound(
    found: FoundKey & Found,
    time: number,
    nowMs: number,
    mayApply: (slot: Slot) => boolean,
  ): IndexOutcome | undefined {
    const slot = this.#raw.find(found.bytes, found.hostFrom, found.hostTo, found.serviceFrom, found.serviceTo);
    if (!slot || !mayApply(slot) || !isPlain(found) || !this.#bounds.memory.hasRoom) return undefined;
    if (isOlder(time, slot, nowMs)) return 'older';
    slot.time = time;
    refresh(slot, found);
    this.#heard(slot, nowMs);
    return 'updated';
  }

  get(host: string, service: string): IndexEntry | undefined {
    return this.#hosts.get(host)?.get(service);
  }

  /** All live events of a host, without order. */
  *ofHost(host: string): Iterable<IndexEntry> {
    yield* this.#hosts.get(host)?.values() ?? [];
  }

  /** Whether a test of the host is live. */
  hasTests(host: string): boolean {
    for (const { isTest, state } of this.#hosts.get(host)?.values() ?? [])
      if (isTest && state !== undefined) return true;
    return false;
  }

  /** Hosts with live events, and '' where there are events without one. */
  hostNames(): Iterable<string> {
    return this.#hosts.keys();
  }

  all(): Iterable<IndexEntry> {
    return this.#slots();
  }

  delete(host: string, service: string): boolean {
    const services = this.#hosts.get(host);
    const slot = services?.get(service);
    if (!services || !slot) return false;
    services.delete(service);
    if (services.size === 0) this.#hosts.delete(host);
    slot.gone = true;
    this.#expiries.delete(slot);
    if (slot.own) this.#own.lower(host);
    else if (slot.isTest) this.#tests.lower(host);
    this.#size--;
    return true;
  }

  dropHost(host: string): void {
    for (const service of [...(this.#hosts.get(host)?.keys() ?? [])]) this.delete(host, service);
  }

  /**
   * Takes out what has run out since the last call and returns it as it was. To be called several times a second;
   * after a gap of more than 5 s between two calls nothing expires, and everything gets one more ttl.
   */
  tick(): { readonly expired: readonly Event[]; readonly stalledMs: number } {
    const nowMs = this.#clock.monoMs();
    const gapMs = nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    if (gapMs > STALL_MS) {
      for (const slot of this.#slots()) {
        slot.expiresMs = Math.max(slot.expiresMs, nowMs + slot.ttl * 1000);
        this.#expiries.set(slot);
      }
      return { expired: [], stalledMs: gapMs };
    }
    const expired: Event[] = [];
    for (const slot of this.#expiries.popDue(nowMs)) {
      expired.push(slot.event);
      this.delete(slot.host ?? NO_HOST, slot.service);
    }
    return { expired, stalledMs: 0 };
  }

  /** Restarts an entry's ttl. */
  #heard(slot: Slot, nowMs: number): void {
    slot.arrivedMs = nowMs;
    slot.expiresMs = nowMs + slot.ttl * 1000;
    this.#expiries.set(slot);
  }

  *#slots(): Iterable<Slot> {
    for (const services of this.#hosts.values()) yield* services.values();
  }

  /** A new key, or why it is refused. */
  #begin({ host, service }: Event, own: boolean): Slot | Refusal {
    const key = host ?? NO_HOST;
    const slot = new Slot(host, service, own);
    const services = this.#hosts.get(key);
    const refusal = this.#refusalOf(key, services, slot);
    if (refusal) return refusal;
    if (services) services.set(service, slot);
    else this.#hosts.set(key, new Map([[service, slot]]));
    this.#raw.add(slot);
    if (own) this.#own.raise(key);
    else if (slot.isTest) this.#tests.raise(key);
    this.#bounds.memory.keyAdded();
    this.#size++;
    return slot;
  }

  #refusalOf(host: string, services: Map<string, Slot> | undefined, { own, isTest }: Slot): Refusal | undefined {
    const { servicesPerHost, memory } = this.#bounds;
    const tests = this.#tests.of(host);
    const owned = this.#own.of(host);
    if (!services && this.#hosts.size >= MAX_HOSTS) return 'hosts-full';
    if (own) return owned < MAX_OWN_SERVICES_PER_HOST ? undefined : 'services-full';
    if (isTest && tests >= MAX_TESTS_PER_HOST) return 'tests-full';
    if (!isTest && services && services.size - owned - tests >= servicesPerHost) return 'services-full';
    return memory.hasRoom ? undefined : 'memory-full';
  }
}

/** How many of something a host has; none takes no room. */
class Counts {
  readonly #counts = new Map<string, number>();

  of(host: string): number {
    return this.#counts.get(host) ?? 0;
  }

  raise(host: string): void {
    this.#counts.set(host, this.of(host) + 1);
  }

  lower(host: string): void {
    const left = this.of(host) - 1;
    if (left > 0) this.#counts.set(host, left);
    else this.#counts.delete(host);
  }
}

/** While memory is short what is known is kept up to date, but does not grow. */
const SHORT_DESCRIPTION_BYTES = 256;

function withoutExtras({ attributes: _, tags: __, description, ...event }: Event): Event {
  return description === undefined
    ? event
    : { ...event, description: cutToBytes(description, SHORT_DESCRIPTION_BYTES) };
}

/** A newer time is there and within its ttl. */
function isOlder(time: number, slot: Slot, nowMs: number): boolean {
  return time < slot.time && nowMs - slot.arrivedMs <= slot.ttl * 1000;
}
