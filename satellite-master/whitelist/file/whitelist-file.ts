/**
 * The whitelist file that mesos-master reads: kept equal to the merged list, level-triggered, and never emptied or torn
 * (docs/operations.md, "The whitelist file"; docs/judgement.md, rules 24, 28).
 */
import { Backoff } from '../../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../../shared/clock.ts';
import { formatDuration } from '../../../shared/duration.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { type FileOnDisk, fileOnDisk } from './disk-file.ts';
import type { Hold } from './hold.ts';

/** What the file is to hold, or why it has to stay as it is. */
export type Wanted = { readonly hosts: readonly HostName[] } | { readonly hold: Hold };

export type FileState =
  | { readonly kind: 'starting' }
  /** As the merged list says. */
  | { readonly kind: 'published'; readonly hosts: number }
  /** There is no file and nothing to write. */
  | { readonly kind: 'nothing-to-publish' }
  | { readonly kind: 'held'; readonly hold: Hold }
  | { readonly kind: 'failed'; readonly reason: string };

export interface WhitelistFileOptions {
  readonly path: string;
  /** Given the lines that the file holds now. */
  readonly wanted: (present: readonly string[]) => Wanted;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each attempt that wrote or failed. */
  readonly tried: (outcome: 'written' | 'failed') => void;
  /** The file is as the merged list says, after a write or without. */
  readonly published?: () => void;
  /** For tests; default: the file on the disk. */
  readonly disk?: FileOnDisk;
}

/** Changes that come together are written together. */
const GATHER_MS = 20;
/** Whether another program has touched the file is checked this often. */
const CHECK_INTERVAL_MS = 5_000;
/** A healthy disk answers in milliseconds. */
const MAX_ANSWER_MS = 5_000;

export class WhitelistFile {
  readonly #options: WhitelistFileOptions;
  readonly #disk: FileOnDisk;
  readonly #once: OnceLog;
  readonly #backoff = new Backoff({ firstMs: 250, maxMs: 5_000 });
  #state: FileState = { kind: 'starting' };
  /** The content on disk as this process knows it; null: no file; undefined: to be read. */
  #content: string | null | undefined;
  /** Of the file when it was last read; undefined: it was written since, and is read again at the next check. */
  #mark: string | null | undefined;
  #checkDue = false;
  #leftoverRemoved = false;
  #verifiedMs: number | undefined;
  #timer: Timer | undefined;
  #retry: Timer | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;
  #stopped = false;

  constructor(options: WhitelistFileOptions) {
    this.#options = options;
    this.#disk = options.disk ?? fileOnDisk(options.path);
    this.#once = new OnceLog(options.log, options.clock);
  }

  get state(): FileState {
    return this.#state;
  }

  /** Monotonic ms of the last time that the file was written or found right. */
  get verifiedMs(): number | undefined {
    return this.#verifiedMs;
  }

