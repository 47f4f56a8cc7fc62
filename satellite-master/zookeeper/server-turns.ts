import { Backoff, type BackoffOptions } from '../../shared/backoff.ts';
import type { Server } from './library.ts';

/** A connection that lived that long was a good one: after it the next attempt is made at once. */
const STABLE_MS = 1_000;
const RETRY: BackoffOptions = { firstMs: 100, maxMs: 1_000 };

/**
 * Which server is next, and when: all of them once without a pause, then with one that grows. The library turns
 * through a dead list at random pauses, and without any where a server cuts after each handshake.
 */
export class ServerTurns {
  readonly #servers: readonly Server[];
  readonly #backoff: Backoff;
  #turn = 0;
  #attempts = 0;

  /** @param servers at least one; their order is left to chance, so that not all masters lie on the first */
  constructor(servers: readonly Server[], retry: BackoffOptions = RETRY) {
    this.#backoff = new Backoff(retry);
    this.#servers = servers
      .map((server) => ({ server, order: Math.random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ server }) => server);
  }

  next(): { readonly server: Server | undefined; readonly delayMs: number } {
    const server = this.#servers[this.#turn++ % this.#servers.length];
    return { server, delayMs: this.#attempts++ < this.#servers.length ? 0 : this.#backoff.next() };
  }

  /** A connection is gone that had lived for `ms`. */
  lived(ms: number): void {
    if (ms < STABLE_MS) return;
    this.#attempts = 0;
    this.#backoff.reset();
  }
}
