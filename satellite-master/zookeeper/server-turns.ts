import { Backoff } from '../../shared/backoff.ts';
import type { Server } from './library.ts';

/** A connection that lived that long was a good one: after it the next attempt is made at once. */
const STABLE_MS = 1_000;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;

/**
 * Which server is next, and when: all of them once without a pause, then with one that grows. The library turns
 * through a dead list at random pauses, and without any where a server cuts after each handshake.
 */
export class ServerTurns {
  readonly #servers: readonly Server[];
  readonly #backoff = new Backoff({ firstMs: FIRST_RETRY_MS, mostMs: LONGEST_RETRY_MS });
  #turn = 0;
  #attempts = 0;

  /** @param servers at least one; their order is left to chance, so that not all masters lie on the first */
  constructor(servers: readonly Server[]) {
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
