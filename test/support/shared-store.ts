/**
 * One embedded store that several masters of one test share, each through a view of its own: a view can be withheld,
 * lost and found again, and tells its listener of other masters' changes later than they happen, as ZooKeeper does.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRecord } from '../../satellite-master/whitelist/record/record.ts';
import { EmbeddedStore } from '../../satellite-master/whitelist/store/embedded-store.ts';
import type {
  Automation,
  Change,
  Store,
  StoredRecord,
  StoreListener,
  StoreState,
} from '../../satellite-master/whitelist/store/store.ts';
import type { Clock } from '../../shared/clock.ts';
import { SatelliteError } from '../../shared/errors.ts';
import type { HostName } from '../../shared/host-name.ts';
import { silentLog } from '../../shared/log.ts';
import { until } from './until.ts';

type Tell = (listener: StoreListener) => void;

export class SharedStore implements StoreListener {
  readonly records = new Map<HostName, StoredRecord>();
  automation: Automation = { version: 0, data: '{}' };
  readonly #views: StoreView[] = [];
  readonly #folder: string;
  store: EmbeddedStore;

  private constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.store = new EmbeddedStore({ dataDir: folder, clock, log: silentLog });
  }

  static async open(clock: Clock): Promise<SharedStore> {
    const sharedStore = new SharedStore(await mkdtemp(join(tmpdir(), 'satellite-harness-')), clock);
    sharedStore.store.start(sharedStore);
    await until(() => sharedStore.store.state.kind === 'whole', { what: 'the store to be whole' });
    return sharedStore;
  }

  get folder(): string {
    return this.#folder;
  }

  view(): StoreView {
    const view = new StoreView(this);
    this.#views.push(view);
    return view;
  }

  /** The record as it lies on the disk's side, whatever any master believes. */
  record(host: HostName) {
    const stored = this.records.get(host);
    return stored && parseRecord(stored.data).record;
  }

  /** Writes as another program would: without saying who. */
  async writeForeign(host: HostName, data: string | null): Promise<void> {
    await this.store.commit([{ host, expect: this.records.get(host)?.version ?? 'absent', data }]);
  }

  onRecord(host: HostName, record: StoredRecord | undefined): void {
    if (record) this.records.set(host, record);
    else this.records.delete(host);
    this.#tell((listener) => listener.onRecord(host, record));
  }

  onUnfitName(): void {}

  onAutomation(automation: Automation): void {
    this.automation = automation;
    this.#tell((listener) => listener.onAutomation(automation));
  }

  onState(): void {}

  async close(): Promise<void> {
    await this.store.close(2_000);
    await rm(this.#folder, { recursive: true });
  }

  #tell(tell: Tell): void {
    for (const view of this.#views) view.later(tell);
  }
}

export class StoreView implements Store {
  readonly address = 'shared store';
  readonly maxChanges = 500;
  /** Commits that reached the store, as a follower must have none. */
  commits = 0;
  /** How often the automation node was read: once for each time that the guard is asked. */
  automationReads = 0;
  /** Calls that are not answered yet. */
  busy = 0;
  /** Throws instead of a commit, where it gives an error. */
  fault: (changes: readonly Change[]) => Error | undefined = () => undefined;
  #state: StoreState = { kind: 'unread', reason: 'withheld by the test' };
  #listener: StoreListener | undefined;
  readonly #sharedStore: SharedStore;
  #untold: Tell[] = [];

  constructor(sharedStore: SharedStore) {
    this.#sharedStore = sharedStore;
  }

  get state(): StoreState {
    return this.#state;
  }

  get told(): boolean {
    return this.#untold.length === 0 || this.#state.kind !== 'whole';
  }

  start(listener: StoreListener): void {
    this.#listener = listener;
  }

  /** Reads the store whole, at first or after a loss. */
  find(): void {
    if (this.#state.kind === 'unread') {
      this.#untold = [];
      this.#listener?.onAutomation(this.#sharedStore.automation);
      for (const [host, record] of this.#sharedStore.records) this.#listener?.onRecord(host, record);
    }
    this.flush();
    this.#setState({ kind: 'whole' });
  }

  lose(): void {
    this.#setState({ kind: 'lost', reason: 'cut by the test' });
  }

  /** Told a little later, unless a call has to tell it earlier. */
  later(tell: Tell): void {
    if (this.#state.kind === 'unread') return;
    this.#untold.push(tell);
    setImmediate(() => setImmediate(() => this.#state.kind === 'whole' && this.flush()));
  }

  flush(): void {
    for (let tell = this.#untold.shift(); tell; tell = this.#untold.shift()) if (this.#listener) tell(this.#listener);
  }

  read(host: HostName): Promise<StoredRecord | undefined> {
    return this.#call(() => this.#sharedStore.store.read(host));
  }

  readAutomation(): Promise<Automation> {
    this.automationReads++;
    return this.#call(async () => {
      const automation = await this.#sharedStore.store.readAutomation();
      this.flush();
      return automation;
    });
  }

  commit(
    changes: readonly Change[],
    automation?: { readonly expect: number; readonly data: string },
  ): Promise<readonly (StoredRecord | undefined)[]> {
    return this.#call(async () => {
      const fault = this.fault(changes);
      if (fault) throw fault;
      const written = await this.#sharedStore.store.commit(changes, automation);
      this.commits++;
      this.flush();
      return written;
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    if (this.#state.kind !== 'whole') throw new SatelliteError('store-unavailable', 'cut by the test');
    this.busy++;
    try {
      return await work();
    } finally {
      this.busy--;
    }
  }

  #setState(state: StoreState): void {
    this.#state = state;
    this.#listener?.onState(state);
  }
}
