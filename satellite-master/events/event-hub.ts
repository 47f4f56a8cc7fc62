/**
 * Where events arrive and from where they go on: the hub owns the index and the expiry of its entries, and publishes
 * what the index accepted, and what expired, to its subscribers.
 */
import type { Clock } from '../../shared/clock.ts';
import { type Event, expiredEvent } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { EventIndex, type FoundKey, type IndexOutcome } from './event-index.ts';
import { type IndexBounds, isRefusal, type RefusedEvent, refusalText } from './index-bounds.ts';
import type { Found } from './refresh.ts';
import type { Slot } from './slot.ts';

/** `report`: from a slave or a Riemann client. `self`: this master found it out itself. `rules`: a rule made it. */
export type Origin = 'report' | 'self' | 'rules';

export interface HubSubscriber {
  /** `tests`: events of other services need not reach it. Default `all`. */
  readonly wants?: 'tests' | 'all';
  /** What arrives, before the index decides which of it counts. */
  onArrival?(events: readonly Event[], origin: Origin): void;
  /** An event that the index accepted, or one that came with the state `expired`. */
  onEvent?(event: Event, origin: Origin): void;
  /** @param last the event as it was when it expired */
  onExpired?(expired: Event, last: Event): void;
  /** The event loop was blocked, ms: all expiries are postponed by one ttl. */
  onStall?(blockedMs: number): void;
}

/** Why an event does not count. `older`: one with a newer time is live. `full`: a new key beyond the bounds of the index. */
export type DropReason = 'older' | 'full';

/** Told of what is counted in /metrics. */
export interface HubCounters {
  dropped?(reason: DropReason): void;
  expired?(): void;
  stalled?(): void;
}

export interface EventHubOptions {
  readonly counters?: HubCounters;
  /** What the index may hold. */
  readonly bounds?: Partial<IndexBounds>;
  readonly clock: Clock;
  readonly log: Log;
}

export class EventHub {
  readonly index: EventIndex;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #once: OnceLog;
  readonly #counters: HubCounters;
  readonly #subscribers = new Set<HubSubscriber>();

  constructor({ counters = {}, bounds, clock, log }: EventHubOptions) {
    this.index = new EventIndex(clock, bounds);
    this.#clock = clock;
    this.#log = log;
    this.#once = new OnceLog(log, clock);
    this.#counters = counters;
  }

  /** Subscribers are called in the order in which they subscribed. @returns ends the subscription */
  subscribe(subscriber: HubSubscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /**
   * Takes events in: into the index, and on to the subscribers.
   * @returns the events that the index has no room for
   */
  publish(events: readonly Event[], origin: Origin): readonly RefusedEvent[] {
    for (const subscriber of this.#subscribers) subscriber.onArrival?.(events, origin);
    const refused: RefusedEvent[] = [];
    for (const [place, event] of events.entries()) {
      const outcome = this.#index(event, origin);
      if (isRefusal(outcome)) refused.push({ place, reason: refusalText(outcome, this.index.bounds) });
      else if (outcome !== 'older') for (const subscriber of this.#subscribers) subscriber.onEvent?.(event, origin);
    }
    return refused;
  }

  /**
   * Whether an event that is no test may go straight into the index, since no subscriber wants it. To be asked before
   * each message.
   */
  get isIndexEnough(): boolean {
    for (const { wants, onArrival } of this.#subscribers) if (wants !== 'tests' || onArrival) return false;
    return true;
  }

  /** A known event that is no test, straight from its bytes. @returns false: it has to be published as a whole event */
  refresh(found: FoundKey & Found, time: number, nowMs: number): boolean {
    const taken = this.index.applyFound(found, time, nowMs, isNoTest);
    if (taken === 'older') this.#counters.dropped?.('older');
    return taken !== undefined;
  }

  /** All live events. */
  *live(): Iterable<Event> {
    for (const { event } of this.index.all()) yield event;
  }

  /** The host left the inventory: only what arrives from now on counts. */
  dropHost(host: HostName): void {
    this.index.dropHost(host);
  }

  /** Expires what is past its ttl; to be called several times a second. */
  tick(): void {
    const { expired, stalledMs } = this.index.tick();
    if (stalledMs > 0) this.#stalled(stalledMs);
    const timeS = this.#clock.wallMs() / 1000;
    for (const last of expired) {
      this.#counters.expired?.();
      const event = expiredEvent(last, timeS);
      for (const subscriber of this.#subscribers) subscriber.onExpired?.(event, last);
    }
  }

  #stalled(blockedMs: number): void {
    this.#counters.stalled?.();
    this.#log.warn({ blockedMs: Math.round(blockedMs) }, 'event loop blocked; all expiries postponed by one ttl');
    for (const subscriber of this.#subscribers) subscriber.onStall?.(blockedMs);
  }

  /** What became of the event in the index; one with the state `expired` leaves it. */
  #index(event: Event, origin: Origin): IndexOutcome | 'expired' {
    if (event.state === 'expired') {
      this.index.delete(event.host ?? '', event.service);
      return 'expired';
    }
    const outcome = this.index.apply(event, origin !== 'report');
    if (outcome === 'older') this.#counters.dropped?.('older');
    if (isRefusal(outcome)) {
      this.#counters.dropped?.('full');
      const { host, service } = event;
      this.#once.warn(outcome, 'no room in the index: new event rejected', { bound: outcome, host, service });
    }
    return outcome;
  }
}

function isNoTest({ isTest }: Slot): boolean {
  return !isTest;
}
