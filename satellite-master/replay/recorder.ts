/**
 * Writes the events that this master receives into files, for replay (docs/replay.md). Never slows the intake: what arrives only
 * waits in a bounded queue, lines are made and written in small batches, and what finds no room is counted and noted.
 * Touches nothing but its folder; nothing is decided by it.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Event } from '../../shared/event.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { version } from '../../shared/version.ts';
import type { ReplicaChange, ReplicaEntry } from '../whitelist/index.ts';
import { isExternalChange } from './external-changes.ts';
import { RecordFile } from './record-file.ts';
import { RecordQueue } from './record-queue.ts';
import { type Note, noteLine } from './recording-lines.ts';

export interface RecordSettings {
  readonly dir: string;
  readonly keepMs: number;
  readonly maxBytes: number;
  readonly gzip: boolean;
}

export interface RecorderOptions {
  readonly settings: RecordSettings;
  /** All records: asked for when the store is read whole, and for the head of each file after that. */
  readonly records: () => Iterable<ReplicaEntry>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with the number of events that are missing in the recording. */
  readonly dropped: (events: number) => void;
  /** Default 32 MiB: what may wait for the disk, as estimated. */
  readonly maxWaitingBytes?: number;
  /** Default 64 MiB, or an eighth of `most-bytes`; and an hour. */
  readonly fileBytes?: number;
  readonly fileMs?: number;
}

