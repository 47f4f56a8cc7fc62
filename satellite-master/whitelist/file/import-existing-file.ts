/**
 * A whitelist file that was there before this master published it for the first time. Beside an empty store its hosts
 * become records (docs/judgement.md, rule 20); beside a store with records it is compared, and held where too much would
 * be dropped (rule 20a). Touches the file, its copy, the store and a mark in `data-dir`.
 */
import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import type { Clock } from '../../../shared/clock.ts';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import type { Log } from '../../../shared/log.ts';
import { escapeControls } from '../../../shared/text.ts';
import { offLimit } from '../automation/index.ts';
import { emptyRecord, putOn } from '../record/index.ts';
import { changeOf } from '../record-editor.ts';
import type { Replica } from '../replica.ts';
import { type Store, StoreConflict } from '../store/index.ts';
import { type FileOnDisk, fileOnDisk } from './disk-file.ts';
import { type FirstStart, FirstStartMark } from './first-start-mark.ts';
import type { HoldInput, HoldReason, HoldSource } from './hold.ts';
import { linesOf } from './whitelist-file.ts';

export interface ExistingFileOptions {
  readonly path: string;
  readonly dataDir: string;
  readonly store: Store;
  readonly replica: Replica;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests; default: the file on the disk. */
  readonly disk?: FileOnDisk;
}

/** Small enough for one transaction of either store. */
const HOSTS_A_COMMIT = 200;
/** Of the differences, so many are named in the log. */
const MAX_LOGGED = 100;

export class ExistingFile implements HoldSource {
  readonly #options: ExistingFileOptions;
  readonly #mark: FirstStartMark;
  #state: FirstStart | undefined;
  #hadRecords: boolean | undefined;

  constructor(options: ExistingFileOptions) {
    this.#options = options;
    this.#mark = new FirstStartMark(options.dataDir);
  }

  /**
   * Once the store is whole, and before the file is written. May be called again after a failure: what was imported
   * already is left alone.
   * @throws SatelliteError of the store, or what the file system throws; then nothing may be published yet
   */
  async prepare(): Promise<void> {
    const { path, replica, disk = fileOnDisk(path) } = this.#options;
    // At the first call nothing but what the store held can be in the replica; later, reports have added hosts.
    this.#hadRecords ??= replica.size > 0;
    const known = await this.#mark.of(path);
    this.#state = known;
    if (known === 'done' || known === 'comparing') return;
    const content = (await disk.mark()) === null ? null : await disk.read();
    if (content === null || content === '') return this.#set('done');
    await copyFile(path, `${path}.before-satellite`, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const hosts = hostsIn(content, this.#options.log);
    if (known === undefined && this.#hadRecords) {
      this.#logDifferences(hosts);
      return this.#set('comparing');
    }
    await this.#set('importing');
    const created = await this.#createMissing(hosts);
    this.#options.log.info({ path, hosts: hosts.length, created }, 'imported the existing whitelist file');
    await this.#set('done');
  }

  hold({ present, hosts, offShare }: HoldInput): HoldReason | undefined {
    if (this.#state !== 'comparing') return undefined;
    const wanted = new Set<string>(hosts);
    const dropped = present.filter((line) => !wanted.has(line)).length;
    const limit = offLimit({ share: offShare, inventory: present.length });
    if (dropped <= limit) return undefined;
    const reason = `this master writes the file for the first time and would drop ${dropped} of its ${present.length} lines; at most ${limit} are dropped without a confirmation`;
    return { rule: '20a', reason };
  }

  confirmed(): Promise<void> {
    return this.published();
  }

  /** The file has been written as the store says. @throws what the file system throws */
  async published(): Promise<void> {
    if (this.#state === 'comparing') await this.#set('done');
  }

  async #set(state: FirstStart): Promise<void> {
    await this.#mark.set(this.#options.path, state);
    this.#state = state;
  }

  #logDifferences(hosts: readonly HostName[]): void {
    const { path, replica, log } = this.#options;
    const listed = new Set<string>(replica.on());
    const had = new Set<string>(hosts);
    const missing = hosts.filter((host) => !listed.has(host));
    const added = replica.on().filter((host) => !had.has(host));
    log.warn(
      {
        path,
        copy: `${path}.before-satellite`,
        missing: missing.length,
        added: added.length,
        missingHosts: missing.slice(0, MAX_LOGGED),
        addedHosts: added.slice(0, MAX_LOGGED),
      },
      'a whitelist file that this master has not written before; the store holds records, so nothing is imported',
    );
  }

  async #createMissing(hosts: readonly HostName[]): Promise<number> {
    let created = 0;
    for (let from = 0; from < hosts.length; from += HOSTS_A_COMMIT)
      created += await this.#createBatch(hosts.slice(from, from + HOSTS_A_COMMIT));
    return created;
  }

  /** Another master may import the same file at the same time: who comes second finds the records there. */
  async #createBatch(hosts: readonly HostName[]): Promise<number> {
    const { replica, store, clock, self, path } = this.#options;
    const missing = hosts.filter((host) => !replica.get(host));
    if (missing.length === 0) return 0;
    const nowS = clock.wallMs() / 1000;
    const author = { by: self, as: null, cause: 'takeover', reason: `on the whitelist file ${path} before Satellite` };
    try {
      await store.commit(
        missing.map((host) => changeOf(host, 'absent', putOn(emptyRecord, nowS), author, nowS).change),
      );
      return missing.length;
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
      if (missing.length === 1) return 0;
      let created = 0;
      for (const host of missing) created += await this.#createBatch([host]);
      return created;
    }
  }
}

function hostsIn(content: string, log: Log): readonly HostName[] {
  const hosts = new Set<HostName>();
  for (const line of linesOf(content)) {
    const host = parseHostName(line);
    if (host) hosts.add(host);
    else
      log.warn(
        { line: escapeControls(line.slice(0, 300)) },
        'a line of the whitelist file is no host name: not imported',
      );
  }
  return [...hosts];
}
