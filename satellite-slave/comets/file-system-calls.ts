import { type Clock, sleep, systemClock } from '../../shared/clock.ts';
import { Undecided } from './unknown-state-error.ts';

/** Of libuv's four threads these may be lost to mounts that hang; the others are left for name look-ups and files. */
const MOST_HANGING = 2;
/** A call that others wait for longer than this counts as hanging. */
const PATIENCE_MS = 1_000;

/**
 * Calls that a hung mount can hold for ever. Such a call can't be taken back: it costs a thread until the mount
 * answers. So there are few at a time, and a comet whose call is not even begun says `unknown`: the comet of the
 * hung mount says `critical`, and a healthy file system is not blamed for it.
 */
export class FileSystemCalls {
  readonly #clock: Clock;
  readonly #pending = new Map<symbol, { readonly what: string; readonly done: Promise<unknown> }>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** How many have not returned. */
  get pending(): number {
    return this.#pending.size;
  }

  /** @throws Undecided when too many earlier calls hang */
  async call<T>(what: string, begin: () => Promise<T>): Promise<T> {
    const patience = new AbortController();
    const end = sleep(this.#clock, PATIENCE_MS, patience.signal).then(() => true);
    try {
      while (this.#pending.size >= MOST_HANGING) {
        const others = [...this.#pending.values()].map(({ done }) => done.then(() => false));
        if (await Promise.race([end, ...others])) throw new Undecided(`not asked, because ${this.#names()} hangs`);
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
    this.#pending.set(key, { what, done });
    return await result;
  }

  #names(): string {
    return [...this.#pending.values()].map(({ what }) => what).join(' and ');
  }
}
