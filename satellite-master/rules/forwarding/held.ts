import { StreamArgumentError } from '../../streams/index.ts';
import type { RuleEffects } from '../api/index.ts';

/** A rule that forwards to an address of each host would never end. */
const MAX_ADDRESSES = 100;

/** Where one rules module forwards to: held from the first stream that does until the module's end. */
export class HeldForwards {
  readonly #effects: RuleEffects;
  readonly #addresses = new Set<string>();

  constructor(effects: RuleEffects) {
    this.#effects = effects;
  }

  /** @throws StreamArgumentError for too many */
  hold(address: string): void {
    if (this.#addresses.has(address)) return;
    if (this.#addresses.size >= MAX_ADDRESSES)
      throw new StreamArgumentError('forward', `${address} is beyond ${MAX_ADDRESSES} addresses of one rules module`);
    this.#addresses.add(address);
    this.#effects.holdForward?.(address);
  }

  release(): void {
    for (const address of this.#addresses) this.#effects.releaseForward?.(address);
    this.#addresses.clear();
  }
}
