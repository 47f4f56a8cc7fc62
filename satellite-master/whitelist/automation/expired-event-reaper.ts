/** Removes manual events that have run out, by version, on every master (docs/judgement.md, rule 27). What they said ended with their ttl already. */
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { Deadlines } from '../../events/index.ts';
import { expiryOf, type HostRecord, isExpired, withoutExpired } from '../record/index.ts';
import type { Author, RecordEditor } from '../record-editor.ts';
import type { Replica, ReplicaChange } from '../replica.ts';
import type { RecordClock } from '../store/index.ts';

export interface ExpiredEventReaperOptions {
  readonly whitelist: RecordEditor;
  readonly replica: Replica;
  readonly self: string;
  /** By which manual events expire. */
  readonly clock: RecordClock;
  readonly log: Log;
  /** Told of each event that this master removed. */
  readonly reaped: (count: number) => void;
}

/** Masters wait differently long, so that mostly one of them writes; chance in [0, this). */
const SPREAD_MS = 2_000;

export class ExpiredEventReaper {
  readonly #options: ExpiredEventReaperOptions;
  readonly #once: OnceLog;
  /** Wall time, ms. */
  readonly #due = new Deadlines<HostName>();

  constructor(options: ExpiredEventReaperOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
  }

  changed({ host, after }: ReplicaChange): void {
    const expiries = Object.values(after?.record?.['manual-events'] ?? {}).map(expiryOf);
    const known = expiries.filter((expiry) => expiry !== undefined);
    if (known.length === 0 || after?.broken !== undefined) this.#due.delete(host);
    else this.#due.set(host, Math.min(...known) * 1000 + 1 + Math.random() * SPREAD_MS);
  }

  /** To be called several times a second. */
  tick(): void {
    const { clock, replica } = this.#options;
    if (replica.state.kind !== 'whole' || clock.isKnown === false) return;
    for (const host of this.#due.popDue(clock.wallMs())) void this.#reap(host);
  }

  async #reap(host: HostName): Promise<void> {
    const { whitelist, clock, self, reaped } = this.#options;
    const nowS = clock.wallMs() / 1000;
    const gone = Object.entries(this.#options.replica.get(host)?.record?.['manual-events'] ?? {}).filter(([, event]) =>
      isExpired(event, nowS),
    );
    if (gone.length === 0) return;
    const author: Author = {
      by: self,
      as: null,
      cause: 'expired',
      reason: `ran out: ${gone.map(([id]) => id).join(', ')}`,
    };
    try {
      const { before, record } = await whitelist.edit(host, author, (present) => {
        if (!present) throw new SatelliteError('unknown-host', 'deleted meanwhile');
        return withoutExpired(present, (event) => isExpired(event, nowS), nowS);
      });
      const removed = manualEvents(before) - manualEvents(record);
      if (removed > 0) reaped(removed);
    } catch (error) {
      if (error instanceof SatelliteError && error.code === 'unknown-host') return;
      this.#once.warn('reap', 'failed to remove expired manual events', { host, err: messageOf(error) });
      this.#due.set(host, clock.wallMs() + 10_000);
    }
  }
}

function manualEvents(record: HostRecord | undefined): number {
  return Object.keys(record?.['manual-events'] ?? {}).length;
}
