/**
 * Every change by hand (docs/rest.md, "Changing it"; docs/judgement.md, rules 15-19, 21).
 * Knows nothing of HTTP; answers only after the store has confirmed.
 */
import type { Clock } from '../../../shared/clock.ts';
import { SatelliteError } from '../../../shared/errors.ts';
import { MAX_DESCRIPTION_BYTES } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { byCodeUnit, cutToBytes } from '../../../shared/text.ts';
import {
  emptyRecord,
  type Flag,
  flagOfState,
  type HostRecord,
  isOn,
  type ManualInput,
  shownRecord,
  withFlagByHand,
  withManualEvent,
  withManualReplaced,
  withoutManual,
  withoutManualEvent,
} from '../record/index.ts';
import { type Author, type Edit, type Edited, unavailable, type Whitelist } from '../record-editor.ts';
import type { Replica } from '../replica.ts';
import type { HostCheck } from './host-check.ts';
import { type ShownRecord, shownEntry } from './listing.ts';

/** Whose request it is, apart from what it claims. */
export interface Actor {
  /** The token's name; null where none was needed. */
  readonly as: string | null;
  /** Address of the other end. */
  readonly remote: string;
}

/** Who and why, as the request says it. */
export interface Said {
  readonly by?: string;
  readonly description?: string;
}

export type ManualChange = Said & Omit<ManualInput, 'by'>;

export interface Changed {
  readonly record: HostRecord;
  /** The host was not in the inventory before. */
  readonly isNewHost: boolean;
}

export interface OperatorsOptions {
  readonly whitelist: Whitelist;
  readonly replica: Replica;
  readonly hostCheck: HostCheck;
  readonly clock: Clock;
  readonly requireReason: boolean;
}

/** Host checks of one change of many that run at a time. */
const CHECKS_AT_ONCE = 32;

export class Operators {
  readonly #whitelist: Whitelist;
  readonly #replica: Replica;
  readonly #hostCheck: HostCheck;
  readonly #clock: Clock;
  readonly #requireReason: boolean;

  constructor({ whitelist, replica, hostCheck, clock, requireReason }: OperatorsOptions) {
    this.#whitelist = whitelist;
    this.#replica = replica;
    this.#hostCheck = hostCheck;
    this.#clock = clock;
    this.#requireReason = requireReason;
  }

