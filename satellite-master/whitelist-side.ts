/**
 * The whitelist of a master, from the store to the file: the replica and what follows from it, automation's side, the
 * history, the takeover of an old file and the publication. Puts parts together; decides nothing itself.
 */
import { Backoff } from '../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import type { HostName } from '../shared/host-name.ts';
import { type Log, OnceLog } from '../shared/log.ts';
import type { MasterSettings } from './settings.ts';
import type { Metrics } from './stats/index.ts';
import {
  Census,
  type CensusOptions,
  Forgetter,
  Reaper,
  Reconciler,
  type Silence,
  Wishes,
} from './whitelist/automation/index.ts';
import { takeOver, WhitelistFile, wantedFile } from './whitelist/file/index.ts';
import { Chronicle, History } from './whitelist/history/index.ts';
import { Replica, type ReplicaChange, Whitelist } from './whitelist/index.ts';
import { FencedStore, type Store, type StoreState } from './whitelist/store/index.ts';

export interface WhitelistSideOptions {
  readonly settings: Pick<MasterSettings, 'readmitAfter' | 'offShare' | 'forgetAfterMs' | 'whitelistPath' | 'dataDir'>;
  readonly store: Store;
  readonly leads: () => boolean;
  /** Under which this master leads; undefined: no other master could lead. */
  readonly epoch: (() => number | undefined) | undefined;
  readonly silence: Silence & { isHeard(host: HostName): boolean };
  readonly mesosWord: CensusOptions['mesosWord'];
  readonly planned: () => ReadonlySet<HostName>;
  readonly metrics: Metrics;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

const FORGET_ROUND_MS = 600_000;

export class WhitelistSide {
  readonly replica: Replica;
  readonly whitelist: Whitelist;
  /** For what only the leader may write. */
  readonly leaderRecords: Whitelist;
  /** What the rules want; the reconciler hears of each change. */
  readonly wishes: Wishes;
  readonly census: Census;
  readonly reconciler: Reconciler;
  readonly history: History;
  readonly file: WhitelistFile;
  readonly #options: WhitelistSideOptions;
  readonly #once: OnceLog;
  readonly #reaper: Reaper;
  readonly #forgetter: Forgetter;
  readonly #chronicle: Chronicle;
  readonly #timers: Timer[] = [];
  #takenOver: Promise<void> | undefined;
  #mayPublish = false;
  #stopping = false;

  constructor(options: WhitelistSideOptions) {
    const { settings, store, leads, silence, mesosWord, planned, metrics, self, clock, log } = options;
    const { readmitAfter, offShare: share, forgetAfterMs, whitelistPath: path, dataDir } = settings;
    this.#options = options;
    this.#once = new OnceLog(log, clock);
    const replica = new Replica({ clock, log, foreignHoldMs: readmitAfter.firstMs });
    const whitelist = new Whitelist({ store, replica, clock });
    const { epoch } = options;
    const leaderStore = epoch ? new FencedStore({ store, epoch, automation: () => replica.automation }) : store;
    this.leaderRecords = epoch ? new Whitelist({ store: leaderStore, replica, clock }) : whitelist;
    const wishes = new Wishes((host) => this.reconciler.mark(host));
    const census = new Census({ replica, silence, mesosWord, planned, share, clock });
    this.replica = replica;
    this.whitelist = whitelist;
    this.wishes = wishes;
    this.census = census;
    this.reconciler = new Reconciler({
      store: leaderStore,
      replica,
      wishes,
      census,
      leads,
      readmitAfter,
      self,
      clock,
      log,
    });
    const isHeard = (host: HostName) => silence.isHeard(host);
    this.#forgetter = new Forgetter({
      whitelist: this.leaderRecords,
      replica,
      census,
      isHeard,
      leads,
      forgetAfterMs,
      self,
      log,
    });
    const reaped = (count: number) => metrics.reaped.inc(count);
    this.#reaper = new Reaper({ whitelist, replica, self, clock, log, reaped });
    this.history = new History({ dataDir, clock, log });
    const counted = (cause: string) => metrics.whitelistChanges.inc({ cause });
    this.#chronicle = new Chronicle({ history: this.history, clock, log, counted });
    const wanted = (present: readonly string[]) =>
      wantedFile({ replica, present, offShare: share, nowS: clock.wallMs() / 1000 });
    const tried = (outcome: 'written' | 'failed') => metrics.publishes.inc({ outcome });
    this.file = new WhitelistFile({ path, wanted, clock, log, tried });
    replica.onChange((change) => this.#changed(change));
    replica.onStoreState((state) => this.#storeState(state));
  }

  /** Begins to read the store; those who listen to the replica are to be there before. */
  start(): void {
    const { store, clock } = this.#options;
    store.start(this.replica);
    this.#timers.push(clock.every(FORGET_ROUND_MS, () => void this.#forgetter.round()));
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    this.replica.tick();
    this.reconciler.tick();
    this.#reaper.tick();
  }

  /** No more automation; what runs is finished. */
  halt(): void {
    this.#stopping = true;
    for (const timer of this.#timers) timer.cancel();
    this.reconciler.stop();
  }

  /** Writes what is still to be written, and closes the store; after {@link halt}. */
  async close(storeDeadlineMs: number): Promise<void> {
    await this.file.close();
    await this.#options.store.close(storeDeadlineMs);
    await this.history.close();
  }

  #changed(change: ReplicaChange): void {
    this.reconciler.mark(change.host);
    this.#reaper.changed(change);
    this.#chronicle.changed(change);
    this.#publish();
  }

  #storeState(state: StoreState): void {
    const { log, store } = this.#options;
    if (state.kind !== 'whole') {
      const text = `${store.address} is ${state.kind}: ${state.reason}; the whitelist file stays as it is`;
      log.warn({ store: state.kind }, text);
      return;
    }
    log.info({ hosts: this.replica.size }, `${store.address} is read whole`);
    this.#takenOver ??= this.#takeOver();
    this.reconciler.markAll();
    this.#publish();
  }

  #publish(): void {
    if (this.#mayPublish) this.file.update();
  }

  /** Until the old file is taken over nothing is written. */
  async #takeOver(): Promise<void> {
    const { settings, store, self, clock, log } = this.#options;
    const { whitelistPath: path, dataDir } = settings;
    const backoff = new Backoff({ firstMs: 200, mostMs: 5_000 });
    while (!this.#stopping) {
      try {
        await takeOver({ path, dataDir, store, replica: this.replica, self, clock, log });
        this.#once.recovered('takeover', `the whitelist file ${path} is taken over`);
        break;
      } catch (error) {
        const text = `the whitelist file ${path} can't be taken over yet, and is not written: ${messageOf(error)}`;
        this.#once.warn('takeover', text);
        await sleep(clock, backoff.next());
      }
    }
    if (this.#stopping) return;
    this.#mayPublish = true;
    this.#timers.push(this.file.watch());
    this.#publish();
  }
}
