/**
 * Reads the embedded store when it is opened and checks it against the acknowledged counter; of a damaged one it writes
 * what can be read into a new file, with a mark that stays until an operator confirms it (docs/judgement.md, rule 24b).
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AcknowledgedFile } from './acknowledged-file.ts';
import { hasFormat1, moveFormat1, readFormat1 } from './format1.ts';
import { damagedFolder, isGeneration, keepDamaged, nameOf, newestOf, writeGeneration } from './generation-file.ts';
import { applyEntry, emptyContent, type LogContent, type ReadLog, readLog } from './record-log.ts';
import type { StoreDamage } from './store.ts';

export interface Checked {
  readonly acknowledged: AcknowledgedFile;
  readonly content: LogContent;
  /** Damage that was found now. */
  readonly found: StoreDamage | undefined;
  readonly generation: number;
  /** Of the file, without what was cut off while it was written. */
  readonly bytes: number;
}

/**
 * Every step can be done again after a crash: the damage is found again, or the new file says that it was found.
 * @throws what the file system throws
 */
export async function openChecked(dataDir: string, nowMs: number): Promise<Checked> {
  const folder = join(dataDir, 'store');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await readdir(folder);
  for (const name of names) if (name.endsWith('.tmp')) await rm(join(folder, name));
  const newest = newestOf(names);
  const isFormat1 = await hasFormat1(folder);
  const read = newest
    ? await readLog(await readFile(join(folder, newest.name)))
    : isFormat1
      ? await convert(folder)
      : NOTHING_READ();
  const counter = join(dataDir, 'store.acknowledged');
  let acknowledged = await AcknowledgedFile.open(counter);
  try {
    const fault = faultOf(read, newest !== undefined, acknowledged?.order);
    let { content } = read;
    let found: StoreDamage | undefined;
    if (fault !== undefined) {
      const path = newest && join(folder, newest.name);
      const kept = await keepDamaged(path, damagedFolder(dataDir, nowMs));
      const before = content.damage;
      const reason = before ? `${fault}; before that, and not confirmed: ${before.reason}`.slice(0, 2_000) : fault;
      found = { foundMs: nowMs, reason, kept, rescued: content.records.size };
      content = marked(content, acknowledged?.order ?? 0n, found);
    }
    // Before the file: a counter below the file's is no damage, a missing one is.
    acknowledged ??= await AcknowledgedFile.create(counter, content.order);
    let generation = newest?.generation ?? 0;
    let bytes = read.goodBytes;
    if (found || !newest) bytes = await writeGeneration(folder, ++generation, content);
    for (const name of names) if (isGeneration(name) && name !== nameOf(generation)) await rm(join(folder, name));
    if (isFormat1) await moveFormat1(folder, found && !newest ? found.kept : join(dataDir, 'store.format-1'));
    return { acknowledged, content, found, generation, bytes };
  } catch (error) {
    await acknowledged?.close();
    throw error;
  }
}

/**
 * What is wrong with what was read. Pure.
 * @param acknowledged the counter of the newest acknowledged change; undefined: its file is missing or damaged
 * @returns undefined where it is exactly what was acknowledged, or newer
 */
export function faultOf(
  { content, faults }: ReadLog,
  hasFile: boolean,
  acknowledged: bigint | undefined,
): string | undefined {
  if (faults.length > 0) return faults.join(', ');
  if (hasFile && acknowledged === undefined && content.order > 0n)
    return 'the file with the acknowledged counter is missing or damaged';
  if (acknowledged !== undefined && content.order < acknowledged)
    return hasFile
      ? `the newest ${acknowledged - content.order} acknowledged changes are missing`
      : 'the file with the records is missing';
  return undefined;
}

const NOTHING_READ = (): ReadLog => ({ content: emptyContent(), goodBytes: 0, faults: [] });

async function convert(folder: string): Promise<ReadLog> {
  const { records, automation, order, fault } = await readFormat1(folder);
  const content = emptyContent();
  applyEntry(content, { order, automation, steps: records.map((record) => ({ host: record.host, record })) });
  return { content, goodBytes: 0, faults: fault === undefined ? [] : [fault] };
}

/** The same content under a counter that is higher than all that were seen. */
function marked(content: LogContent, acknowledged: bigint, damage: StoreDamage): LogContent {
  let order = content.order > acknowledged ? content.order : acknowledged;
  for (const record of content.records.values()) if (record.order > order) order = record.order;
  applyEntry(content, { order: order + 1n, steps: [], damage });
  return content;
}
