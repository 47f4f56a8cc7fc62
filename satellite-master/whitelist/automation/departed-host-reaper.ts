/** Takes hosts out of the inventory that have been gone for `forget-after`: the leader's slowest duty (docs/judgement.md, rule 11). */
import { formatDuration } from '../../../shared/duration.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { Log } from '../../../shared/log.ts';
import type { RecordEditor } from '../record-editor.ts';
import type { Replica } from '../replica.ts';
import type { GuardCounts } from './guard-counts.ts';
import { mayForget } from './inventory.ts';

export interface DepartedHostReaperOptions {
  readonly whitelist: RecordEditor;
  readonly replica: Replica;
  readonly guardCounts: GuardCounts;
  /** Whether this master receives reports of the host now. */
  readonly isHeard: (host: HostName) => boolean;
  readonly leads: () => boolean;
  readonly forgetAfterMs: number;
  readonly self: string;
  readonly log: Log;
}

export class DepartedHostReaper {
  readonly #options: DepartedHostReaperOptions;

  constructor(options: DepartedHostReaperOptions) {
    this.#options = options;
  }

  /** Looks at every host once; to be called every few minutes. */
  async round(): Promise<void> {
    const { replica, guardCounts, isHeard, leads, forgetAfterMs } = this.#options;
    if (!leads() || replica.state.kind !== 'whole') return;
    for (const entry of [...replica.entries()]) {
      if (entry.broken === undefined && mayForget(guardCounts.facts(entry), isHeard(entry.host), forgetAfterMs))
        await this.#forget(entry.host);
    }
  }

  async #forget(host: HostName): Promise<void> {
    const { whitelist, forgetAfterMs, self, log } = this.#options;
    const reason = `silent and off for more than ${formatDuration(forgetAfterMs)}, unknown to Mesos`;
    try {
      await whitelist.remove(host, { by: self, as: null, cause: 'forgotten', reason });
      log.info({ host, reason }, 'host removed from the inventory');
    } catch (error) {
      log.warn({ host, err: messageOf(error) }, 'failed to remove the host from the inventory');
    }
  }
}
