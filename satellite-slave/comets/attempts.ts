import type { Finding } from './comet.ts';

/** States that are no failure: docs/judgement.md, rule 1. */
const NO_FAILURES: ReadonlySet<string | undefined> = new Set([undefined, 'ok', 'warning', 'warn', 'expired']);

/**
 * Failures in a row of each service of one comet. Until there are `max` of them a failure is a `warning`
 * (docs/judgement.md, rule 1b).
 */
export class Attempts {
  readonly #max: number;
  readonly #failures = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether a service has failed, and not often enough yet to be critical. */
  get isRetrying(): boolean {
    for (const failures of this.#failures.values()) if (failures < this.#max) return true;
    return false;
  }

  /** The finding as it is to be reported. */
  apply(finding: Finding): Finding {
    const { service, description } = finding;
    const state = finding.state?.toLowerCase();
    if (this.#max === 1 || state === 'unknown') return finding;
    if (NO_FAILURES.has(state)) {
      this.#failures.delete(service);
      return finding;
    }
    const failures = Math.min((this.#failures.get(service) ?? 0) + 1, this.#max);
    this.#failures.set(service, failures);
    if (failures === this.#max) return finding;
    const attempt = `attempt ${failures} of ${this.#max}`;
    return {
      ...finding,
      state: 'warning',
      description: description === undefined ? attempt : `${attempt}: ${description}`,
    };
  }
}
