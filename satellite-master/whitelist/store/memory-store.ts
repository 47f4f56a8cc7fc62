/** A store without a disk, for one master that is only played: same versions and order as the embedded one. */
import type { Clock } from '../../../shared/clock.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { asStored, checkCommit } from './commit-check.ts';
import {
  type Automation,
  type AutomationCheck,
  type Change,
  type Store,
  StoreConflict,
  type StoredRecord,
  type StoreListener,
  type StoreState,
} from './store.ts';

const UNREAD: StoreState = { kind: 'unread', reason: 'its records have not been read yet' };

export class MemoryStore implements Store {
  readonly address = 'the store in memory';
  readonly maxChanges = 1000;
  readonly #clock: Clock;
  readonly #records = new Map<HostName, StoredRecord>();
  #automation: Automation = { version: 0, data: '{}' };
  #order = 0n;
  #state = UNREAD;
  #listener: StoreListener | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** May be called again: then another listener gets everything from the beginning. */
  start(listener: StoreListener): void {
    this.#listener = listener;
    listener.onAutomation(this.#automation);
    for (const [host, record] of this.#records) listener.onRecord(host, record);
    listener.onState(this.#state);
  }

  becomeWhole(): void {
    if (this.#state.kind === 'whole') return;
    this.#state = { kind: 'whole' };
    this.#listener?.onState(this.#state);
  }

  has(host: HostName): boolean {
    return this.#records.has(host);
  }

  /** What another has done to a record; null removes it. */
  put(host: HostName, data: string | null, createdMs?: number): void {
    const old = this.#records.get(host);
    if (data === null && !old) return;
    this.#accept(host, this.#next(old, { host, data }, createdMs));
  }

  async read(host: HostName): Promise<StoredRecord | undefined> {
    return this.#records.get(host);
  }

  async readAutomation(): Promise<Automation> {
    return this.#automation;
  }

  async commit(
    changes: readonly Change[],
    automation?: AutomationCheck,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    checkCommit(changes, this.maxChanges);
    if (automation && automation.expect !== this.#automation.version) throw new StoreConflict('automation has moved');
    for (const { host, expect } of changes)
      if ((this.#records.get(host)?.version ?? 'absent') !== expect) throw new StoreConflict(`${host} has moved`);
    if (automation?.data !== undefined) {
      this.#automation = { version: automation.expect + 1, data: asStored(automation.data) };
      this.#listener?.onAutomation(this.#automation);
    }
    return changes.map((change) => {
      const next = this.#next(this.#records.get(change.host), change);
      this.#accept(change.host, next);
      return next;
    });
  }

  async close(): Promise<void> {}

  #next(
    old: StoredRecord | undefined,
    { host, data }: Pick<Change, 'host' | 'data'>,
    createdMs = this.#clock.wallMs(),
  ): StoredRecord | undefined {
    this.#order += 1n;
    if (data === null) return undefined;
    return {
      host,
      data: asStored(data),
      version: old ? old.version + 1 : 0,
      createdMs: old?.createdMs ?? createdMs,
      order: this.#order,
    };
  }

  #accept(host: HostName, record: StoredRecord | undefined): void {
    if (record) this.#records.set(host, record);
    else this.#records.delete(host);
    this.#listener?.onRecord(host, record);
  }
}
