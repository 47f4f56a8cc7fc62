/** Which hosts Mesos knows, as far as its answers can be believed (docs/judgement.md, rule 11): a shorter answer takes nobody away at once. */
import type { Clock } from '../../../shared/clock.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { MesosWord } from '../../whitelist/automation/index.ts';

/** An agent may stay away so long and register again; after it, one that is in no answer counts as unregistered. */
const REREGISTER_MS = 600_000;

export class MesosAgents {
  readonly #clock: Clock;
  /** When hosts that are in no answer any more were in one last, monotonic ms; those that left first are first. */
  readonly #left = new Map<HostName, number>();
  #answeredMs: number | undefined;
  #firstAnswerMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The host is in an answer (again). */
  came(host: HostName): void {
    this.#left.delete(host);
  }

  /** Its last agent went out of the answers. */
  left(host: HostName): void {
    this.#left.set(host, this.#answeredMs ?? this.#clock.monoMs());
  }

  /** A whole answer was taken. */
  answered(): void {
    const nowMs = this.#clock.monoMs();
    for (const [host, lastMs] of this.#left) {
      if (nowMs - lastMs < REREGISTER_MS) break;
      this.#left.delete(host);
    }
    this.#firstAnswerMs ??= nowMs;
    this.#answeredMs = nowMs;
  }

  /** @param isThere whether the last answer has the host */
  wordOf(host: HostName, isThere: boolean): MesosWord {
    const nowMs = this.#clock.monoMs();
    if (isRecent(isThere ? this.#answeredMs : this.#left.get(host), nowMs)) return 'registered';
    const longEnough = this.#firstAnswerMs !== undefined && nowMs - this.#firstAnswerMs >= REREGISTER_MS;
    return isRecent(this.#answeredMs, nowMs) && longEnough ? 'unregistered' : 'unsure';
  }
}

function isRecent(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && nowMs - atMs < REREGISTER_MS;
}
