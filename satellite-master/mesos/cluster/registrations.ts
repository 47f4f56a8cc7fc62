/**
 * Which hosts are registered with Mesos (docs/judgement.md, rule 11). A snapshot with fewer agents unregisters nobody at
 * once: a leader without quorum knows none, and agents may register again.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { MesosRegistration } from '../../whitelist/automation/index.ts';

/** An agent may register again within this time; after it, a missing one counts as unregistered. */
const REREGISTER_MS = 600_000;

export class Registrations {
  readonly #clock: Clock;
  /** When missing hosts were in a snapshot last, monotonic ms; the first to leave is first. */
  readonly #left = new Map<HostName, number>();
  #answeredMs: number | undefined;
  #firstAnswerMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The host is in a snapshot (again). */
  add(host: HostName): void {
    this.#left.delete(host);
  }

  /** Its last agent is missing. */
  remove(host: HostName): void {
    this.#left.set(host, this.#answeredMs ?? this.#clock.monoMs());
  }

  /** A snapshot was applied whole. */
  completeSnapshot(): void {
    const nowMs = this.#clock.monoMs();
    for (const [host, lastMs] of this.#left) {
      if (nowMs - lastMs < REREGISTER_MS) break;
      this.#left.delete(host);
    }
    this.#firstAnswerMs ??= nowMs;
    this.#answeredMs = nowMs;
  }

  /** @param isPresent whether the last snapshot has the host */
  of(host: HostName, isPresent: boolean): MesosRegistration {
    const nowMs = this.#clock.monoMs();
    if (isRecent(isPresent ? this.#answeredMs : this.#left.get(host), nowMs)) return 'registered';
    const longEnough = this.#firstAnswerMs !== undefined && nowMs - this.#firstAnswerMs >= REREGISTER_MS;
    return isRecent(this.#answeredMs, nowMs) && longEnough ? 'unregistered' : 'unsure';
  }
}

function isRecent(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && nowMs - atMs < REREGISTER_MS;
}
