/**
 * The format of the embedded store's file: one line for each commit, with a checksum over the line, and in it the
 * counter and a checksum over the whole content after the commit. Pure.
 */
import { setImmediate } from 'node:timers/promises';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import { checksumOf, SetChecksum } from './checksum.ts';
import type { Automation, StoreDamage, StoredRecord } from './store.ts';

export interface LogContent {
  readonly records: Map<HostName, StoredRecord>;
  automation: Automation;
  /** Found earlier and not confirmed yet. */
  damage: StoreDamage | undefined;
  /** The order of the newest change ever made, deletions included. */
  order: bigint;
  /** Over all of the above but the order. */
  readonly checksum: SetChecksum;
}

/** One commit. What it does not name stays. */
export interface LogEntry {
  readonly order: bigint;
  readonly steps: readonly { readonly host: HostName; readonly record: StoredRecord | undefined }[];
  readonly automation?: Automation | undefined;
  /** null: confirmed. */
  readonly damage?: StoreDamage | null | undefined;
}

/** As it lies in the file: names are short, since each record is one. */
interface Line {
  readonly order: string;
  readonly sum: string;
  readonly count: number;
  readonly set?: readonly (readonly [host: string, version: number, createdMs: number, order: string, data: string])[];
  readonly gone?: readonly string[];
  readonly automation?: Automation;
  readonly damage?: StoreDamage | null;
}

const FORMAT = 'satellite-store 2';
/** The first line of every file. */
export const HEADER = sealed(JSON.stringify({ format: FORMAT }));

const LINE_FEED = 10;
const CHECKSUM_LENGTH = 16;
/** Between two pauses: a few milliseconds' work. */
const LINES_A_TURN = 500;

export function emptyContent(): LogContent {
  const automation = { version: 0, data: '{}' };
  const content = { records: new Map(), automation, damage: undefined, order: 0n, checksum: new SetChecksum() };
  applyEntry(content, { order: 0n, steps: [], automation });
  return content;
}

export function applyEntry(content: LogContent, { order, steps, automation, damage }: LogEntry): void {
  const { records, checksum } = content;
  for (const { host, record } of steps) {
    if (record) records.set(host, record);
    else records.delete(host);
    checksum.set(`record ${host}`, record && checksumOf(JSON.stringify(fieldsOf(record))));
  }
  if (automation) {
    content.automation = automation;
    checksum.set('automation', checksumOf(`automation ${automation.version} ${automation.data}`));
  }
  if (damage !== undefined) {
    content.damage = damage ?? undefined;
    checksum.set('damage', damage ? checksumOf(`damage ${JSON.stringify(damage)}`) : undefined);
  }
  content.order = order;
}

/** @param content as it is after the entry */
export function lineOf(entry: LogEntry, { records, checksum }: LogContent): string {
  const { order, steps, automation, damage } = entry;
  const line: Line = {
    order: `${order}`,
    sum: checksum.value,
    count: records.size,
    set: steps.flatMap(({ record }) => (record ? [fieldsOf(record)] : [])),
    gone: steps.flatMap(({ host, record }) => (record ? [] : [host])),
    ...(automation ? { automation } : {}),
    ...(damage === undefined ? {} : { damage }),
  };
  return sealed(JSON.stringify(line));
}

export interface ReadLog {
  readonly content: LogContent;
  /** Up to the end of the last line that can be read. */
  readonly goodBytes: number;
  /** What is wrong before the last line that can be read. */
  readonly faults: readonly string[];
}

const MAX_FAULTS = 5;

/** Reads on behind what is damaged. */
export async function readLog(bytes: Buffer): Promise<ReadLog> {
  const content = emptyContent();
  const faults: string[] = [];
  let goodBytes = 0;
  let badFrom: number | undefined;
  let isWhole = true;
  let lines = 0;
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, from);
    if (end < 0) break;
    const text = textIn(bytes.toString('utf8', from, end));
    const next = end + 1;
    if (text === undefined) badFrom ??= from;
    else {
      if (badFrom !== undefined) faults.push(`bytes ${badFrom} to ${from} are damaged`);
      badFrom = undefined;
      if (from > 0 || text !== JSON.stringify({ format: FORMAT })) {
        const fault = applyLine(content, JSON.parse(text) as Line, isWhole);
        if (fault !== undefined) faults.push(`line at byte ${from}: ${fault}`);
        if (faults.length > 0) isWhole = false;
      }
      goodBytes = next;
    }
    from = next;
    if (++lines % LINES_A_TURN === 0) await setImmediate();
  }
  if (goodBytes === 0) faults.push('not one line can be read');
  const shown = faults.slice(0, MAX_FAULTS);
  if (faults.length > MAX_FAULTS) shown.push(`${faults.length} faults in all`);
  return { content, goodBytes, faults: shown };
}

/** @param checked whether all before this line could be read, so that its sum has to be right */
function applyLine(content: LogContent, line: Line, checked: boolean): string | undefined {
  const steps: { host: HostName; record: StoredRecord | undefined }[] = [];
  let fault: string | undefined;
  for (const [name, version, createdMs, order, data] of line.set ?? []) {
    const host = parseHostName(name);
    if (host) steps.push({ host, record: { host, version, createdMs, order: BigInt(order), data } });
    else fault = 'a record without a host name';
  }
  for (const name of line.gone ?? []) {
    const host = parseHostName(name);
    if (host) steps.push({ host, record: undefined });
  }
  applyEntry(content, { ...line, order: BigInt(line.order), steps });
  if (checked && (content.checksum.value !== line.sum || content.records.size !== line.count))
    fault ??= 'what was written before it is missing';
  return fault;
}

function fieldsOf({ host, version, createdMs, order, data }: StoredRecord) {
  return [host, version, createdMs, `${order}`, data] as const;
}

function sealed(text: string): string {
  return `${checksumOf(text)} ${text}\n`;
}

function textIn(line: string): string | undefined {
  const text = line.slice(CHECKSUM_LENGTH + 1);
  return line[CHECKSUM_LENGTH] === ' ' && line.slice(0, CHECKSUM_LENGTH) === checksumOf(text) ? text : undefined;
}
