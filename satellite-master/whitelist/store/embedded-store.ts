/**
 * The store of a single master without ZooKeeper: a folder. Every commit is one checksummed line, synced to the disk
 * before it answers; all records are also held in memory, so that reads never touch the disk.
 */
import { join } from 'node:path';
import { Backoff } from '../../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../../shared/clock.ts';
import { formatDuration } from '../../../shared/duration.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { asStored, checkCommit, guarded } from './commit-check.ts';
import { EmbeddedDb } from './embedded-db.ts';
import { type FolderLock, isLocked, lockFolder } from './folder-lock.ts';
import type { LogContent } from './record-log.ts';
import {
  type Automation,
  type AutomationCheck,
  type Change,
  type Store,
  StoreConflict,
  type StoreDamage,
  type StoredRecord,
  type StoreListener,
  type StoreState,
} from './store.ts';

export interface EmbeddedStoreOptions {
  /** The store lies in its subfolder `store`, made where it is missing. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Commits that may wait for the disk at once; each of them is a request that somebody holds open. */
const MAX_WAITING = 10_000;
/** A healthy disk answers in milliseconds. */
const MAX_ANSWER_MS = 5_000;

export class EmbeddedStore implements Store {
  readonly address: string;
  readonly maxChanges = 1000;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onceLog: OnceLog;
  readonly #dataDir: string;
  readonly #folder: string;
  readonly #backoff = new Backoff({ firstMs: 500, maxMs: 5_000 });
  #listener: StoreListener | undefined;
  #state: StoreState = { kind: 'unread', reason: 'not started' };
  #db: EmbeddedDb | undefined;
  /** Until the store is closed. */
  #lock: FolderLock | undefined;
  /** What is on the disk and acknowledged. */
  readonly #records = new Map<HostName, StoredRecord>();
  #automation: Automation = { version: 0, data: '{}' };
  #order = 0n;
  #damage: StoreDamage | undefined;
  #everWhole = false;
  #closing = false;
  #retry: Timer | undefined;
  /** One thing at a time: commits and attempts to open follow each other here. */
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** A call to the disk has not returned for {@link MAX_ANSWER_MS}. */
  #hangs = false;
  /** Why the last write failed, if it did. */
  #writeFault: string | undefined;

  constructor({ dataDir, clock, log }: EmbeddedStoreOptions) {
    this.#dataDir = dataDir;
    this.#folder = join(dataDir, 'store');
    this.address = `embedded store in ${this.#folder}`;
    this.#clock = clock;
    this.#log = log;
    this.#onceLog = new OnceLog(log, clock);
  }

  get state(): StoreState {
    return this.#state;
  }

  get damage(): StoreDamage | undefined {
    return this.#damage;
  }

  start(listener: StoreListener): void {
    this.#listener = guarded(listener, this.#log);
    this.#state = { kind: 'unread', reason: 'being read' };
    void this.#inTurn(() => this.#tryToOpen());
  }

  async read(host: HostName): Promise<StoredRecord | undefined> {
    this.#mustBeOpen();
    return this.#records.get(host);
  }

  async readAutomation(): Promise<Automation> {
    this.#mustBeOpen();
    return this.#automation;
  }

