/** The figures that users' rules add to `/metrics/snapshot`: the last value of each, for as long as it holds. */
import type { Clock } from '../../../shared/clock.ts';

/** Beside the master's own, within what the history of figures keeps. */
export const MAX_RULE_FIGURES = 128;

export class RuleStats {
  readonly #clock: Clock;
  readonly #figures = new Map<string, { readonly value: number; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws RangeError for a new name where there are as many as may be */
  set(name: string, value: number, ttlS: number): void {
    if (!this.#figures.has(name) && this.#figures.size >= MAX_RULE_FIGURES) {
      this.#forget();
      if (this.#figures.size >= MAX_RULE_FIGURES)
        throw new RangeError(`there are ${MAX_RULE_FIGURES} figures of rules: no room for ${name}`);
    }
    this.#figures.set(name, { value, untilMs: this.#clock.monoMs() + ttlS * 1000 });
  }

  snapshot(): Readonly<Record<string, number>> {
    this.#forget();
    return Object.fromEntries([...this.#figures].map(([name, { value }]) => [name, value]));
  }

  #forget(): void {
    const nowMs = this.#clock.monoMs();
    for (const [name, { untilMs }] of this.#figures) if (untilMs < nowMs) this.#figures.delete(name);
  }
}
