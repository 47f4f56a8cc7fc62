import { type Clock, sleep, systemClock } from '../../shared/clock.ts';
import { UnknownStateError } from './unknown-state-error.ts';

/** Of libuv's four threads so many may hang at a mount; the others are left for name look-ups and files. */
const MAX_HANGING = 2;
/** A call that others have to wait for longer than this counts as hanging. */
const PATIENCE_MS = 1_000;

interface PendingCall {
  readonly what: string;
  readonly done: Promise<unknown>;
  /** Monotonic. */
  readonly startedMs: number;
}

/**
 * Calls that a hung mount can block for ever. Such a call cannot be cancelled: it occupies a thread until the mount
 * answers. So there are few at a time, and a comet whose call cannot begin is `unknown`: the comet of the hung mount is
 * `critical`, and a healthy file system is not blamed for it.
 */
export class FileSystemCalls {
  readonly #clock: Clock;
  readonly #pending = new Map<symbol, PendingCall>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** What has not returned, as in `statfs /mnt`. */
  get pending(): readonly string[] {
    return [...this.#pending.values()].map(({ what }) => what);
  }

  /** @throws UnknownStateError when too many earlier calls hang */
  async call<T>(what: string, begin: () => Promise<T>): Promise<T> {
    const patience = new AbortController();
    const end = sleep(this.#clock, this.#patienceMs(), patience.signal).then(() => true);
    try {
      while (this.#pending.size >= MAX_HANGING) {
        const others = [...this.#pending.values()].map(({ done }) => done.then(() => false));
        if (await Promise.race([end, ...others]))
          throw new UnknownStateError(`not checked, because ${this.pending.join(' and ')} hangs`);
      }
    } finally {
      patience.abort();
    }
    const key = Symbol(what);
    const result = begin();
    const done = result.then(
      () => this.#pending.delete(key),
      () => this.#pending.delete(key),
    );
    this.#pending.set(key, { what, done, startedMs: this.#clock.monoMs() });
    return await result;
  }

  /** What is left of the patience with the newest call: a comet does not wait again for those that hang already. */
  #patienceMs(): number {
    const newestMs = Math.max(
      ...[...this.#pending.values()].map(({ startedMs }) => startedMs),
      Number.NEGATIVE_INFINITY,
    );
    return Math.max(0, newestMs + PATIENCE_MS - this.#clock.monoMs());
  }
}
