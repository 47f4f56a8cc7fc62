/**
 * Which hosts are heard, and since when the others are silent: by the events of their tests, whatever the rules judge.
 * The guard asks before it believes that hosts died (docs/judgement.md, rule 7), and so does the removal of hosts that
 * have left (rule 11).
 */
import type { Clock } from '../../shared/clock.ts';
import { type Event, TEST_PREFIX } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { EventHub, HubSubscriber, Origin } from './event-hub.ts';
import { MAX_HOSTS } from './event-index.ts';

/** A host from which nothing has arrived for a while. */
export interface QuietHost {
  readonly host: HostName;
  /**
   * When its last event arrived, monotonic ms. Not when its last ttl ended: hosts that are cut off together were last
   * heard within one report interval, while the ttls of tests with long periods end minutes apart.
   */
  readonly lastHeardMs: number;
  /** All its tests are past their ttl; else it is only overdue. */
  readonly silent: boolean;
}

interface HostPresence {
  lastHeardMs: number;
  /** The shortest ttl among its tests since it was silent last. */
  shortestTtlMs: number;
  /** Monotonic ms; undefined: it is heard. */
  silentSinceMs: number | undefined;
}

export class Presence implements HubSubscriber {
  readonly wants = 'tests';
  readonly #hub: EventHub;
  readonly #clock: Clock;
  readonly #hosts = new Map<HostName, HostPresence>();
  readonly #listeningSinceMs: number;

  /** Subscribes to the hub. */
  constructor({ hub, clock }: { readonly hub: EventHub; readonly clock: Clock }) {
    this.#hub = hub;
    this.#clock = clock;
    this.#listeningSinceMs = clock.monoMs();
    hub.subscribe(this);
  }

  onEvent({ host, service, state, ttl }: Event, origin: Origin): void {
    if (origin === 'rules' || host === undefined || !isTest(service, state)) return;
    if (state === 'expired') {
      this.#silence(host);
      return;
    }
    const known = this.#hosts.get(host);
    if (!known) {
      if (this.#hosts.size >= MAX_HOSTS) return;
      const lastHeardMs = this.#clock.monoMs();
      this.#hosts.set(host, { lastHeardMs, shortestTtlMs: ttl * 1000, silentSinceMs: undefined });
      return;
    }
    known.shortestTtlMs = known.silentSinceMs === undefined ? Math.min(known.shortestTtlMs, ttl * 1000) : ttl * 1000;
    known.lastHeardMs = this.#clock.monoMs();
    known.silentSinceMs = undefined;
  }

  onExpired({ host, service, state }: Event): void {
    if (host !== undefined && isTest(service, state)) this.#silence(host);
  }

  /** The host left the inventory. */
  dropHost(host: HostName): void {
    this.#hosts.delete(host);
  }

  /** Whether a test of the host is live. */
  isHeard(host: HostName): boolean {
    const known = this.#hosts.get(host);
    return known !== undefined && known.silentSinceMs === undefined;
  }

  /** Hosts that are heard now. */
  *heard(): Iterable<HostName> {
    for (const [host, { silentSinceMs }] of this.#hosts) if (silentSinceMs === undefined) yield host;
  }

  /** How long the host has been silent, ms; since this master listens, if it was never heard; undefined: it is heard. */
  silentForMs(host: HostName): number | undefined {
    const known = this.#hosts.get(host);
    if (!known) return this.#clock.monoMs() - this.#listeningSinceMs;
    return known.silentSinceMs === undefined ? undefined : this.#clock.monoMs() - known.silentSinceMs;
  }

  /** Hosts that are silent, or from which nothing has arrived for more than half of the shortest ttl of their tests. */
  *quiet(): Iterable<QuietHost> {
    const nowMs = this.#clock.monoMs();
    for (const [host, { lastHeardMs, shortestTtlMs, silentSinceMs }] of this.#hosts) {
      const silent = silentSinceMs !== undefined;
      if (silent || nowMs - lastHeardMs > shortestTtlMs / 2) yield { host, lastHeardMs, silent };
    }
  }

  /** A test of the host went silent; with the last of them the host does. */
  #silence(host: HostName): void {
    const known = this.#hosts.get(host);
    if (!known || known.silentSinceMs !== undefined || this.#hub.index.hasTests(host)) return;
    known.silentSinceMs = this.#clock.monoMs();
  }
}

function isTest(service: string, state: string | undefined): boolean {
  return state !== undefined && service.startsWith(TEST_PREFIX);
}
