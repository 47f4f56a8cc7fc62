/**
 * The store as a leader writes to it: each commit checks, in the same transaction, that no other master has taken over
 * (docs/judgement.md, rule 26a). Two masters that both believe to lead can't both write.
 */
import type { HostName } from '../../../shared/host-name.ts';
import { epochIn } from '../record/index.ts';
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

export interface FencedStoreOptions {
  readonly store: Store;
  /** Under which this master leads; undefined: it does not lead now, and nothing is written. */
  readonly epoch: () => number | undefined;
  /** The automation node as this master knows it. */
  readonly automation: () => Automation;
}

export class FencedStore implements Store {
  readonly #options: FencedStoreOptions;

  constructor(options: FencedStoreOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#options.store.address;
  }

  get state(): StoreState {
    return this.#options.store.state;
  }

  get maxChanges(): number {
    return this.#options.store.maxChanges;
  }

  start(listener: StoreListener): void {
    this.#options.store.start(listener);
  }

  read(host: HostName): Promise<StoredRecord | undefined> {
    return this.#options.store.read(host);
  }

  readAutomation(): Promise<Automation> {
    return this.#options.store.readAutomation();
  }

  /** @throws StoreConflict also where another master leads by now */
  async commit(
    changes: readonly Change[],
    automation?: AutomationCheck,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    const { store, epoch } = this.#options;
    const known = this.#options.automation();
    const expected = epoch();
    if (expected === undefined || epochIn(automation?.data ?? known.data) !== expected)
      throw new StoreConflict('another master leads, or this one has just begun to');
    return store.commit(changes, automation ?? { expect: known.version });
  }

  close(deadlineMs: number): Promise<void> {
    return this.#options.store.close(deadlineMs);
  }
}
