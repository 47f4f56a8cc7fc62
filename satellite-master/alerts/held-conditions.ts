/** Which filters let events without a state through to a channel, by the alert's key: when the last one fails, the trouble is over. */
import { MAX_OPEN } from './channel.ts';

export class HeldConditions {
  readonly #filters = new Map<string, Set<object>>();

  begin(key: string, filter: object): void {
    const filters = this.#filters.get(key) ?? new Set();
    this.#filters.delete(key);
    this.#filters.set(key, filters.add(filter));
    const [oldest] = this.#filters.keys();
    if (this.#filters.size > MAX_OPEN && oldest !== undefined) this.#filters.delete(oldest);
  }

  /** @returns whether no condition holds any more under a key under which one did */
  end(keyOf: () => string, filter: object): boolean {
    // Most events fail most conditions: their key is made only where something is held.
    if (this.#filters.size === 0) return false;
    const key = keyOf();
    const filters = this.#filters.get(key);
    if (!filters?.delete(filter) || filters.size > 0) return false;
    return this.#filters.delete(key);
  }
}
