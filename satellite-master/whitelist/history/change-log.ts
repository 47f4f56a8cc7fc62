/** Tells of every change: one log line when a host goes on or off, one entry of its history for each change of its record. */
import type { Clock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { Flag } from '../record/index.ts';
import type { ReplicaChange, ReplicaEntry } from '../replica.ts';
import type { History, HistoryEntry } from './history.ts';

export interface ChronicleOptions {
  readonly history: Pick<History, 'append'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of the cause of each change that this master saw. */
  readonly counted: (cause: string) => void;
}

type Telling = Pick<HistoryEntry, 'time' | 'cause' | 'by' | 'as' | 'reason'>;

export class Chronicle {
  readonly #options: ChronicleOptions;

  constructor(options: ChronicleOptions) {
    this.#options = options;
  }

  changed(change: ReplicaChange): void {
    const { host, before, after, kind, initial } = change;
    const { history, log, counted, clock } = this.#options;
    const from = flagOf(before);
    const to = flagOf(after);
    const telling = tellingOf(change, clock.wallMs() / 1000);
    if (!initial && from !== to) {
      const { cause, by, as, reason } = telling;
      log.info({ host, from, to, cause, by, as, reason }, `Turning ${host} ${from ?? 'unknown'} -> ${to ?? 'removed'}`);
    }
    if (kind === 'expiry') return;
    if (!initial) counted(telling.cause);
    // What is seen at the start may have been told before it; then it is known already, with where it came from.
    const key = after?.order ?? (before ? before.order + 1n : 0n);
    history.append(host, { ...telling, from, to }, key, { unlessKnown: initial });
  }
}

function flagOf(entry: ReplicaEntry | undefined): Flag | null {
  return entry ? (entry.on ? 'on' : 'off') : null;
}

/** What the record says of its last change, where that was the change. */
function tellingOf({ kind, after, deletion }: ReplicaChange, nowS: number): Telling {
  if (kind === 'expiry')
    return { time: nowS, cause: 'expired', by: 'satellite', as: null, reason: 'a manual event ran out' };
  if (deletion) {
    const { time, cause, by, as, reason } = deletion;
    return { time, cause: cause === 'manual' ? 'deleted' : cause, by, as, reason };
  }
  const changed = after?.record?.changed;
  if (after?.broken === undefined && changed && changed.version === after?.version) {
    const { time, cause, by, as, reason } = changed;
    return { time, cause, by, as, reason };
  }
  const reason = after?.broken === undefined ? 'changed by another program' : `broken: ${after.broken}`;
  return { time: nowS, cause: 'foreign-writer', by: 'unknown', as: null, reason };
}
