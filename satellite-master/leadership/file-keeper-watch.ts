/** Follows whether the file beside the leading mesos-master is kept, and says so as an event when it is not. */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { Log } from '../../shared/log.ts';
import { type FileKeeper, fileKeeper } from './file-keeper.ts';
import type { MasterStates } from './master-entry.ts';

export interface FileKeeperWatchOptions {
  readonly self: () => MasterStates;
  /** undefined: they can't be seen at present. */
  readonly others: () => readonly MasterStates[] | undefined;
  readonly publish: (events: readonly Event[]) => void;
  /** The machine of this master, for its event. */
  readonly host: HostName;
  readonly clock: Clock;
  readonly log: Log;
}

/** A change of the leading mesos-master settles within it. */
export const SETTLE_MS = 5_000;
const EVENT_INTERVAL_MS = 20_000;
const EVENT_TTL_S = 60;
const SERVICE = 'satellite/file-unkept';

export class FileKeeperWatch {
  readonly #options: FileKeeperWatchOptions;
  #state: FileKeeper = { kind: 'unknown', reason: 'not looked yet' };
  #unkeptSinceMs: number | undefined;
  #publishedMs = Number.NEGATIVE_INFINITY;
  #published: FileKeeper['kind'] | undefined;

  constructor(options: FileKeeperWatchOptions) {
    this.#options = options;
  }

  get state(): FileKeeper {
    return this.#state;
  }

  /** Why changes do not reach Mesos at present; undefined: they do, or nobody knows. For answers and for `why`. */
  get warning(): string | undefined {
    return this.#state.kind === 'unkept'
      ? `file-unkept: ${this.#state.reason}; until one does, Mesos does not see this change`
      : undefined;
  }

  /** For readiness. */
  get text(): string {
    const { kind } = this.#state;
    if (kind === 'kept') return `kept: by ${this.#state.by}`;
    return kind === 'no-mesos' ? 'ok' : `${kind === 'unkept' ? 'file-unkept' : kind}: ${this.#state.reason}`;
  }

  /** Follows the time; to be called about once a second. */
  tick(): void {
    const { self, others, clock } = this.#options;
    const nowMs = clock.monoMs();
    const found = fileKeeper({ self: self(), others: others() });
    this.#unkeptSinceMs = found.kind === 'unkept' ? (this.#unkeptSinceMs ?? nowMs) : undefined;
    const settles = this.#unkeptSinceMs !== undefined && nowMs - this.#unkeptSinceMs < SETTLE_MS;
    if (!settles) this.#set(found);
    this.#publish(nowMs);
  }

  #set(found: FileKeeper): void {
    const before = this.#state.kind;
    this.#state = found;
    if (found.kind === before) return;
    if (found.kind === 'unkept')
      this.#options.log.error({ reason: found.reason }, 'the whitelist file of the leading mesos-master is not kept');
    else if (before === 'unkept')
      this.#options.log.info(
        { state: found.kind },
        'the whitelist file of the leading mesos-master is kept again, or unknown',
      );
  }

  /** An event that ends when it is over, and no event where it never began. */
  #publish(nowMs: number): void {
    const { publish, host, clock } = this.#options;
    const { kind } = this.#state;
    const unkept = kind === 'unkept';
    const changed = this.#published !== kind;
    if (!unkept && (!changed || this.#published !== 'unkept')) return;
    if (!changed && nowMs - this.#publishedMs < EVENT_INTERVAL_MS) return;
    this.#published = kind;
    this.#publishedMs = nowMs;
    publish([
      {
        host,
        service: SERVICE,
        state: unkept ? 'critical' : 'ok',
        time: clock.wallMs() / 1000,
        ttl: EVENT_TTL_S,
        description: this.#state.kind === 'unkept' ? this.#state.reason : this.text,
      },
    ]);
  }
}
