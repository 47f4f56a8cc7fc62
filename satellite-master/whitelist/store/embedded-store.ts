/**
 * The store of a single master without ZooKeeper: a LevelDB folder. Every commit is one atomic batch, synced to the
 * disk before it answers; all records are also held in memory, so that reads never touch the disk.
 */
import { join } from 'node:path';
import { Backoff } from '../../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { asStored, checkCommit, guarded } from './commit-check.ts';
import { EmbeddedFiles, type FilesContent, isLocked } from './embedded-db.ts';
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

export interface EmbeddedStoreOptions {
  /** The store lies in its subfolder `store`, made where it is missing. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Commits that may wait for the disk at once; each of them is a request that somebody holds open. */
const MOST_WAITING = 10_000;

export class EmbeddedStore implements Store {
  readonly address: string;
  readonly mostChanges = 1000;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onceLog: OnceLog;
  readonly #folder: string;
  readonly #backoff = new Backoff({ firstMs: 500, mostMs: 5_000 });
  #listener: StoreListener | undefined;
  #state: StoreState = { kind: 'unread', reason: 'not started' };
  #files: EmbeddedFiles | undefined;
  #content: FilesContent = { records: new Map(), automation: { version: 0, data: '{}' }, order: 0n };
  #everWhole = false;
  #closing = false;
  #retry: Timer | undefined;
  /** One thing at a time: commits and attempts to open follow each other here. */
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor({ dataDir, clock, log }: EmbeddedStoreOptions) {
    this.#folder = join(dataDir, 'store');
    this.address = `embedded store in ${this.#folder}`;
    this.#clock = clock;
    this.#log = log;
    this.#onceLog = new OnceLog(log, clock);
  }

  get state(): StoreState {
    return this.#state;
  }

  start(listener: StoreListener): void {
    this.#listener = guarded(listener, this.#log);
    void this.#inTurn(() => this.#tryToOpen());
  }

  async read(host: HostName): Promise<StoredRecord | undefined> {
    this.#mustBeOpen();
    return this.#content.records.get(host);
  }

  async readAutomation(): Promise<Automation> {
    this.#mustBeOpen();
    return this.#content.automation;
  }

