/** The embedded store as it lay on the disk before format 2: keys and values in LevelDB, without checksums. Read once. */
import { access, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { messageOf } from '../../../shared/errors.ts';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import type { Automation, StoredRecord } from './store.ts';

const RECORD = 'record:';

export interface Format1 {
  readonly records: readonly StoredRecord[];
  readonly automation: Automation;
  readonly order: bigint;
  /** What is wrong with it. */
  readonly fault: string | undefined;
}

/** Whether the folder has a store of that format. */
export async function hasFormat1(folder: string): Promise<boolean> {
  return access(join(folder, 'CURRENT')).then(
    () => true,
    () => false,
  );
}

/** @throws what LevelDB throws */
export async function readFormat1(folder: string): Promise<Format1> {
  const level = new ClassicLevel<string, string>(folder);
  await level.open();
  const records = new Map<HostName, StoredRecord>();
  const faults: string[] = [];
  let automation: Automation = { version: 0, data: '{}' };
  let counter = '0 0';
  try {
    for await (const [key, value] of level.iterator()) {
      if (key === 'counter') counter = value;
      else if (key === 'automation') automation = decodeAutomation(value);
      else {
        const record = decodeRecord(key, value);
        if (record) records.set(record.host, record);
        else faults.push(`unreadable record ${JSON.stringify(key.slice(0, 300))}`);
      }
    }
  } catch (error) {
    faults.push(messageOf(error));
  } finally {
    await level.close();
  }
  const [order = '0', count = '0'] = counter.split(' ');
  if (records.size !== Number(count)) faults.push(`${count} records were written and ${records.size} can be read`);
  return {
    records: [...records.values()],
    automation,
    order: /^\d+$/.test(order) ? BigInt(order) : 0n,
    fault: faults.length > 0 ? faults.slice(0, 5).join(', ') : undefined,
  };
}

/** Out of the way, and kept. */
export async function moveFormat1(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from))
    if (/^(CURRENT|LOG|LOG\.old|LOCK|MANIFEST-\d+|\d+\.(ldb|sst|log|dbtmp))$/.test(name))
      await rename(join(from, name), join(to, name));
}

function decodeRecord(key: string, value: string): StoredRecord | undefined {
  const host = key.startsWith(RECORD) ? parseHostName(key.slice(RECORD.length)) : undefined;
  const end = value.indexOf('\n');
  const head = /^(\d+) (\d+) (\d+)$/.exec(value.slice(0, Math.max(end, 0)));
  if (!host || !head) return undefined;
  const [, version, createdMs, order] = head;
  return {
    host,
    data: value.slice(end + 1),
    version: Number(version),
    createdMs: Number(createdMs),
    order: BigInt(order ?? 0),
  };
}

function decodeAutomation(value: string): Automation {
  const end = value.indexOf('\n');
  const version = Number(value.slice(0, Math.max(end, 0)));
  return { version: Number.isSafeInteger(version) ? version : 0, data: value.slice(end + 1) };
}
