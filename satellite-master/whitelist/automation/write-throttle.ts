/**
 * Keeps a quarrel from becoming a storm: two masters that both think they lead, and have heard different things of a
 * host, would undo each other's writes as fast as the store takes them. Who has written a host often of late waits.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { Deadlines } from '../../events/index.ts';

/** More than a host that falls ill, changes its mind and is well again needs. */
const MAX_WRITES = 10;
const WITHIN_MS = 10_000;

export class WriteThrottle {
  readonly #clock: Clock;
  readonly #writes = new Map<HostName, number>();
  readonly #over = new Deadlines<HostName>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wrote(host: HostName): void {
    const writes = this.#writes.get(host) ?? 0;
    this.#writes.set(host, writes + 1);
    if (writes === 0) this.#over.set(host, this.#clock.monoMs() + WITHIN_MS);
  }

  /** Until when the host is not to be written again, monotonic ms; undefined: it may be. */
  waitsUntilMs(host: HostName): number | undefined {
    return (this.#writes.get(host) ?? 0) < MAX_WRITES ? undefined : this.#over.at(host);
  }

  /** To be called several times a second. */
  tick(): void {
    for (const host of this.#over.popDue(this.#clock.monoMs())) this.#writes.delete(host);
  }
}
