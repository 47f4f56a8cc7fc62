/**
 * `forward` of rules: one connection for each address, whatever streams and versions of the module use it. It is an
 * effect, so only the leader sends.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { RiemannEvent } from '../../../shared/riemann/index.ts';
import type { Metrics } from '../../stats/index.ts';
import type { StreamEvent } from '../../streams/index.ts';
import { Destination } from './destination.ts';
import { riemannEventOf } from './riemann-event.ts';

export interface ForwardingOptions {
  readonly leads: () => boolean;
  readonly metrics: Pick<Metrics, 'forwarded' | 'forwardDropped'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  /** Hosts and services that may wait for one address; default 10,000. */
  readonly mostWaiting?: number;
}

/** For what still waits for an address that no rule names any more. */
const LAST_MS = 10_000;

export class Forwarding {
  readonly #options: ForwardingOptions;
  readonly #destinations = new Map<string, Destination>();
  /** Released, and still sending what waits in them. */
  readonly #draining = new Set<Destination>();

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  /** Events that wait for all addresses. */
  get waiting(): number {
    return [...this.#destinations.values(), ...this.#draining].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  hold(address: string): void {
    const destination = this.#destinations.get(address) ?? this.#open(address);
    destination.holders++;
  }

  release(address: string): void {
    const destination = this.#destinations.get(address);
    if (!destination || --destination.holders > 0) return;
    this.#destinations.delete(address);
    this.#draining.add(destination);
    void destination.close(LAST_MS).finally(() => this.#draining.delete(destination));
  }

  /** @throws TypeError for the first event that can't be sent; the others are */
  forward(address: string, items: readonly StreamEvent[]): void {
    const { leads, clock } = this.#options;
    const destination = this.#destinations.get(address);
    if (!destination || !leads()) return;
    const events: RiemannEvent[] = [];
    let fault: unknown;
    for (const item of items) {
      try {
        events.push(riemannEventOf(item, clock.wallMs() / 1000));
      } catch (error) {
        fault ??= error;
      }
    }
    if (events.length > 0) destination.put(events);
    if (fault !== undefined) throw fault;
  }

  /** Sends what waits, at most for so long. */
  async close(deadlineMs: number): Promise<void> {
    const all = [...this.#draining, ...this.#destinations.values()];
    this.#destinations.clear();
    await Promise.all(all.map((destination) => destination.close(deadlineMs)));
  }

  #open(address: string): Destination {
    const { metrics } = this.#options;
    const destination = new Destination(address, {
      ...this.#options,
      tried: (outcome, events) => metrics.forwarded.inc({ outcome }, events),
      dropped: (reason, events) => metrics.forwardDropped.inc({ reason }, events),
    });
    this.#destinations.set(address, destination);
    return destination;
  }
}
