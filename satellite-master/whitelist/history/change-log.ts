/** Reports every change: one log line when a host goes on or off, one history entry for each change of its record. */
import type { Clock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { Flag } from '../record/index.ts';
import type { ReplicaChange, ReplicaEntry } from '../replica.ts';
import type { History, HistoryEntry } from './history.ts';

export interface ChangeLogOptions {
  readonly history: Pick<History, 'append'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with the cause of each change that this master saw. */
  readonly counted: (cause: string) => void;
}

type Origin = Pick<HistoryEntry, 'time' | 'cause' | 'by' | 'as' | 'reason'>;

export class ChangeLog {
  readonly #options: ChangeLogOptions;

  constructor(options: ChangeLogOptions) {
    this.#options = options;
  }

  changed(change: ReplicaChange): void {
    const { host, before, after, kind, initial } = change;
    const { history, log, counted, clock } = this.#options;
    const from = flagOf(before);
    const to = flagOf(after);
    const origin = originOf(change, clock.wallMs() / 1000);
    if (!initial && from !== to) {
      const { cause, by, as, reason } = origin;
      log.info({ host, from, to, cause, by, as, reason }, `Turning ${host} ${from ?? 'unknown'} -> ${to ?? 'removed'}`);
    }
    if (kind === 'expiry') return;
    if (!initial) counted(origin.cause);
    // What is seen at the start may have been reported before; the entry that is there already says more.
    const key = after?.order ?? (before ? before.order + 1n : 0n);
    history.append(host, { ...origin, from, to }, key, { unlessKnown: initial });
  }
}

function flagOf(entry: ReplicaEntry | undefined): Flag | null {
  return entry ? (entry.on ? 'on' : 'off') : null;
}

/** What the record says of its last change, where that was the change. */
function originOf({ kind, after, deletion }: ReplicaChange, nowS: number): Origin {
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
