/** How the embedded store lies on the disk: keys and values in LevelDB. Only embedded-store.ts uses it. */
import { ClassicLevel } from 'classic-level';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import type { Automation, StoredRecord } from './store.ts';

const RECORD = 'record:';
/** The first key after all that begin with {@link RECORD}. */
const AFTER_RECORDS = 'record;';
const AUTOMATION = 'automation';
const COUNTER = 'counter';

export interface FilesContent {
  readonly records: Map<HostName, StoredRecord>;
  readonly automation: Automation;
  /** The order of the newest change ever made, deletions included. */
  readonly order: bigint;
}

export class EmbeddedFiles {
  readonly #level: ClassicLevel<string, string>;

  private constructor(level: ClassicLevel<string, string>) {
    this.#level = level;
  }

  /** @throws what LevelDB throws; {@link isLocked} tells whether another process has the folder */
  static async open(folder: string): Promise<EmbeddedFiles> {
    const level = new ClassicLevel<string, string>(folder);
    await level.open();
    return new EmbeddedFiles(level);
  }

  /**
   * @throws Error when records are missing that had been written: LevelDB skips damaged parts of its log without a
   *   word, and a shortened inventory must not be taken for the whole
   */
  async readAll(): Promise<FilesContent> {
    const records = new Map<HostName, StoredRecord>();
    for await (const [key, value] of this.#level.iterator({ gte: RECORD, lt: AFTER_RECORDS })) {
      const record = decodeRecord(key.slice(RECORD.length), value);
      records.set(record.host, record);
    }
    const [automation, counter] = await this.#level.getMany([AUTOMATION, COUNTER]);
    const [order = '0', count = '0'] = counter?.split(' ') ?? [];
    if (records.size !== Number(count))
      throw new Error(`damaged: ${count} records were written and ${records.size} can be read`);
    return { records, automation: decodeAutomation(automation), order: BigInt(order) };
  }

  /** One atomic batch, on the disk when it resolves. `count`: how many records there are afterwards. */
  async write(
    steps: readonly { readonly host: HostName; readonly record: StoredRecord | undefined }[],
    automation: Automation,
    order: bigint,
    count: number,
  ): Promise<void> {
    const batch = this.#level.batch();
    for (const { host, record } of steps) {
      if (record) batch.put(RECORD + host, encodeRecord(record));
      else batch.del(RECORD + host);
    }
    batch.put(AUTOMATION, `${automation.version}\n${automation.data}`);
    batch.put(COUNTER, `${order} ${count}`);
    await batch.write({ sync: true });
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}

/** Whether opening failed because another process (or another store of this one) has the folder. */
export function isLocked(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && cause.code === 'LEVEL_LOCKED') return true;
  return false;
}

function encodeRecord({ version, createdMs, order, data }: StoredRecord): string {
  return `${version} ${createdMs} ${order}\n${data}`;
}

function decodeRecord(name: string, value: string): StoredRecord {
  const host = parseHostName(name);
  const end = value.indexOf('\n');
  const head = /^(\d+) (\d+) (\d+)$/.exec(value.slice(0, Math.max(end, 0)));
  if (!host || !head) throw new Error(`damaged: the record of ${JSON.stringify(name)} cannot be read`);
  const [, version, createdMs, order] = head;
  return {
    host,
    data: value.slice(end + 1),
    version: Number(version),
    createdMs: Number(createdMs),
    order: BigInt(order ?? 0),
  };
}

function decodeAutomation(value: string | undefined): Automation {
  if (value === undefined) return { version: 0, data: '{}' };
  const end = value.indexOf('\n');
  return { version: Number(value.slice(0, end)), data: value.slice(end + 1) };
}
