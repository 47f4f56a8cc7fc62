/**
 * The first start of a master beside an existing whitelist file: its hosts become records before the file is written
 * for the first time (docs/judgement.md, rule 20). Touches the file, its copy, the store and a mark in `data-dir`.
 */
import { constants } from 'node:fs';
import { access, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../../shared/atomic-file.ts';
import type { Clock } from '../../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import type { Log } from '../../../shared/log.ts';
import { cutToLength, escapeControls } from '../../../shared/text.ts';
import { emptyRecord, putOn } from '../record/index.ts';
import { changeOf } from '../record-editor.ts';
import type { Replica } from '../replica.ts';
import { type Store, StoreConflict } from '../store/index.ts';
import { linesOf } from './whitelist-file.ts';

export interface TakeoverOptions {
  readonly path: string;
  readonly dataDir: string;
  readonly store: Store;
  readonly replica: Replica;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Small enough for one transaction of either store. */
const HOSTS_A_COMMIT = 200;

/**
 * Once the store is whole: takes over what the file says, where this master has not published before. May be called
 * again after a failure; what was taken over already is left alone.
 * @throws SatelliteError of the store, or what the file system throws; then nothing may be published yet
 */
export async function takeOver(options: TakeoverOptions): Promise<void> {
  const { path, dataDir, log } = options;
  const mark = join(dataDir, 'published.json');
  if (await exists(mark)) return;
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (content !== undefined && content !== '') {
    await copyFile(path, `${path}.before-satellite`, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const hosts = fitLines(content, log);
    const created = await createMissing(hosts, options);
    log.info(
      { hosts: hosts.length, created },
      `took over the whitelist file ${path}: ${created} of its ${hosts.length} hosts were not in the store yet`,
    );
  }
  await mkdir(dataDir, { recursive: true });
  await writeFileAtomically(
    mark,
    `${JSON.stringify({ file: path, at: new Date(options.clock.wallMs()).toISOString() })}\n`,
  );
}

function fitLines(content: string, log: Log): readonly HostName[] {
  const hosts = new Set<HostName>();
  for (const line of linesOf(content)) {
    const host = parseHostName(line);
    if (host) hosts.add(host);
    else
      log.warn(
        { line: cutToLength(line, 300, escapeControls) },
        'a line of the whitelist file is no host name: not taken over',
      );
  }
  return [...hosts];
}

async function createMissing(hosts: readonly HostName[], options: TakeoverOptions): Promise<number> {
  let created = 0;
  for (let from = 0; from < hosts.length; from += HOSTS_A_COMMIT) {
    created += await createBatch(hosts.slice(from, from + HOSTS_A_COMMIT), options);
  }
  return created;
}

/** Another master may take over the same file at the same time: who comes second finds the records there. */
async function createBatch(hosts: readonly HostName[], options: TakeoverOptions): Promise<number> {
  const { replica, store, clock, self } = options;
  const missing = hosts.filter((host) => !replica.get(host));
  if (missing.length === 0) return 0;
  const nowS = clock.wallMs() / 1000;
  const author = {
    by: self,
    as: null,
    cause: 'takeover',
    reason: `on the whitelist file ${options.path} before Satellite`,
  };
  try {
    await store.commit(missing.map((host) => changeOf(host, 'absent', putOn(emptyRecord, nowS), author, nowS).change));
    return missing.length;
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    if (missing.length === 1) return 0;
    let created = 0;
    for (const host of missing) created += await createBatch([host], options);
    return created;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw new SatelliteError('internal', `${path} can't be looked at: ${messageOf(error)}`, {}, { cause: error });
  }
}