  async commit(
    changes: readonly Change[],
    automation?: AutomationCheck,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    checkCommit(changes, this.mostChanges);
    this.#mustBeOpen();
    if (this.#waiting >= MOST_WAITING)
      throw new SatelliteError('store-unavailable', `${MOST_WAITING} changes already wait for the ${this.address}`);
    this.#waiting++;
    return this.#inTurn(() => this.#write(changes, automation)).finally(() => this.#waiting--);
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    this.#retry?.cancel();
    const done = new AbortController();
    const closed = this.#inTurn(async () => {
      await this.#files?.close();
      this.#files = undefined;
    }).finally(() => done.abort());
    await Promise.race([closed, sleep(this.#clock, deadlineMs, done.signal)]);
  }

  async #write(
    changes: readonly Change[],
    check: AutomationCheck | undefined,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    const files = this.#files;
    if (!files) throw this.#unavailable();
    const { records } = this.#content;
    if (check && check.expect !== this.#content.automation.version)
      throw new StoreConflict(
        `automation has version ${this.#content.automation.version}, expected was ${check.expect}`,
      );
    const automation =
      check?.data === undefined ? undefined : { version: check.expect + 1, data: asStored(check.data) };
    // The counter moves even when only the automation node changes: after a failed write it tells what arrived.
    let order = this.#content.order + (automation ? 1n : 0n);
    const written = changes.map(({ host, expect, data }): StoredRecord | undefined => {
      const old = records.get(host);
      if ((old?.version ?? 'absent') !== expect)
        throw new StoreConflict(`${host} has version ${old?.version ?? 'absent'}, expected was ${expect}`);
      order += 1n;
      if (data === null) return undefined;
      const createdMs = old?.createdMs ?? this.#clock.wallMs();
      return { host, data: asStored(data), version: old ? old.version + 1 : 0, createdMs, order };
    });
    const next: FilesContent = {
      records,
      automation: automation ?? this.#content.automation,
      order,
    };
    const steps = changes.map((change, index) => ({ host: change.host, record: written[index] }));
    const created = written.filter((record) => record?.version === 0).length;
    const removed = changes.filter((change) => change.data === null).length;
    try {
      await files.write(steps, next.automation, order, records.size + created - removed);
    } catch (error) {
      await this.#afterFailedWrite(error, order);
      return written;
    }
    this.#content = next;
    if (automation) this.#listener?.onAutomation(next.automation);
    for (const { host, record } of steps) this.#accept(host, record);
    return written;
  }

  /**
   * LevelDB does not say whether a batch whose write failed will be there when the folder is opened again, and takes
   * no more writes until then. So it is opened again, and the counter that went with the batch gives the answer.
   * Returns when the batch did arrive after all.
   */
  async #afterFailedWrite(error: unknown, order: bigint): Promise<void> {
    const reason = `writing to ${this.#folder} failed: ${messageOf(error)}`;
    this.#log.error(`The embedded store is lost: ${reason}`);
    this.#setState({ kind: 'lost', reason });
    await this.#files?.close().catch(() => undefined);
    this.#files = undefined;
    await this.#tryToOpen();
    if (!this.#files) throw new SatelliteError('store-uncertain', reason, {}, { cause: error });
    if (this.#content.order < order) throw new SatelliteError('store-unavailable', reason, {}, { cause: error });
  }

  /** Opens and reads; when it fails the state says why and another try is planned. Never throws. */
  async #tryToOpen(): Promise<void> {
    if (this.#closing) return;
    try {
      const files = await EmbeddedFiles.open(this.#folder);
      try {
        this.#take(await files.readAll());
      } catch (error) {
        await files.close();
        throw error;
      }
      this.#files = files;
      this.#backoff.reset();
      this.#everWhole = true;
      this.#onceLog.recovered('open', `The ${this.address} is open`);
      this.#setState({ kind: 'whole' });
    } catch (error) {
      const reason = isLocked(error)
        ? `another satellite-master uses ${this.#folder}`
        : `${this.#folder} cannot be opened: ${messageOf(error)}`;
      this.#onceLog.warn('open', `The embedded store: ${reason}; trying again`);
      this.#setState({ kind: this.#everWhole ? 'lost' : 'unread', reason });
      if (this.#closing) return;
      this.#retry = this.#clock.after(this.#backoff.next(), () => void this.#inTurn(() => this.#tryToOpen()));
    }
  }

  /** Tells what differs from what was told before; after a start that is everything. */
  #take(found: FilesContent): void {
    const known = this.#content;
    this.#content = { ...found, records: known.records };
    const sameAutomation = this.#everWhole && known.automation.version === found.automation.version;
    if (!sameAutomation) this.#listener?.onAutomation(found.automation);
    for (const host of [...known.records.keys()]) if (!found.records.has(host)) this.#accept(host, undefined);
    for (const [host, record] of found.records)
      if (known.records.get(host)?.order !== record.order) this.#accept(host, record);
  }

  #accept(host: HostName, record: StoredRecord | undefined): void {
    const wasThere = this.#content.records.has(host);
    if (record) this.#content.records.set(host, record);
    else this.#content.records.delete(host);
    if (record || wasThere) this.#listener?.onRecord(host, record);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #mustBeOpen(): void {
    if (this.#closing || this.#state.kind !== 'whole') throw this.#unavailable();
  }

  #unavailable(): SatelliteError {
    const why = this.#closing ? 'it is being closed' : this.#state.kind === 'whole' ? 'closed' : this.#state.reason;
    return new SatelliteError('store-unavailable', `${this.address}: ${why}`);
  }

  #setState(state: StoreState): void {
    this.#state = state;
    this.#listener?.onState(state);
  }
}