const MAX_WAITING_BYTES = 32 * 1024 * 1024;
const FILE_BYTES = 64 * 1024 * 1024;
const FILE_MS = 3_600_000;
/** Between two batches: what a crash may cost. */
const FLUSH_MS = 200;
/** Lines made without a pause: about a millisecond's work. */
const SLICE = 500;
/** A slice of the snapshot: records are larger. */
const RECORD_SLICE = 50;
const WRITE_BYTES = 256 * 1024;
const ALIVE_MS = 10_000;
const CLOCK_SET_MS = 1_000;
const REOPEN_MS = 5_000;
const TOO_MANY = 'too many waited for the disk';

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #clock: Clock;
  readonly #once: OnceLog;
  readonly #queue: RecordQueue;
  readonly #file: RecordFile;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;
  /** What is still to be written of the records. */
  #snapshot: Iterator<ReplicaEntry> | undefined;
  /** The file that was begun needs the records at its head. */
  #snapshotDue = false;
  #isWhole = false;
  #wholeWritten = false;
  #lost = 0;
  #lostReason = '';
  /** A note found no room: what the recording says of the records is no longer right, and a new file begins. */
  #hasGap = false;
  #reopenMs = Number.NEGATIVE_INFINITY;
  #lastAt = 0;
  #wroteMs = 0;
  /** Wall less monotonic, ms: it changes when the wall clock is set. */
  #offsetMs: number;

  constructor(options: RecorderOptions) {
    const { settings, clock, log, maxWaitingBytes = MAX_WAITING_BYTES, fileMs = FILE_MS } = options;
    const fileBytes = options.fileBytes ?? Math.min(FILE_BYTES, settings.maxBytes / 8);
    this.#options = options;
    this.#clock = clock;
    this.#once = new OnceLog(log, clock);
    this.#queue = new RecordQueue(maxWaitingBytes);
    this.#file = new RecordFile({ ...settings, fileBytes, fileMs, clock, log: this.#once });
    this.#offsetMs = clock.wallMs() - clock.monoMs();
    this.#note({ note: 'began', version });
  }

  /** Events and notes that wait for the disk. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Begins to write; until then everything waits. */
  start(): void {
    this.#timer = this.#clock.every(FLUSH_MS, () => void (this.#writing ?? this.flush()));
  }

  /** @param own whether they come from the master itself */
  record(events: readonly Event[], own = false): void {
    if (this.#closed) return;
    const at = this.#now();
    for (const event of events) if (!this.#queue.pushEvent(at, event, own)) this.#drop(1, TOO_MANY);
  }

  /** The master stood still: expiries waited one more ttl. */
  stalled(ms: number): void {
    this.#note({ note: 'stalled', ms: Math.round(ms) });
  }

  /** The store is read whole: its records, as they are before anything is done to them. */
  storeWhole(): void {
    if (this.#isWhole || this.#closed) return;
    this.#isWhole = true;
    this.#queue.pushSnapshot({ at: this.#now(), records: [...this.#options.records()] });
  }

  /** What others than the rules did to a record. */
  changed(change: ReplicaChange): void {
    const { host, before, after, kind, initial } = change;
    if (kind === 'expiry' || initial) return;
    if (after && !isExternalChange(before?.record, after.record)) return;
    this.#note({ note: 'record', host, createdMs: after?.createdMs ?? 0, record: after?.record ?? null });
  }

  /** Writes what waits now; never rejects. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  /** Writes what waits, then closes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#note({ note: 'ended' });
    this.#closed = true;
    this.#timer?.cancel();
    await this.flush();
    await this.#file.close();
  }

  #note(note: Note): void {
    if (!this.#closed) this.#push(this.#now(), note);
  }

  #push(at: number, note: Note): void {
    if (this.#queue.pushNote(at, note)) return;
    this.#hasGap = true;
    this.#once.warn('dropped', 'the recording misses events', { err: TOO_MANY });
  }

  #now(): number {
    const wallMs = this.#clock.wallMs();
    const offsetMs = wallMs - this.#clock.monoMs();
    const movedMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (Math.abs(movedMs) > CLOCK_SET_MS) this.#push(wallMs / 1000, { note: 'clock', ms: Math.round(movedMs) });
    return Math.round(wallMs) / 1000;
  }

  #drop(events: number, reason: string): void {
    if (events === 0) return;
    this.#lost += events;
    this.#lostReason = reason;
    this.#options.dropped(events);
    this.#once.warn('dropped', 'the recording misses events', { err: reason });
  }

  async #write(): Promise<void> {
    if (this.#clock.monoMs() < this.#reopenMs && !this.#closed) return;
    if (this.#queue.size === 0 && this.#clock.monoMs() - this.#wroteMs >= ALIVE_MS) this.#note({ note: 'alive' });
    let text = '';
    let events = 0;
    let lost = 0;
    try {
      // Before the records that wait in the queue are written, no others may take their place.
      if (this.#hasGap && (this.#wholeWritten || !this.#isWhole)) {
        await this.#file.abandon();
        this.#hasGap = false;
      }
      if (await this.#file.ready(this.#clock.wallMs())) this.#snapshotDue = true;
      text += this.#headOfFile();
      while (this.#queue.size > 0 || this.#snapshot || this.#lost > 0) {
        lost += this.#lost;
        text += this.#lostLine();
        if (this.#snapshot) {
          const lines = this.#snapshotLines();
          this.#file.addHead(lines.length);
          text += lines;
        } else {
          const slice = this.#queue.dequeue(SLICE);
          text += slice.text;
          events += slice.events;
          this.#lastAt = slice.lastAt ?? this.#lastAt;
          if (slice.snapshot) text += this.#beginSnapshot(slice.snapshot.records);
        }
        if (text.length >= WRITE_BYTES) {
          await this.#file.append(text);
          text = '';
          events = 0;
          lost = 0;
          // The records stay together, else a large inventory would begin one file after another.
          if (!this.#snapshot && (await this.#file.ready(this.#clock.wallMs()))) this.#snapshotDue = true;
          text += this.#headOfFile();
        } else await new Promise((resolve) => setImmediate(resolve));
      }
      if (text !== '') {
        await this.#file.append(text);
        this.#wroteMs = this.#clock.monoMs();
      }
      this.#once.recovered('write', 'the recording is written again');
      this.#once.recovered('dropped', 'the recording keeps up again');
    } catch (error) {
      const reason = messageOf(error);
      // The line that said so is lost, too.
      this.#lost += lost;
      this.#drop(events, reason);
      this.#once.warn('write', 'the recording cannot be written, everything else goes on', { err: reason });
      this.#snapshot = undefined;
      this.#snapshotDue = true;
      this.#reopenMs = this.#clock.monoMs() + REOPEN_MS;
      await this.#file.abandon();
    }
  }

  #lostLine(): string {
    if (this.#lost === 0) return '';
    const line = noteLine(this.#lastAt || this.#now(), {
      note: 'dropped',
      events: this.#lost,
      reason: this.#lostReason,
    });
    this.#lost = 0;
    return line;
  }

  /** Every file can be read by itself: it begins with the records as they are, once they are known. */
  #headOfFile(): string {
    const due = this.#snapshotDue && this.#wholeWritten;
    this.#snapshotDue = false;
    return due ? this.#beginSnapshot([...this.#options.records()]) : '';
  }

  #beginSnapshot(records: readonly ReplicaEntry[]): string {
    this.#wholeWritten = true;
    this.#snapshot = records[Symbol.iterator]();
    return noteLine(this.#lastAt || this.#now(), { note: 'records' });
  }

  #snapshotLines(): string {
    let text = '';
    const at = this.#lastAt || this.#now();
    for (let left = RECORD_SLICE; left > 0 && this.#snapshot; left--) {
      const { value: entry, done } = this.#snapshot.next();
      if (done) {
        this.#snapshot = undefined;
        text += noteLine(at, { note: 'whole' });
      } else if (entry.record) {
        const { host, createdMs, record } = entry;
        text += noteLine(at, { note: 'record', host, createdMs, record, snapshot: true });
      }
    }
    return text;
  }
}