  /** The merged list may have changed. */
  update(): void {
    this.#wanted = true;
    if (this.#timer || this.#running || this.#stopped) return;
    this.#timer = this.#options.clock.after(GATHER_MS, () => {
      this.#timer = undefined;
      this.#start();
    });
  }

  /** Brings the file up to date without waiting for further changes. */
  async now(): Promise<void> {
    if (this.#stopped || this.#retry) return;
    this.#wanted = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!this.#running) this.#start();
    await this.idle();
  }

  /**
   * Waits as long as it takes; meanwhile the state says when the disk does not answer.
   * @throws what the work throws
   */
  async withinTime(work: Promise<void>): Promise<void> {
    const done = new AbortController();
    const { clock, path } = this.#options;
    void sleep(clock, MAX_ANSWER_MS, done.signal).then(() => {
      if (done.signal.aborted) return;
      const reason = `not answering for more than ${formatDuration(MAX_ANSWER_MS)}`;
      this.#state = { kind: 'failed', reason };
      this.#once.warn('answer', 'the file system of the whitelist file does not answer', { path, err: reason });
    });
    try {
      await work;
      this.#once.recovered('answer', 'the file system of the whitelist file answers again', { path });
    } finally {
      done.abort();
    }
  }

  /** What has to come before the file is written has failed. */
  notReady(reason: string): void {
    this.#state = { kind: 'failed', reason };
  }

  /** When nothing is being written or read any more; what waits for its time is not waited for. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Checks from time to time whether the file is still what was written. @returns stops it */
  watch(): Timer {
    return this.#options.clock.every(CHECK_INTERVAL_MS, () => {
      this.#checkDue = true;
      // A call to a disk that does not answer keeps a thread of this process: there is never a second one.
      if (!this.#retry) this.update();
    });
  }

  /** Writes what is still to be written, then nothing more. @param signal ends the wait for a disk that does not answer */
  async close(signal?: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#retry?.cancel();
    this.#stopped = true;
    const finished = (this.#running ?? Promise.resolve()).then(async () => {
      if (this.#wanted) await this.#publish().catch(() => undefined);
    });
    await (signal ? Promise.race([finished, aborted(signal)]) : finished);
  }

  async #rounds(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      try {
        await this.withinTime(this.#publish());
        this.#backoff.reset();
      } catch (error) {
        this.#failed(error);
        return;
      }
    }
  }

  #start(): void {
    this.#running = this.#rounds().finally(() => {
      this.#running = undefined;
      // Asked for after the last look and before this.
      if (this.#wanted) this.update();
    });
  }

  #failed(error: unknown): void {
    const { path, clock, tried } = this.#options;
    const reason = messageOf(error);
    this.#state = { kind: 'failed', reason };
    this.#content = undefined;
    this.#wanted = false;
    tried('failed');
    this.#once.warn('write', 'the whitelist file could not be written, its old content stays', { path, err: reason });
    this.#retry?.cancel();
    if (this.#stopped) return;
    this.#retry = clock.after(this.#backoff.next(), () => {
      this.#retry = undefined;
      this.update();
    });
  }

  async #publish(): Promise<void> {
    const { wanted, clock, tried, path } = this.#options;
    await this.#read();
    const present = this.#content ?? null;
    const want = wanted(present === null ? [] : linesOf(present));
    if ('hold' in want) return this.#hold(want.hold);
    const content = want.hosts.length === 0 ? '' : `${want.hosts.join('\n')}\n`;
    if (content !== (present ?? '')) {
      await this.#disk.write(content);
      this.#content = content;
      // Another program may have written between the rename and a look at the new file.
      this.#mark = undefined;
      tried('written');
    }
    this.#verifiedMs = clock.monoMs();
    this.#state =
      present === null && content === ''
        ? { kind: 'nothing-to-publish' }
        : { kind: 'published', hosts: want.hosts.length };
    this.#once.recovered('write', 'the whitelist file is written again', { path });
    this.#options.published?.();
    this.#once.recovered('hold', 'the whitelist file is no longer held', { path });
  }

  #hold(hold: Hold): void {
    const { path } = this.#options;
    this.#state = { kind: 'held', hold };
    const { rule, reason, missing, added } = hold;
    this.#once.warn('hold', 'the whitelist file is held and keeps its content', {
      state: 'file-held',
      path,
      rule,
      err: reason,
      missing: missing.length,
      added: added.length,
    });
  }

  /** Sees to it that the content is known; at a check, that it still is. */
  async #read(): Promise<void> {
    if (!this.#leftoverRemoved) {
      await this.#disk.removeLeftover();
      this.#leftoverRemoved = true;
    }
    if (this.#content !== undefined && !this.#checkDue) return;
    const mark = await this.#disk.mark();
    if (this.#content === undefined || mark !== this.#mark)
      this.#content = mark === null ? null : await this.#disk.read();
    this.#mark = mark;
    this.#checkDue = false;
  }
}

/** The lines of a whitelist file as mesos-master reads it: split at line feeds alone. */
export function linesOf(content: string): readonly string[] {
  return content.split('\n').filter((line) => line !== '');
}

/** Resolves when it is. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
