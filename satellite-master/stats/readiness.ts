/** The checks behind `/readyz`: each part registers its own, and the answer lists all of them. */

export interface ReadinessCheck {
  /** One word, or a word and a reason behind a colon: `ok`, `lost: connection refused`. */
  state(): string;
  /** Whether the master is ready as far as this check is concerned; a check without it only informs. */
  isReady?(): boolean;
}

export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();

  /** Checks are shown in the order in which they are added. */
  add(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  /** `{check: state}`. */
  states(): Readonly<Record<string, string>> {
    return Object.fromEntries(Array.from(this.#checks, ([name, check]) => [name, check.state()]));
  }

  isReady(): boolean {
    return [...this.#checks.values()].every((check) => check.isReady?.() ?? true);
  }
}
