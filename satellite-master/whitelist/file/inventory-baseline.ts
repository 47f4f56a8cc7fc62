/**
 * The names against which disappearances from the store are counted (docs/judgement.md, rule 24a): every host that was
 * in the inventory since the baseline was renewed, less those that were deleted through Satellite. Pure.
 */
import type { HostName } from '../../../shared/host-name.ts';

/** As it is kept in `data-dir`. */
export interface StoredBaseline {
  /** When it was renewed last, unix seconds. */
  readonly renewedS: number;
  readonly hosts: readonly HostName[];
}

/** Without a hold for this long, what is there is taken for right. */
const RENEW_AFTER_S = 86_400;

export class InventoryBaseline {
  readonly #hosts: Set<HostName>;
  readonly #vanished = new Set<HostName>();
  #renewedS: number;
  #changed = false;

  constructor({ renewedS, hosts }: StoredBaseline) {
    this.#renewedS = renewedS;
    this.#hosts = new Set(hosts);
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** Hosts of the baseline whose record is gone, though nobody deleted it. */
  get vanished(): ReadonlySet<HostName> {
    return this.#vanished;
  }

  /** Whether it differs from what was {@link stored} last. */
  get changed(): boolean {
    return this.#changed;
  }

  /** The record of the host is there. */
  appeared(host: HostName): void {
    this.#vanished.delete(host);
    if (this.#hosts.has(host)) return;
    this.#hosts.add(host);
    this.#changed = true;
  }

  /** The record is gone. @param explained it was deleted through Satellite */
  disappeared(host: HostName, explained: boolean): void {
    if (!this.#hosts.has(host)) return;
    if (!explained) {
      this.#vanished.add(host);
      return;
    }
    this.#vanished.delete(host);
    this.#hosts.delete(host);
    this.#changed = true;
  }

  /** What is there now is right: an operator has confirmed it, or a day has passed without a hold. */
  renew(present: Iterable<HostName>, nowS: number): void {
    this.#hosts.clear();
    for (const host of present) this.#hosts.add(host);
    this.#vanished.clear();
    this.#renewedS = nowS;
    this.#changed = true;
  }

  /** @returns whether it is time to renew it, provided that the file is not held */
  isOld(nowS: number): boolean {
    return nowS - this.#renewedS >= RENEW_AFTER_S;
  }

  /** To be kept; {@link changed} is false from now on. */
  stored(): StoredBaseline {
    this.#changed = false;
    return { renewedS: this.#renewedS, hosts: [...this.#hosts] };
  }
}
