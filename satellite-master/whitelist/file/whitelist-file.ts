/**
 * The whitelist file that mesos-master reads: kept equal to the merged list, level-triggered, and never emptied or torn
 * (docs/operations.md, "The whitelist file"; docs/judgement.md, rules 24, 28). Touches the file and its folder, nothing else.
 */
import { readFile, stat } from 'node:fs/promises';
import { writeFileAtomically } from '../../../shared/atomic-file.ts';
import { Backoff } from '../../../shared/backoff.ts';
import type { Clock, Timer } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';

/** What the file is to hold, or why it has to stay as it is. */
export type Wanted = { readonly hosts: readonly HostName[] } | { readonly hold: string };

export type FileState =
  | { readonly kind: 'starting' }
  /** As the merged list says. */
  | { readonly kind: 'published'; readonly hosts: number }
  /** There is no file and nothing to write. */
  | { readonly kind: 'nothing-to-publish' }
  | { readonly kind: 'held'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface WhitelistFileOptions {
  readonly path: string;
  /** Given the lines that the file holds now. */
  readonly wanted: (present: readonly string[]) => Wanted;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each try that wrote or failed. */
  readonly tried: (outcome: 'written' | 'failed') => void;
}

/** Changes that come together are written together. */
const GATHER_MS = 20;
/** Whether another program has touched the file is looked at so often. */
const CHECK_MS = 5_000;

export class WhitelistFile {
  readonly #options: WhitelistFileOptions;
  readonly #once: OnceLog;
  readonly #backoff = new Backoff({ firstMs: 250, maxMs: 5_000 });
  #state: FileState = { kind: 'starting' };
  /** The content on disk as this process knows it; null: no file; undefined: to be read. */
  #content: string | null | undefined;
  /** Device, inode, size and time of the file when it was last read or written. */
  #mark = '';
  #writtenMs: number | undefined;
  #timer: Timer | undefined;
  #retry: Timer | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;
  #stopped = false;

  constructor(options: WhitelistFileOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
  }

  get state(): FileState {
    return this.#state;
  }

  /** Monotonic ms of the last time that the file was written or found right. */
  get writtenMs(): number | undefined {
    return this.#writtenMs;
  }

  /** The merged list may have changed. */
  update(): void {
    this.#wanted = true;
    if (this.#timer || this.#running || this.#stopped) return;
    this.#timer = this.#options.clock.after(GATHER_MS, () => {
      this.#timer = undefined;
      this.#running = this.#rounds().finally(() => {
        this.#running = undefined;
        // Asked for after the last look and before this.
        if (this.#wanted) this.update();
      });
    });
  }

  /** When nothing is being written or read any more; what waits for its time is not waited for. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Looks from time to time whether the file is still what was written. @returns stops it */
  watch(): Timer {
    return this.#options.clock.every(CHECK_MS, () => {
      void this.#markOf().then((mark) => {
        if (mark === this.#mark) return;
        this.#content = undefined;
        this.update();
      });
    });
  }

  /** Writes what is still to be written, then nothing more. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#retry?.cancel();
    this.#stopped = true;
    await this.#running;
    if (this.#wanted) await this.#publish().catch(() => undefined);
  }

  async #rounds(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      try {
        await this.#publish();
        this.#backoff.reset();
      } catch (error) {
        this.#failed(error);
        return;
      }
    }
  }

  #failed(error: unknown): void {
    const { path, clock, tried } = this.#options;
    const reason = messageOf(error);
    this.#state = { kind: 'failed', reason };
    this.#content = undefined;
    this.#wanted = false;
    tried('failed');
    this.#once.warn('write', `the whitelist file ${path} could not be written, its old content stays: ${reason}`);
    this.#retry?.cancel();
    if (!this.#stopped) this.#retry = clock.after(this.#backoff.next(), () => this.update());
  }

  async #publish(): Promise<void> {
    const { path, wanted, clock, log, tried } = this.#options;
    if (this.#content === undefined) await this.#read();
    const present = this.#content ?? null;
    const want = wanted(present === null ? [] : linesOf(present));
    if ('hold' in want) {
      if (this.#state.kind !== 'held' || this.#state.reason !== want.hold)
        log.warn({ state: 'file-held' }, `the whitelist file is held: ${want.hold}`);
      this.#state = { kind: 'held', reason: want.hold };
      return;
    }
    const content = want.hosts.length === 0 ? '' : `${want.hosts.join('\n')}\n`;
    if (present === null && content === '') {
      this.#state = { kind: 'nothing-to-publish' };
      return;
    }
    if (content !== present) {
      await writeFileAtomically(path, content);
      this.#content = content;
      this.#mark = await this.#markOf();
      tried('written');
    }
    this.#writtenMs = clock.monoMs();
    this.#state = { kind: 'published', hosts: want.hosts.length };
    this.#once.recovered('write', `the whitelist file ${path} is written again`);
  }

  async #read(): Promise<void> {
    this.#mark = await this.#markOf();
    this.#content = await readFile(this.#options.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  }

  async #markOf(): Promise<string> {
    try {
      const { dev, ino, size, mtimeMs } = await stat(this.#options.path);
      return `${dev}:${ino}:${size}:${mtimeMs}`;
    } catch (error) {
      return messageOf(error);
    }
  }
}

/** The lines of a whitelist file as mesos-master reads it: split at line feeds alone. */
export function linesOf(content: string): readonly string[] {
  return content.split('\n').filter((line) => line !== '');
}
