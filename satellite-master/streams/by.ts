import type { Clock } from '../../shared/clock.ts';
import { requireFunction, StreamArgumentError, shown } from './argument.ts';
import { type Fork, forkOf } from './fork.ts';
import { type Field, fieldOf, reader, ttlOf } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/** Beyond the ttl of its last event a fork waits for what the index still has to say of it: that it expired. */
const LINGER_MS = 5_000;
/** A ttl without end must not hold a fork for ever. */
const MAX_TTL_S = 400 * 86_400;

/**
 * A set of children for each value of a field, or of several together; an absent field is a value like others. What
 * `make` returns is made when the first event of a key arrives, and dropped with all it holds once every event of the
 * key has expired and none of its timers is pending.
 * ```
 *                      +-- host a -- changed('state', log())
 * by('host', () => ...)+-- host b -- changed('state', log())
 *                      +-- no host - changed('state', log())
 * ```
 * @example by(['host', 'service'], () => stable(60, 'state', index()))
 */
export function by(context: StreamContext) {
  return <T = StreamEvent>(
    fields: Field<T> | readonly Field<T>[],
    make: (fork: StreamContext) => Stream<T> | readonly Stream<T>[],
  ): Stream<T> => {
    requireFunction('by', 'what makes the children of a key', make);
    const keyOf = keyReader(fields);
    const branches = new Map<unknown, Branch<T>>();
    const expiry = new Expiry<Branch<T>>(context.clock, (branch) => branches.delete(branch.key));
    return (item) => {
      const key = keyOf(item);
      let branch = branches.get(key);
      if (!branch) {
        branch = new Branch(key, forkOf(context), make);
        branches.set(key, branch);
      }
      const ttlS = fieldOf(item, 'state') === 'expired' ? 0 : Math.min(Math.max(ttlOf(item), 0), MAX_TTL_S);
      expiry.touch(branch, ttlS * 1000);
      feed(branch.fork.context, 'by', branch.children, item);
    };
  };
}

function keyReader<T>(fields: Field<T> | readonly Field<T>[]): (item: T) => unknown {
  const list = (Array.isArray(fields) ? fields : [fields]) as readonly Field<T>[];
  const [read, ...others] = list.map((field) => reader('by', field));
  if (read && others.length === 0) return (item) => keyPart(read(item));
  const readers = read ? [read, ...others] : others;
  return (item) => readers.map((one) => JSON.stringify(one(item)) ?? '').join(',');
}

/** Values that are equal must be one key: lists and objects by their contents. */
function keyPart(value: unknown): unknown {
  if (value === null) return undefined;
  return typeof value === 'object' ? `json ${JSON.stringify(value)}` : value;
}

class Branch<T> {
  readonly key: unknown;
  readonly fork: Fork;
  readonly children: readonly Stream<T>[];
  untilMs = 0;
  waits = false;

  constructor(key: unknown, fork: Fork, make: (fork: StreamContext) => Stream<T> | readonly Stream<T>[]) {
    this.key = key;
    this.fork = fork;
    this.children = listed(make(fork.context));
  }
}

function listed<T>(made: Stream<T> | readonly Stream<T>[]): readonly Stream<T>[] {
  const children = typeof made === 'function' ? [made] : made;
  if (Array.isArray(children) && children.every((child) => typeof child === 'function')) return children;
  throw new StreamArgumentError(
    'by',
    `the function given to it must return a stream or a list of streams for each key, as in () => log(), not ${shown(made)}`,
  );
}

/**
 * Forgets branches when they are over. They wait in one row for each second in which some fall due; being touched
 * moves none, they are looked at again when their row comes: so the work does not grow with the keys.
 */
class Expiry<B extends Branch<never>> {
  readonly #clock: Clock;
  readonly #forget: (branch: B) => void;
  readonly #rows = new Map<number, B[]>();

  constructor(clock: Clock, forget: (branch: B) => void) {
    this.#clock = clock;
    this.#forget = forget;
  }

  touch(branch: B, ttlMs: number): void {
    branch.untilMs = Math.max(branch.untilMs, this.#clock.monoMs() + ttlMs + LINGER_MS);
    if (!branch.waits) this.#wait(branch, branch.untilMs);
  }

  #wait(branch: B, untilMs: number): void {
    branch.waits = true;
    const second = Math.ceil(untilMs / 1000);
    const row = this.#rows.get(second);
    if (row) {
      row.push(branch);
      return;
    }
    this.#rows.set(second, [branch]);
    this.#clock.after(second * 1000 - this.#clock.monoMs(), () => this.#look(second));
  }

  #look(second: number): void {
    const row = this.#rows.get(second) ?? [];
    this.#rows.delete(second);
    const nowMs = this.#clock.monoMs();
    for (const branch of row) {
      branch.waits = false;
      // Over only when it is past the whole second: the timer may come a little early.
      if (branch.untilMs > nowMs) this.#wait(branch, branch.untilMs);
      else if (branch.fork.pending() > 0) this.#wait(branch, nowMs + LINGER_MS);
      else this.#forget(branch);
    }
  }
}
