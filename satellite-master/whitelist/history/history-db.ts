/** How the history lies on the disk: keys and values in LevelDB. Only history.ts uses it. */
import type { ClassicLevel } from 'classic-level';
import type { HostName } from '../../../shared/host-name.ts';
import { type OpenedFolder, openLevelFolder } from '../../../shared/level-folder.ts';
import type { HistoryEntry } from './history-entry.ts';

/** An entry on its way to the disk. */
export interface Appended {
  readonly host: HostName;
  readonly key: bigint;
  readonly entry: HistoryEntry;
  /** An entry of that key stays as it is. */
  readonly unlessKnown: boolean;
}

export interface HistoryBounds {
  readonly perHost: number;
  readonly inAll: number;
}

/** An entry that is there already. */
interface Present {
  readonly number: string;
  readonly value: string | undefined;
}

/** Digits of an entry's number, hexadecimal. */
const NUMBER_LENGTH = 12;

/**
 * Three rows an entry: `e:host/number` holds it, `k:host/key` finds it by its change, `n:number` finds the oldest.
 * The number grows with every entry; a key need not: a new ZooKeeper tree counts from the beginning again.
 */
export class HistoryDb {
  readonly #level: ClassicLevel<string, string>;
  readonly #bounds: HistoryBounds;
  #next: number;
  #total: number;

  /** What was found and done about it when it was opened. */
  readonly damage: string | undefined;

  private constructor(opened: OpenedFolder<Counts>, bounds: HistoryBounds) {
    this.#level = opened.level;
    this.#total = opened.checked.total;
    this.#next = opened.checked.next;
    this.damage = opened.damage;
    this.#bounds = bounds;
  }

  /** A damaged folder is repaired as far as that goes: what is lost here decides nothing. */
  static async open(folder: string, bounds: HistoryBounds, nowMs: number): Promise<HistoryDb> {
    return new HistoryDb(await openLevelFolder({ folder, nowMs, check: countEntries }), bounds);
  }

  /** Newest first. */
  async of(host: HostName): Promise<HistoryEntry[]> {
    const values = await this.#level.values({ ...entriesOf(host), reverse: true, limit: this.#bounds.perHost }).all();
    return values.flatMap((value) => parseEntry(value) ?? []);
  }

  /** One batch for all of them, then the bounds: work that does not grow with what is stored. */
  async append(all: readonly Appended[]): Promise<void> {
    const newest = new Map<string, Appended>();
    for (const appended of all) {
      const row = keyRow(appended);
      if (appended.unlessKnown && newest.has(row)) continue;
      // Removed first, so that a repeated change has the place of its last occurrence.
      newest.delete(row);
      newest.set(row, appended);
    }
    const present = await this.#present(newest);
    const batch = this.#level.batch();
    const hosts = new Set<HostName>();
    let added = 0;
    for (const [row, { host, entry, unlessKnown }] of newest) {
      const value = JSON.stringify(entry);
      const old = present.get(row);
      if (old && (unlessKnown || old.value === value)) continue;
      if (old) batch.del(entryRow(host, old.number)).del(`n:${old.number}`);
      else added++;
      const number = (this.#next++).toString(16).padStart(NUMBER_LENGTH, '0');
      batch.put(row, number).put(entryRow(host, number), value).put(`n:${number}`, row);
      // What is replayed at a start adds at most one entry of a host; its next change trims that too.
      if (!unlessKnown) hosts.add(host);
    }
    await batch.write();
    this.#total += added;
    await Promise.all([...hosts].map((host) => this.#trim(host)));
    await this.#trimAll();
  }

  close(): Promise<void> {
    return this.#level.close();
  }

  async #present(newest: ReadonlyMap<string, Appended>): Promise<Map<string, Present>> {
    const numbers = await this.#level.getMany([...newest.keys()]);
    const found = [...newest].flatMap(([row, { host }], index) => {
      const number = numbers[index];
      return number === undefined ? [] : [{ row, host, number }];
    });
    const values = await this.#level.getMany(found.map(({ host, number }) => entryRow(host, number)));
    return new Map(found.map(({ row, number }, index) => [row, { number, value: values[index] }]));
  }

  async #trim(host: HostName): Promise<void> {
    const rows = await this.#level.keys(entriesOf(host)).all();
    const surplus = rows.slice(0, Math.max(0, rows.length - this.#bounds.perHost));
    await this.#drop(surplus.map((row) => `n:${row.slice(-NUMBER_LENGTH)}`));
  }

  async #trimAll(): Promise<void> {
    const surplus = this.#total - this.#bounds.inAll;
    if (surplus > 0) await this.#drop(await this.#level.keys({ gte: 'n:', lt: 'n;', limit: surplus }).all());
  }

  /** @param numberRows keys `n:number`, each of an entry that is there */
  async #drop(numberRows: readonly string[]): Promise<void> {
    if (numberRows.length === 0) return;
    const keyRows = await this.#level.getMany([...numberRows]);
    const batch = this.#level.batch();
    for (const [index, numberRow] of numberRows.entries()) {
      const row = keyRows[index];
      if (row === undefined) continue;
      const host = row.slice(2, row.lastIndexOf('/'));
      batch
        .del(numberRow)
        .del(row)
        .del(entryRow(host, numberRow.slice(2)));
    }
    await batch.write();
    this.#total -= numberRows.length;
  }
}

function keyRow({ host, key }: Appended): string {
  return `k:${host}/${key.toString(16)}`;
}

function entryRow(host: string, number: string): string {
  return `e:${host}/${number}`;
}

/** `0` is the character after `/`, which no host name has. */
function entriesOf(host: HostName): { gte: string; lt: string } {
  return { gte: `e:${host}/`, lt: `e:${host}0` };
}

interface Counts {
  readonly total: number;
  /** Of the next entry. */
  readonly next: number;
}

async function countEntries(level: ClassicLevel<string, string>): Promise<Counts> {
  let total = 0;
  let next = 1;
  for await (const row of level.keys({ gte: 'n:', lt: 'n;' })) {
    total++;
    next = Number.parseInt(row.slice(2), 16) + 1;
  }
  return { total, next };
}

/** undefined: it is damaged. */
function parseEntry(value: string): HistoryEntry | undefined {
  try {
    return JSON.parse(value) as HistoryEntry;
  } catch {
    return undefined;
  }
}
