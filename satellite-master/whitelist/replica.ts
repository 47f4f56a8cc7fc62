/**
 * This master's copy of all host records, with what follows from them at every moment: who is on, how many automation
 * holds off. Nobody trusts it before the store has been read whole. Touches no store: it listens.
 */
import type { HostName } from '../../shared/host-name.ts';
import type { Log } from '../../shared/log.ts';
import { byCodeUnit } from '../../shared/text.ts';
import { Deadlines } from '../events/index.ts';
import {
  type Deletion,
  deletionsIn,
  type HostRecord,
  isDeletionOf,
  isOn,
  nextManualExpiry,
  parseRecord,
} from './record/index.ts';
import type { Automation, RecordClock, StoredRecord, StoreListener, StoreState } from './store/index.ts';

/** One host as this master sees it. */
export interface ReplicaEntry {
  readonly host: HostName;
  /** What decides: the record, or the last good one where it is broken; undefined: broken and never known good. */
  readonly record: HostRecord | undefined;
  /** Why the record in the store can't be used. */
  readonly broken: string | undefined;
  readonly version: number;
  readonly createdMs: number;
  readonly order: bigint;
  /** On the merged list at the moment of the last change or expiry. */
  readonly on: boolean;
  /** Its managed flag was changed by another writer: left alone until then, monotonic ms (docs/judgement.md, rule 23). */
  readonly foreignUntilMs: number | undefined;
}

export interface ReplicaChange {
  readonly host: HostName;
  readonly before: ReplicaEntry | undefined;
  readonly after: ReplicaEntry | undefined;
  /** `expiry`: the record is the same, a manual event ran out. */
  readonly kind: 'record' | 'expiry';
  /** Where the host is gone and somebody said so. */
  readonly deletion: Deletion | undefined;
  /** The first reading of the store: nothing has changed, it is only seen now. */
  readonly initial: boolean;
}

export interface ReplicaOptions {
  /** By which manual events expire. */
  readonly clock: RecordClock;
  readonly log: Log;
  /** `readmit-after.first`, ms. */
  readonly foreignHoldMs: number;
}

export class Replica implements StoreListener {
  readonly #options: ReplicaOptions;
  readonly #entries = new Map<HostName, ReplicaEntry>();
  readonly #expiries = new Deadlines<HostName>();
  readonly #listeners: ((change: ReplicaChange) => void)[] = [];
  readonly #stateListeners: ((state: StoreState) => void)[] = [];
  #state: StoreState = { kind: 'unread', reason: 'not read yet' };
  #automation: Automation = { version: -1, data: '{}' };
  #complete = false;
  /** Sorted; undefined while nobody has asked. */
  #on: HostName[] | undefined;
  #managedOff = 0;
  #broken = 0;
  readonly #unreadable = new Set<HostName>();
  readonly #unfitNames = new Set<string>();
  #foreignWrites = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** The store has been read whole at least once since the start. */
  get complete(): boolean {
    return this.#complete;
  }

  get size(): number {
    return this.#entries.size;
  }

  get managedOff(): number {
    return this.#managedOff;
  }

  get brokenRecords(): number {
    return this.#broken;
  }

  /** Hosts whose record is broken and was not readable since the start: nothing is known of their flags. */
  get unreadable(): ReadonlySet<HostName> {
    return this.#unreadable;
  }

  /** Nodes beside the records that bear no host name. */
  get unfitNames(): ReadonlySet<string> {
    return this.#unfitNames;
  }

  get foreignWrites(): number {
    return this.#foreignWrites;
  }

  get automation(): Automation {
    return this.#automation;
  }

  /** Whether a line of a file is a host with a record. */
  knows(line: string): boolean {
    return this.#entries.has(line as HostName);
  }

  get(host: HostName): ReplicaEntry | undefined {
    return this.#entries.get(host);
  }

  entries(): Iterable<ReplicaEntry> {
    return this.#entries.values();
  }

  /** The merged list: the hosts that are on, sorted by code unit. */
  on(): readonly HostName[] {
    this.#on ??= [...this.#entries.values()]
      .filter(({ on }) => on)
      .map(({ host }) => host)
      .sort(byCodeUnit);
    return this.#on;
  }

  /** Listeners are called in the order of their coming. */
  onChange(listener: (change: ReplicaChange) => void): void {
    this.#listeners.push(listener);
  }

  onStoreState(listener: (state: StoreState) => void): void {
    this.#stateListeners.push(listener);
  }

