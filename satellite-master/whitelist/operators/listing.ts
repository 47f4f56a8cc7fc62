/** The lists and records as operators see them, out of the replica (docs/rest.md, "Reading the whitelist"). */
import type { Clock } from '../../../shared/clock.ts';
import { SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { byCodeUnit } from '../../../shared/text.ts';
import {
  emptyRecord,
  type Flag,
  type HostRecord,
  isMemory,
  isOn,
  manualVerdict,
  type RecordEvents,
  shownRecord,
} from '../record/index.ts';
import { unavailable } from '../record-editor.ts';
import type { Replica, ReplicaEntry } from '../replica.ts';

export const LISTS = ['on', 'off', 'all', 'manual', 'managed'] as const;
export type ListName = (typeof LISTS)[number];

/** The record as REST shows it; `broken`: why the one in the store can't be read. */
export type ShownRecord = HostRecord & { readonly broken?: string };

export class Listing {
  readonly #replica: Replica;
  readonly #clock: Clock;

  constructor(replica: Replica, clock: Clock) {
    this.#replica = replica;
    this.#clock = clock;
  }

  /** Sorted by name. @throws SatelliteError store-unread */
  list(name: ListName): readonly (readonly [HostName, ShownRecord])[] {
    this.#mustBeRead();
    const nowS = this.#nowS();
    const hosts: (readonly [HostName, ShownRecord])[] = [];
    for (const entry of this.#replica.entries())
      if (isListed(name, entry.record ?? emptyRecord, nowS)) hosts.push([entry.host, shownEntry(entry, nowS)]);
    return hosts.sort(([a], [b]) => byCodeUnit(a, b));
  }

  /** @throws SatelliteError store-unread, unknown-host */
  record(host: HostName): ShownRecord {
    return shownEntry(this.#entry(host), this.#nowS());
  }

  /** @throws SatelliteError store-unread, unknown-host */
  flag(host: HostName): Flag {
    return isOn(this.#entry(host).record ?? emptyRecord, this.#nowS()) ? 'on' : 'off';
  }

  /** What the manual list says of the host. @throws SatelliteError store-unread, unknown-host */
  override(host: HostName): { readonly flag: Flag | null; readonly events: RecordEvents } {
    const record = this.#entry(host).record ?? emptyRecord;
    return { flag: manualVerdict(record, this.#nowS()).flag, events: record['manual-events'] };
  }

  #entry(host: HostName): ReplicaEntry {
    this.#mustBeRead();
    const entry = this.#replica.get(host);
    if (!entry) throw new SatelliteError('unknown-host', `${host} is not in the inventory`);
    return entry;
  }

  #mustBeRead(): void {
    if (!this.#replica.complete) throw unavailable(this.#replica);
  }

  #nowS(): number {
    return this.#clock.wallMs() / 1000;
  }
}

function isListed(name: ListName, record: HostRecord, nowS: number): boolean {
  switch (name) {
    case 'all':
      return true;
    case 'on':
      return isOn(record, nowS);
    case 'off':
      return !isOn(record, nowS);
    case 'manual':
      return record['manual-flag'] !== null || Object.keys(record['manual-events']).length > 0;
    case 'managed':
      return record['managed-flag'] !== null || Object.keys(record['managed-events']).some((id) => !isMemory(id));
  }
}

export function shownEntry({ record, broken }: ReplicaEntry, nowS: number): ShownRecord {
  const shown = shownRecord(record ?? emptyRecord, nowS);
  return broken === undefined ? shown : { ...shown, broken };
}
