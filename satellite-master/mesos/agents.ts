/** Which hosts Mesos knows, as far as its answers can be believed (judgement.md 11): a shorter answer takes nobody away at once. */
import type { Clock } from '../../shared/clock.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { MesosWord } from '../whitelist/inventory.ts';

/** An agent may stay away so long and register again; after it, one that is in no answer counts as unregistered. */
export const REREGISTER_MS = 600_000;

export class MesosAgents {
  readonly #clock: Clock;
  readonly #seen = new Map<HostName, number>();
  #answeredMs: number | undefined;
  #firstAnswerMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param hosts of the agents in one whole answer */
  answered(hosts: Iterable<HostName>): void {
    const nowMs = this.#clock.monoMs();
    for (const host of hosts) this.#seen.set(host, nowMs);
    for (const [host, seenMs] of this.#seen) if (nowMs - seenMs > REREGISTER_MS) this.#seen.delete(host);
    this.#firstAnswerMs ??= nowMs;
    this.#answeredMs = nowMs;
  }

  wordOf(host: HostName): MesosWord {
    const nowMs = this.#clock.monoMs();
    const seenMs = this.#seen.get(host);
    if (seenMs !== undefined && nowMs - seenMs < REREGISTER_MS) return 'registered';
    const fresh = this.#answeredMs !== undefined && nowMs - this.#answeredMs < REREGISTER_MS;
    const longEnough = this.#firstAnswerMs !== undefined && nowMs - this.#firstAnswerMs >= REREGISTER_MS;
    return fresh && longEnough ? 'unregistered' : 'unsure';
  }
}
