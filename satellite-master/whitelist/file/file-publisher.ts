/**
 * Connects the records with the whitelist file: once the store has been read whole it imports an existing file, and from
 * then on it keeps the file equal to the merged list. Until the import is done nothing is written.
 */
import { Backoff } from '../../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import type { Replica } from '../replica.ts';
import type { WhitelistFile } from './whitelist-file.ts';

export interface FilePublisherOptions {
  readonly file: WhitelistFile;
  readonly replica: Replica;
  /** Imports what the file holds at the first start. @throws what the store or the file system throws */
  readonly importExisting: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export class FilePublisher {
  readonly #options: FilePublisherOptions;
  readonly #once: OnceLog;
  readonly #stopped = new AbortController();
  #importing: Promise<void> | undefined;
  #watch: Timer | undefined;

  /** Subscribes to the replica. */
  constructor(options: FilePublisherOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    const { replica } = options;
    replica.onChange(() => this.#publish());
    replica.onStoreState(({ kind }) => {
      if (kind !== 'whole') return;
      this.#importing ??= this.#import();
      this.#publish();
    });
  }

  /** Writes what is still to be written. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#watch?.cancel();
    await this.#importing;
    await this.#options.file.close();
  }

  #publish(): void {
    if (this.#watch) this.#options.file.update();
  }

  async #import(): Promise<void> {
    const { importExisting, clock, file } = this.#options;
    const backoff = new Backoff({ firstMs: 200, maxMs: 5_000 });
    while (!this.#stopped.signal.aborted) {
      try {
        await importExisting();
        this.#once.recovered('import', 'the existing whitelist file is imported');
        break;
      } catch (error) {
        this.#once.warn(
          'import',
          `the existing whitelist file can't be imported; it stays as it is: ${messageOf(error)}`,
        );
        await sleep(clock, backoff.next(), this.#stopped.signal);
      }
    }
    if (this.#stopped.signal.aborted) return;
    this.#watch = file.watch();
    this.#publish();
  }
}