  async commit(
    changes: readonly Change[],
    automation?: AutomationCheck,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    checkCommit(changes, this.maxChanges);
    this.#mustBeOpen();
    if (this.#waiting >= MAX_WAITING)
      throw new SatelliteError('store-unavailable', `${MAX_WAITING} changes already wait for the ${this.address}`);
    this.#waiting++;
    const written = this.#inTurn(() => this.#write(changes, automation)).finally(() => this.#waiting--);
    return this.#confirmedInTime(written);
  }

  async confirmDamage(): Promise<void> {
    this.#mustBeOpen();
    const confirmed = this.#inTurn(async () => {
      const db = this.#db;
      if (!db) throw this.#unavailable();
      if (!this.#damage) return;
      const order = this.#order + 1n;
      try {
        await db.write({ order, steps: [], damage: null });
      } catch (error) {
        return await this.#afterFailedWrite(error, order);
      }
      this.#order = order;
      this.#written();
      this.#damage = undefined;
      this.#log.info('the content of the embedded store is confirmed');
    });
    await this.#confirmedInTime(confirmed);
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    this.#retry?.cancel();
    const done = new AbortController();
    const closed = this.#inTurn(async () => {
      await this.#db?.close();
      this.#db = undefined;
      await this.#lock?.release();
      this.#lock = undefined;
    }).finally(() => done.abort());
    await Promise.race([closed, sleep(this.#clock, deadlineMs, done.signal)]);
  }

  async #write(
    changes: readonly Change[],
    check: AutomationCheck | undefined,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    const db = this.#db;
    if (!db) throw this.#unavailable();
    if (check && check.expect !== this.#automation.version)
      throw new StoreConflict(`automation has version ${this.#automation.version}, expected was ${check.expect}`);
    const automation =
      check?.data === undefined ? undefined : { version: check.expect + 1, data: asStored(check.data) };
    // The counter moves even when only the automation node changes: after a failed write it shows what arrived.
    let order = this.#order + (automation ? 1n : 0n);
    const written = changes.map(({ host, expect, data }): StoredRecord | undefined => {
      const old = this.#records.get(host);
      if ((old?.version ?? 'absent') !== expect)
        throw new StoreConflict(`${host} has version ${old?.version ?? 'absent'}, expected was ${expect}`);
      order += 1n;
      if (data === null) return undefined;
      const createdMs = old?.createdMs ?? this.#clock.wallMs();
      return { host, data: asStored(data), version: old ? old.version + 1 : 0, createdMs, order };
    });
    const steps = changes.map((change, index) => ({ host: change.host, record: written[index] }));
    try {
      await db.write({ order, steps, automation });
    } catch (error) {
      await this.#afterFailedWrite(error, order);
      return written;
    }
    this.#order = order;
    this.#written();
    if (automation) {
      this.#automation = automation;
      this.#listener?.onAutomation(automation);
    }
    for (const { host, record } of steps) this.#accept(host, record);
    if (db.isCompactionDue) await this.#compact(db);
    return written;
  }

  async #compact(db: EmbeddedDb): Promise<void> {
    try {
      await db.compact();
      this.#onceLog.recovered('compact', 'the embedded store is compacted again');
    } catch (error) {
      this.#onceLog.warn('compact', 'the embedded store cannot be compacted and grows', { err: error });
    }
  }

  /**
   * Whether a line whose write failed is on the disk, only the file shows. So it is opened again, and the counter that
   * went with the line gives the answer. Returns when it did arrive after all.
   */
  async #afterFailedWrite(error: unknown, order: bigint): Promise<void> {
    const reason = `writing to ${this.#folder} failed: ${messageOf(error)}`;
    this.#onceLog.warn('write', 'a write to the embedded store failed', { err: error });
    this.#writeFault = reason;
    this.#setState({ kind: 'lost', reason });
    await this.#db?.close().catch(() => undefined);
    this.#db = undefined;
    const found = await this.#tryToOpen();
    // The counter of a store that had to be rescued does not say which changes are in it.
    if (!this.#db || found) throw new SatelliteError('store-uncertain', reason, {}, { cause: error });
    if (this.#order < order) throw new SatelliteError('store-unavailable', reason, {}, { cause: error });
  }

  /**
   * Opens and reads; when it fails the state says why and another try is planned. Never throws.
   * @returns damage that was found
   */
  async #tryToOpen(): Promise<StoreDamage | undefined> {
    if (this.#closing) return undefined;
    try {
      this.#lock ??= await lockFolder(this.#folder);
      const db = await EmbeddedDb.open(this.#dataDir, this.#clock.wallMs());
      this.#apply(db.content);
      this.#db = db;
      if (db.found)
        this.#log.error(
          { ...db.found },
          'the embedded store is damaged: what could be read goes on in a new file; the whitelist file is held',
        );
      this.#backoff.reset();
      this.#everWhole = true;
      this.#onceLog.recovered('open', 'the embedded store is open');
      this.#setWhole();
      return db.found;
    } catch (error) {
      const reason = isLocked(error)
        ? `another satellite-master uses ${this.#folder}`
        : `${this.#folder} cannot be opened: ${messageOf(error)}`;
      this.#onceLog.warn('open', 'the embedded store cannot be opened, trying again', { err: reason });
      this.#setState({ kind: this.#everWhole ? 'lost' : 'unread', reason });
      if (!this.#closing)
        this.#retry = this.#clock.after(this.#backoff.next(), () => void this.#inTurn(() => this.#tryToOpen()));
      return undefined;
    }
  }

  /** Reports what differs from what was reported before; after a start that is everything. */
  #apply({ records, automation, order, damage }: LogContent): void {
    const isSame = this.#everWhole && this.#automation.version === automation.version;
    this.#automation = automation;
    this.#order = order;
    this.#damage = damage;
    if (!isSame) this.#listener?.onAutomation(automation);
    for (const host of [...this.#records.keys()]) if (!records.has(host)) this.#accept(host, undefined);
    for (const [host, record] of records)
      if (this.#records.get(host)?.order !== record.order) this.#accept(host, record);
  }

  #accept(host: HostName, record: StoredRecord | undefined): void {
    const wasThere = this.#records.has(host);
    if (record) this.#records.set(host, record);
    else this.#records.delete(host);
    if (record || wasThere) this.#listener?.onRecord(host, record);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => this.#watched(task));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** While the disk does not answer, the state says so. */
  async #watched<T>(task: () => Promise<T>): Promise<T> {
    const late = this.#clock.after(MAX_ANSWER_MS, () => {
      this.#hangs = true;
      const reason = `${this.#folder} is not answering for more than ${formatDuration(MAX_ANSWER_MS)}`;
      this.#onceLog.warn('answer', 'the disk of the embedded store does not answer', { err: reason });
      this.#setState({ kind: this.#everWhole ? 'lost' : 'unread', reason });
    });
    try {
      return await task();
    } finally {
      late.cancel();
      if (this.#hangs) {
        this.#hangs = false;
        this.#onceLog.recovered('answer', 'the disk of the embedded store answers again');
        if (this.#db && !this.#closing) this.#setWhole();
      }
    }
  }

  /** What the disk does not confirm in time may still arrive. */
  async #confirmedInTime<T>(work: Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = sleep(this.#clock, 2 * MAX_ANSWER_MS, done.signal).then((): never => {
      throw new SatelliteError('store-uncertain', `${this.address}: the disk does not answer`);
    });
    // Where it is not waited for any more.
    for (const one of [late, work]) one.catch(() => undefined);
    return Promise.race([work, late]).finally(() => done.abort());
  }

  #mustBeOpen(): void {
    if (this.#closing || this.#state.kind !== 'whole') throw this.#unavailable();
  }

  #unavailable(): SatelliteError {
    const why = this.#closing ? 'it is being closed' : this.#state.kind === 'whole' ? 'closed' : this.#state.reason;
    return new SatelliteError('store-unavailable', `${this.address}: ${why}`);
  }

  #written(): void {
    if (this.#writeFault === undefined) return;
    this.#writeFault = undefined;
    this.#onceLog.recovered('write', 'the embedded store is written again');
    this.#setWhole();
  }

  #setWhole(): void {
    this.#setState({ kind: 'whole', ...(this.#writeFault === undefined ? {} : { writeFault: this.#writeFault }) });
  }

  #setState(state: StoreState): void {
    this.#state = state;
    this.#listener?.onState(state);
  }
}