  /** Follows the expiry of manual events; to be called several times a second. */
  tick(): void {
    if (this.#options.clock.isKnown === false) return;
    for (const host of this.#expiries.popDue(this.#options.clock.wallMs())) {
      const before = this.#entries.get(host);
      if (!before?.record) continue;
      this.#put({ ...before, on: isOn(before.record, this.#nowS()) });
      this.#publish({
        host,
        before,
        after: this.#entries.get(host),
        kind: 'expiry',
        deletion: undefined,
        initial: false,
      });
    }
  }

  onRecord(host: HostName, stored: StoredRecord | undefined): void {
    const before = this.#entries.get(host);
    if (!stored) {
      if (!before) return;
      this.#remove(before);
      const deletion = deletionsIn(this.#automation.data).findLast(
        (one) => one.host === host && isDeletionOf(one, before),
      );
      this.#publish({ host, before, after: undefined, kind: 'record', deletion, initial: false });
      return;
    }
    if (before && before.order === stored.order) return;
    const after = this.#read(stored, before);
    if (before) this.#remove(before);
    this.#put(after);
    this.#publish({ host, before, after, kind: 'record', deletion: undefined, initial: !this.#complete });
  }

  onUnfitName(name: string): void {
    this.#unfitNames.add(name);
    this.#options.log.warn({ name }, 'a node below whitelist bears no host name: ignored');
  }

  onAutomation(automation: Automation): void {
    this.#automation = automation;
  }

  onState(state: StoreState): void {
    this.#state = state;
    if (state.kind === 'whole') this.#complete = true;
    for (const listener of this.#stateListeners) listener(state);
  }

  #read(stored: StoredRecord, before: ReplicaEntry | undefined): ReplicaEntry {
    const { host, version, createdMs, order } = stored;
    const parsed = parseRecord(stored.data);
    const record = parsed.record ?? before?.record;
    if (parsed.broken !== undefined) {
      const effect = record
        ? 'the last good one decides until restart'
        : 'the host is on no list until it is mended or deleted';
      this.#options.log.error({ host, version, fault: parsed.broken, effect }, 'record is broken');
    }
    return {
      host,
      record,
      broken: parsed.broken,
      version,
      createdMs,
      order,
      on: record !== undefined && isOn(record, this.#nowS()),
      foreignUntilMs: this.#foreignUntil(before, parsed.record, version),
    };
  }

  /** Rule 23: a record whose `changed` does not fit its version was written by another program. */
  #foreignUntil(before: ReplicaEntry | undefined, record: HostRecord | undefined, version: number): number | undefined {
    if (!before?.record || !record) return undefined;
    // A change of ours that leaves the flag as it is, such as an event by hand, does not end the hold.
    if (before.record['managed-flag'] === record['managed-flag']) return before.foreignUntilMs;
    if (record.changed?.version === version) return undefined;
    this.#foreignWrites++;
    this.#options.log.warn(
      { host: before.host, from: before.record['managed-flag'], to: record['managed-flag'], cause: 'foreign-writer' },
      'managed flag was changed by another writer',
    );
    return this.#options.clock.monoMs() + this.#options.foreignHoldMs;
  }

  #put(entry: ReplicaEntry): void {
    const { host, record, broken, on } = entry;
    const before = this.#entries.get(host);
    if (before) this.#remove(before);
    this.#entries.set(host, entry);
    if (record?.['managed-flag'] === 'off') this.#managedOff++;
    if (broken !== undefined) this.#broken++;
    if (!record) this.#unreadable.add(host);
    if (on && this.#on) this.#on.splice(placeOf(this.#on, host), 0, host);
    const expiry = record && nextManualExpiry(record, this.#nowS());
    // One ms later: at its very end an event still counts.
    if (expiry !== undefined) this.#expiries.set(host, expiry * 1000 + 1);
  }

  #remove({ host, record, broken, on }: ReplicaEntry): void {
    this.#entries.delete(host);
    if (record?.['managed-flag'] === 'off') this.#managedOff--;
    if (broken !== undefined) this.#broken--;
    this.#unreadable.delete(host);
    if (on && this.#on) this.#on.splice(placeOf(this.#on, host), 1);
    this.#expiries.delete(host);
  }

  #publish(change: ReplicaChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Unix seconds; while the time of the store is not known, the beginning of time: nothing has expired. */
  #nowS(): number {
    const { clock } = this.#options;
    return clock.isKnown === false ? 0 : clock.wallMs() / 1000;
  }
}

/** Where the name lies in the sorted list, or would lie. */
function placeOf(sorted: readonly HostName[], host: HostName): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < host) low = middle + 1;
    else high = middle;
  }
  return low;
}
