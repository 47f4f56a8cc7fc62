/**
 * The index: the newest event of each (host, service) and when it runs out (judgement.md 4).
 * Ttl runs from arrival, on the monotonic clock of this master.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { Deadlines } from './deadlines.ts';

export interface IndexEntry {
  readonly event: Event;
  /** Monotonic ms at which it arrived here. */
  readonly arrivedMs: number;
  readonly expiresMs: number;
}

/** The same object for as long as the event lives, so that nothing is made or hashed anew when it is heard again. */
interface Slot {
  event: Event;
  /** This master's own, beside what a report may fill. */
  own: boolean;
  arrivedMs: number;
  expiresMs: number;
}

export const MOST_SERVICES_A_HOST = 256;
/** What this master itself says of one host, such as the figures of a Mesos master: they take no room from reports. */
export const MOST_OWN_SERVICES_A_HOST = 16_384;
export const MOST_HOSTS = 100_000;

/** `older`: an event with a newer time is there and within its ttl. `full`: a new key beyond the bounds. */
export type Taken = 'new' | 'updated' | 'older' | 'full';

/** A gap between two ticks that is longer than this is a stall of our own (judgement.md 7). */
export const STALL_MS = 5_000;

/** Events without a host share this key; no host name is empty. */
const NO_HOST = '';

export class EventIndex {
  readonly #clock: Clock;
  readonly #hosts = new Map<string, Map<string, Slot>>();
  readonly #deadlines = new Deadlines<Slot>();
  /** How many of a host's services are this master's own; no entry: none. */
  readonly #own = new Map<string, number>();
  #size = 0;
  #lastTickMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastTickMs = clock.monoMs();
  }

  get size(): number {
    return this.#size;
  }

  /** Hosts with at least one live event. */
  get hosts(): number {
    return this.#hosts.size - (this.#hosts.has(NO_HOST) ? 1 : 0);
  }

  /** @param own it comes from this master, not from a report */
  take(event: Event, own = false): Taken {
    const host = event.host ?? NO_HOST;
    const nowMs = this.#clock.monoMs();
    const services = this.#hosts.get(host);
    const last = services?.get(event.service);
    if (last && event.time < last.event.time && nowMs - last.arrivedMs <= last.event.ttl * 1000) return 'older';
    if (!last && !this.#hasRoom(host, services, own)) return 'full';
    const expiresMs = nowMs + event.ttl * 1000;
    if (last) {
      last.event = event;
      last.arrivedMs = nowMs;
      last.expiresMs = expiresMs;
      this.#deadlines.set(last, expiresMs);
      return 'updated';
    }
    const slot = { event, own, arrivedMs: nowMs, expiresMs };
    if (services) services.set(event.service, slot);
    else this.#hosts.set(host, new Map([[event.service, slot]]));
    this.#deadlines.set(slot, expiresMs);
    if (own) this.#own.set(host, (this.#own.get(host) ?? 0) + 1);
    this.#size++;
    return 'new';
  }

  get(host: string, service: string): IndexEntry | undefined {
    return this.#hosts.get(host)?.get(service);
  }

  /** All live events of a host, without order. */
  *ofHost(host: string): Iterable<IndexEntry> {
    yield* this.#hosts.get(host)?.values() ?? [];
  }

  /** Hosts with live events, and '' where there are events without one. */
  hostNames(): Iterable<string> {
    return this.#hosts.keys();
  }

  *all(): Iterable<IndexEntry> {
    for (const services of this.#hosts.values()) yield* services.values();
  }

  delete(host: string, service: string): boolean {
    const services = this.#hosts.get(host);
    const slot = services?.get(service);
    if (!services || !slot) return false;
    services.delete(service);
    if (services.size === 0) this.#hosts.delete(host);
    this.#deadlines.delete(slot);
    if (slot.own) this.#forgetOwn(host);
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
      this.#deadlines.postponeAll(({ event }) => nowMs + event.ttl * 1000);
      return { expired: [], stalledMs: gapMs };
    }
    const expired: Event[] = [];
    for (const { event } of this.#deadlines.takeDue(nowMs)) {
      expired.push(event);
      this.delete(event.host ?? NO_HOST, event.service);
    }
    return { expired, stalledMs: 0 };
  }

  #hasRoom(host: string, services: Map<string, Slot> | undefined, own: boolean): boolean {
    if (!services) return this.#hosts.size < MOST_HOSTS;
    const owned = this.#own.get(host) ?? 0;
    return own ? owned < MOST_OWN_SERVICES_A_HOST : services.size - owned < MOST_SERVICES_A_HOST;
  }

  #forgetOwn(host: string): void {
    const left = (this.#own.get(host) ?? 1) - 1;
    if (left > 0) this.#own.set(host, left);
    else this.#own.delete(host);
  }
}
