/**
 * What has become of each host, who did it and why: kept on every master in its own `data-dir`, bounded, readable
 * after the host has left the inventory. Nothing is decided by it, so a fault here never stops a change.
 */
import { join } from 'node:path';
import type { Clock } from '../../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { type Appended, type HistoryBounds, HistoryDb } from './history-db.ts';
import type { HistoryEntry } from './history-entry.ts';

export type { HistoryEntry } from './history-entry.ts';

export interface HistoryOptions {
  /** The history lies in its subfolder `history`. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: 200 entries a host, 200,000 in all; the oldest go first. */
  readonly bounds?: HistoryBounds;
}

/** Entries written in one batch. */
const BATCH = 500;
/** Entries that may wait for the disk: a restart replays one for each host of the largest inventory. */
const MAX_WAITING = 200_000;
/** Of all that wait, as estimated: reasons may be long. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const ENTRY_BYTES = 200;
/** Between two attempts to open a folder that could not be opened. */
const REOPEN_MS = 5_000;

export class History {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: OnceLog;
  readonly #bounds: HistoryBounds;
  #db: HistoryDb | undefined;
  #opening: Promise<HistoryDb | undefined> | undefined;
  #openAgainMs = 0;
  #why = 'it is not open';
  #waiting: Appended[] = [];
  /** Also of those that are being written. */
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #failures = 0;
  /** Accepts nothing more; what waits is still written. */
  #closed = false;
  #ended = false;

  constructor({ dataDir, clock, log, bounds = { perHost: 200, inAll: 200_000 } }: HistoryOptions) {
    this.#folder = join(dataDir, 'history');
    this.#clock = clock;
    this.#log = new OnceLog(log, clock);
    this.#bounds = bounds;
  }

  /** Entries that wait for the disk. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Entries that could not be kept since the start. */
  get failures(): number {
    return this.#failures;
  }

  /** Never rejects: a history that cannot be opened is logged, and tried again with what is appended later. */
  async open(): Promise<void> {
    await this.#opened();
  }

  /**
   * Queues the entry and writes it in the background. The same change again (same host and key) replaces
   * itself: after a restart every record's last change is reported again.
   * @param key distinguishes the changes of one host: the record's `order`
   * @param unlessKnown keeps an entry of that key: what is seen again at a start says less
   */
  append(host: HostName, entry: HistoryEntry, key: bigint, { unlessKnown = false } = {}): void {
    const bytes = bytesOf(entry);
    const isFull = this.#waiting.length >= MAX_WAITING || this.#waitingBytes + bytes > MAX_WAITING_BYTES;
    if (this.#closed || isFull) {
      this.#lost(1, this.#closed ? 'it is closed' : 'too many entries already wait');
      return;
    }
    this.#waitingBytes += bytes;
    this.#waiting.push({ host, entry, key, unlessKnown });
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /**
   * Newest first, with all that was appended before.
   * @throws SatelliteError internal when the folder cannot be read
   */
  async of(host: HostName): Promise<HistoryEntry[]> {
    await this.#writing;
    const db = await this.#opened();
    if (!db) throw new SatelliteError('internal', `the history cannot be read: ${this.#why}`);
    return db.of(host);
  }

  /** Writes what waits, then closes. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#opening;
    await this.#db?.close();
    this.#db = undefined;
    this.#why = 'it is closed';
    this.#ended = true;
  }

  /** Begins a turn later, so that what is appended in one go makes one batch. */
  async #write(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (let start = 0; start < waiting.length; start += BATCH)
        await this.#writeBatch(waiting.slice(start, start + BATCH));
      this.#waitingBytes = this.#waiting.reduce((sum, { entry }) => sum + bytesOf(entry), 0);
    }
  }

  async #writeBatch(batch: readonly Appended[]): Promise<void> {
    const db = await this.#opened();
    if (!db) return this.#lost(batch.length, this.#why);
    try {
      await db.append(batch);
      this.#log.recovered('write', 'history written again');
    } catch (error) {
      this.#lost(batch.length, messageOf(error));
      // LevelDB accepts nothing more after a failed write until it is opened again.
      this.#db = undefined;
      this.#openAgainMs = this.#clock.monoMs() + REOPEN_MS;
      this.#why = messageOf(error);
      await db.close().catch(() => undefined);
    }
  }

  #opened(): Promise<HistoryDb | undefined> {
    if (this.#db) return Promise.resolve(this.#db);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<HistoryDb | undefined> {
    if (this.#ended) return undefined;
    if (this.#clock.monoMs() < this.#openAgainMs) return undefined;
    try {
      this.#db = await HistoryDb.open(this.#folder, this.#bounds, this.#clock.wallMs());
      const { damage } = this.#db;
      if (damage !== undefined) this.#log.warn('damage', 'the history is damaged', { err: damage });
      this.#log.recovered('open', 'history open');
    } catch (error) {
      this.#why = `${this.#folder}: ${messageOf(error)}`;
      this.#openAgainMs = this.#clock.monoMs() + REOPEN_MS;
      this.#log.warn('open', 'failed to open the history, changes go on without it', { err: this.#why });
    }
    return this.#db;
  }

  #lost(entries: number, why: string): void {
    this.#failures += entries;
    this.#log.warn('write', 'failed to write entries of the history', { entries, err: why });
  }
}

function bytesOf({ reason, by }: HistoryEntry): number {
  return ENTRY_BYTES + reason.length + by.length;
}
