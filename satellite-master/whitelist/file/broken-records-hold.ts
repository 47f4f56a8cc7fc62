/**
 * Rule 22a: of a record that is broken when this master starts nothing is known. Its host stays in the whitelist file as
 * the file has it; beyond the guard's share the whole file keeps its content.
 */
import type { HostName } from '../../../shared/host-name.ts';
import { byCodeUnit } from '../../../shared/text.ts';
import { offLimit } from '../automation/index.ts';
import type { Replica } from '../replica.ts';
import type { HoldInput, HoldReason, HoldSource } from './hold.ts';

/** The merged list, and the hosts with broken records that the file has. @param present lines of the file */
export function listedHosts(
  replica: Pick<Replica, 'on' | 'unreadable'>,
  present: readonly string[],
): readonly HostName[] {
  const { unreadable } = replica;
  if (unreadable.size === 0) return replica.on();
  const lines = new Set(present);
  const kept = [...unreadable].filter((host) => lines.has(host));
  return [...replica.on(), ...kept].sort(byCodeUnit);
}

export class BrokenRecordsHold implements HoldSource {
  readonly #replica: Replica;
  /** Hosts whose broken records an operator has seen. */
  #confirmed: ReadonlySet<HostName> = new Set();

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  hold({ replica, offShare }: HoldInput): HoldReason | undefined {
    const broken = [...replica.unreadable].filter((host) => !this.#confirmed.has(host));
    const limit = offLimit({ share: offShare, inventory: replica.size });
    if (broken.length <= limit) return undefined;
    const which = `${broken.length} of ${replica.size} records are broken, such as that of ${broken[0]}`;
    return { rule: '22a', reason: `${which}; automation may take at most ${limit} hosts off` };
  }

  confirmed(): void {
    this.#confirmed = new Set(this.#replica.unreadable);
  }
}