  /** @throws SatelliteError outweighed, host-check-failed, reason-required, and as {@link Whitelist.edit} */
  async setFlag(host: HostName, change: ManualChange, actor: Actor): Promise<Changed & { readonly flag: Flag }> {
    const author = this.#author(change, actor, `set ${flagOfState(change.state)} by hand`);
    await this.#mustPass([host], change);
    const input: ManualInput = { ...change, by: author.by };
    const edited = await this.#whitelist.edit(host, author, (record) => withFlagByHand(record, input, this.#nowS()));
    return { ...changed(edited), flag: this.#flagOf(edited.record) };
  }

  /** @throws SatelliteError host-check-failed, reason-required, and as {@link Whitelist.edit} */
  async setEvent(
    host: HostName,
    id: string,
    change: ManualChange,
    actor: Actor,
  ): Promise<Changed & { readonly isNewEvent: boolean }> {
    const author = this.#author(change, actor, `event ${id} ${change.state} by hand`);
    await this.#mustPass([host], change);
    const input: ManualInput = { ...change, by: author.by };
    const edited = await this.#whitelist.edit(host, author, (record) =>
      withManualEvent(record, id, input, this.#nowS()),
    );
    const isNewEvent = !Object.hasOwn(edited.before?.['manual-events'] ?? {}, id);
    return { ...changed(edited), isNewEvent };
  }

  /** @throws SatelliteError unknown-host, unknown-event, reason-required, and as {@link Whitelist.edit} */
  async removeEvent(host: HostName, id: string, said: Said, actor: Actor): Promise<Changed> {
    const author = this.#author(said, actor, `event ${id} withdrawn by hand`);
    return changed(
      await this.#whitelist.edit(host, author, (record) => withoutManualEvent(known(record, host), id, this.#nowS())),
    );
  }

  /** For all of the hosts or none (rule 17). @throws as {@link setEvent}, and too-large */
  async replaceOverrides(
    hosts: readonly HostName[],
    change: ManualChange,
    actor: Actor,
  ): Promise<ReadonlyMap<HostName, Changed>> {
    const author = this.#author(change, actor, `set ${flagOfState(change.state)} by hand`);
    const input: ManualInput = { ...change, by: author.by };
    this.#mustFit(hosts);
    await this.#mustPass(hosts, change);
    return this.#editAll(hosts, author, (record) => withManualReplaced(record, input, this.#nowS()));
  }

  /** For all of the hosts or none; one without an override stays as it is. @throws as {@link removeEvent}, and too-large */
  async withdrawOverrides(
    hosts: readonly HostName[],
    said: Said,
    actor: Actor,
  ): Promise<ReadonlyMap<HostName, Changed>> {
    const author = this.#author(said, actor, 'override withdrawn by hand');
    this.#mustFit(hosts);
    this.#mustBeWhole();
    const strangers = await this.#whitelist.absent(hosts.filter((host) => !this.#replica.get(host)));
    if (strangers.length > 0)
      throw new SatelliteError('unknown-host', `not in the inventory: ${strangers.slice(0, 10).join(', ')}`, {
        hosts: strangers,
      });
    return this.#editAll(hosts, author, (record) => withoutManual(known(record, 'one of them')));
  }

  /** @returns the record as it was last, with `broken` where it could not be read. @throws SatelliteError unknown-host */
  async remove(host: HostName, said: Said, actor: Actor): Promise<ShownRecord> {
    const author = this.#author(said, actor, 'removed from the inventory by hand');
    const entry = this.#replica.get(host);
    const record = await this.#whitelist.remove(host, author);
    const nowS = this.#nowS();
    if (record) return shownRecord(record, nowS);
    return entry ? shownEntry(entry, nowS) : { ...emptyRecord, broken: 'it could not be read' };
  }

  async #editAll(hosts: readonly HostName[], author: Author, edit: Edit): Promise<ReadonlyMap<HostName, Changed>> {
    const edited = await this.#whitelist.editMany(hosts, author, edit);
    return new Map(hosts.flatMap((host, at) => (edited[at] ? [[host, changed(edited[at])] as const] : [])));
  }

  #author({ by, description }: Said, { as, remote }: Actor, fallback: string): Author {
    if (this.#requireReason && (!by || !description))
      throw new SatelliteError('reason-required', `the body has to say "by" and "description"`);
    const reason = cutToBytes(description || fallback, MAX_DESCRIPTION_BYTES);
    return { by: by || as || remote, as, cause: 'manual', reason };
  }

  /** Rule 19; `off` and `critical` never have to pass. */
  async #mustPass(hosts: readonly HostName[], { state }: ManualChange): Promise<void> {
    this.#mustBeWhole();
    if (state !== 'ok') return;
    const faults: { host: HostName; reason: string }[] = [];
    for (let at = 0; at < hosts.length && faults.length === 0; at += CHECKS_AT_ONCE) {
      await Promise.all(
        hosts.slice(at, at + CHECKS_AT_ONCE).map(async (host) => {
          const reason = await this.#hostCheck(host);
          if (reason !== undefined) faults.push({ host, reason });
        }),
      );
    }
    if (faults.length === 0) return;
    faults.sort((a, b) => byCodeUnit(a.host, b.host));
    const [first] = faults;
    throw new SatelliteError('host-check-failed', `${first?.host}: ${first?.reason}`, { hosts: faults });
  }

  #mustFit(hosts: readonly HostName[]): void {
    const most = this.#whitelist.mostAtOnce;
    if (hosts.length > most)
      throw new SatelliteError('too-large', `${hosts.length} hosts, ${most} fit one transaction`, { most });
  }

  #mustBeWhole(): void {
    if (this.#replica.state.kind !== 'whole') throw unavailable(this.#replica);
  }

  #flagOf(record: HostRecord): Flag {
    return isOn(record, this.#nowS()) ? 'on' : 'off';
  }

  #nowS(): number {
    return this.#clock.wallMs() / 1000;
  }
}

function known(record: HostRecord | undefined, host: string): HostRecord {
  if (!record) throw new SatelliteError('unknown-host', `${host} is not in the inventory`);
  return record;
}

function changed({ record, before }: Edited): Changed {
  return { record, isNewHost: before === undefined };
}
