/**
 * Connects the records with the whitelist file: once the store has been read whole it deals with a file that was there
 * before, and from then on it keeps the file equal to the merged list, unless that is held. Until then nothing is written.
 */
import { Backoff } from '../../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import type { Replica } from '../replica.ts';
import { listedHosts } from './broken-records-hold.ts';
import type { FileOnDisk } from './disk-file.ts';
import { type HoldSource, isConfirmable } from './hold.ts';
import type { ExistingFile } from './import-existing-file.ts';
import { publishPolicy } from './publish-policy.ts';
import { aborted, type FileState, type Wanted, WhitelistFile } from './whitelist-file.ts';

export interface FilePublisherOptions {
  readonly path: string;
  readonly replica: Replica;
  readonly existing: Pick<ExistingFile, 'prepare' | 'published' | 'hold' | 'confirmed'>;
  /** The most important first. */
  readonly holds: readonly HoldSource[];
  /** `managed-off-limit`. */
  readonly offShare: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each attempt that wrote or failed. */
  readonly tried: (outcome: 'written' | 'failed') => void;
  readonly disk?: FileOnDisk;
}

/** Who confirms the content of a held file. */
export interface Confirmation {
  /** Claimed. */
  readonly by: string;
  /** Authenticated: the token's name, or null. */
  readonly as: string | null;
  readonly reason: string;
  /** Of the content that was shown. */
  readonly digest: string;
}

/** As `GET /whitelist/file` answers it. */
export interface FileReport {
  readonly state: FileState['kind'];
  /** null: there is nothing to explain. */
  readonly reason: string | null;
  /** The rule of docs/judgement.md by which it is held. */
  readonly rule: string | null;
  /** What a confirmation has to name; null: the file is not held, or its new content is not known. */
  readonly digest: string | null;
  /** Lines that a held file would lose if it were written. */
  readonly missing: readonly string[];
  /** Lines that it would gain. */
  readonly added: readonly string[];
}

export class FilePublisher {
  readonly #options: FilePublisherOptions;
  readonly #holds: readonly HoldSource[];
  readonly #file: WhitelistFile;
  readonly #once: OnceLog;
  readonly #stopped = new AbortController();
  #preparing: Promise<void> | undefined;
  #watch: Timer | undefined;
  /** Digest of the content that an operator has confirmed. */
  #confirmed: string | undefined;

  /** Subscribes to the replica. */
  constructor(options: FilePublisherOptions) {
    const { replica, existing, holds, ...rest } = options;
    this.#options = options;
    this.#holds = [...holds, existing];
    this.#once = new OnceLog(options.log, options.clock);
    this.#file = new WhitelistFile({
      ...rest,
      wanted: (present) => this.#wanted(present),
      published: () => this.#published(),
    });
    replica.onChange(() => this.#publish());
    replica.onStoreState(({ kind }) => {
      if (kind !== 'whole') return;
      this.#preparing ??= this.#prepare();
      this.#publish();
    });
  }

  get state(): FileState {
    return this.#file.state;
  }

  /** Monotonic ms of the last time that the file was found to be what it has to be. */
  get verifiedMs(): number | undefined {
    return this.#file.verifiedMs;
  }

  /** Why the file is held; undefined: it is not. */
  get holdReason(): string | undefined {
    const { state } = this.#file;
    return state.kind === 'held' ? state.hold.reason : undefined;
  }

  report(): FileReport {
    const { state } = this.#file;
    if (state.kind === 'held') {
      const { rule, reason, digest, missing, added } = state.hold;
      return { state: state.kind, reason, rule, digest, missing, added };
    }
    const reason = state.kind === 'failed' ? state.reason : null;
    return { state: state.kind, reason, rule: null, digest: null, missing: [], added: [] };
  }

  /**
   * An operator confirms the content that was shown: it is written.
   * @throws SatelliteError not-held, content-changed, not-confirmable; store-unavailable, store-uncertain
   */
  async confirm({ by, as, reason, digest }: Confirmation): Promise<FileReport> {
    // What was shown may be outdated by changes that have not come to the file yet.
    await this.#settled();
    const { state } = this.#file;
    if (state.kind !== 'held')
      throw new SatelliteError('not-held', `the whitelist file is not held, it is ${state.kind}`);
    const { hold } = state;
    if (hold.digest === null || !isConfirmable(hold.rule))
      throw new SatelliteError('not-confirmable', `rule ${hold.rule}: ${hold.reason}`);
    if (hold.digest !== digest)
      throw new SatelliteError('content-changed', 'the content has changed since it was shown; look again', {
        digest: hold.digest,
      });
    const { missing, added, rule } = hold;
    this.#options.log.warn(
      { by, as, reason, digest, rule, missing: missing.length, added: added.length },
      'an operator has confirmed the content of the whitelist file',
    );
    for (const source of this.#holds) await source.confirmed();
    this.#confirmed = digest;
    await this.#settled();
    return this.report();
  }

  /** Writes what is still to be written. @param signal ends the wait for a disk that does not answer */
  async stop({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#stopped.abort();
    this.#watch?.cancel();
    const preparing = this.#preparing ?? Promise.resolve();
    await (signal ? Promise.race([preparing, aborted(signal)]) : preparing);
    await this.#file.close(signal);
  }

  #wanted(present: readonly string[]): Wanted {
    const { replica, offShare, clock } = this.#options;
    const input = { replica, present, hosts: listedHosts(replica, present), offShare, nowS: clock.wallMs() / 1000 };
    const reasons = this.#holds.flatMap((source) => source.hold(input) ?? []);
    return publishPolicy({ ...input, reasons, confirmed: this.#confirmed });
  }

  #publish(): void {
    if (this.#watch) this.#file.update();
  }

  /** Brings the file up to date now. */
  async #settled(): Promise<void> {
    if (this.#watch) await this.#file.now();
  }

  #published(): void {
    this.#confirmed = undefined;
    const { existing, path } = this.#options;
    existing.published().then(
      () => this.#once.recovered('mark', 'the first start is noted in data-dir', { path }),
      (error: unknown) =>
        this.#once.warn('mark', 'the first start cannot be noted in data-dir', { path, err: messageOf(error) }),
    );
  }

  async #prepare(): Promise<void> {
    const { existing, clock, path } = this.#options;
    const backoff = new Backoff({ firstMs: 200, maxMs: 5_000 });
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#file.withinTime(
          Promise.all(this.#holds.map((source) => source.ready?.())).then(() => existing.prepare()),
        );
        this.#once.recovered('import', 'the existing whitelist file has been read', { path });
        break;
      } catch (error) {
        this.#file.notReady(messageOf(error));
        const fields = { path, err: messageOf(error) };
        this.#once.warn('import', 'the existing whitelist file cannot be imported; it stays as it is', fields);
        await sleep(clock, backoff.next(), this.#stopped.signal);
      }
    }
    if (this.#stopped.signal.aborted) return;
    this.#watch = this.#file.watch();
    this.#publish();
  }
}
