/**
 * The one way to change a host record: read, make the next record, commit by version, and again where another was
 * faster. Says who did it and why in `changed`. REST, the takeover, the reconciler and the reaper all go through here.
 */

import { Backoff } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { sleep } from '../../shared/clock.ts';
import { SatelliteError } from '../../shared/errors.ts';
import type { HostName } from '../../shared/host-name.ts';
import {
  type Deletion,
  type HostRecord,
  parseRecord,
  sameMeaning,
  serializeRecord,
  shownRecord,
  withDeletions,
} from './record/index.ts';
import type { Replica, ReplicaEntry } from './replica.ts';
import { type Change, type Store, StoreConflict, type StoredRecord } from './store/index.ts';

/** Who changes something, and why; every change carries one. */
export interface Author {
  /** Claimed: what the request said, else the token's name or the remote address. */
  readonly by: string;
  /** Authenticated: the token's name, or null. */
  readonly as: string | null;
  /** E.g. `manual`. */
  readonly cause: string;
  readonly reason: string;
  /** What the reason says further of one host, given the record before. */
  readonly detail?: (before: HostRecord | undefined) => string | undefined;
}

/** Makes the next record of the present one (undefined: the host is not in the inventory), or throws a SatelliteError. */
export type Edit = (record: HostRecord | undefined, host: HostName) => HostRecord;

export interface Edited {
  readonly record: HostRecord;
  /** The record before; undefined: the host is new. */
  readonly before: HostRecord | undefined;
}

export interface RecordEditorOptions {
  readonly store: Store;
  readonly replica: Replica;
  readonly clock: Clock;
}

/** Contention is over in milliseconds; who still loses after this time gets an error. */
const TRY_FOR_MS = 10_000;

const MAX_HOSTS = 100_000;

export class RecordEditor {
  readonly #store: Store;
  readonly #replica: Replica;
  readonly #clock: Clock;
  /** Changes of one host from here wait for each other; they contend only with other masters. */
  readonly #turns = new Map<HostName, Promise<unknown>>();

  constructor({ store, replica, clock }: RecordEditorOptions) {
    this.#store = store;
    this.#replica = replica;
    this.#clock = clock;
  }

  /** At most so many hosts in one change of many. */
  get mostAtOnce(): number {
    return this.#store.maxChanges;
  }

  /**
   * Changes one host. Nothing is written where the next record means the same.
   * @throws SatelliteError of the edit, broken-record, store-unavailable, store-uncertain, too-many-hosts
   */
  async edit(host: HostName, author: Author, edit: Edit): Promise<Edited> {
    const [edited] = await this.#inTurn([host], () => this.#editAll([host], author, edit));
    if (!edited) throw new Error('an edit without an outcome');
    return edited;
  }

  /** Changes many hosts, all or none. @throws as {@link edit}, and too-large */
  editMany(hosts: readonly HostName[], author: Author, edit: Edit): Promise<readonly Edited[]> {
    if (hosts.length > this.mostAtOnce) {
      throw new SatelliteError('too-large', `${hosts.length} hosts, ${this.mostAtOnce} fit one transaction`, {
        most: this.mostAtOnce,
      });
    }
    return this.#inTurn(hosts, () => this.#editAll(hosts, author, edit));
  }

  /**
   * Takes a host out of the inventory, broken records too.
   * @returns the record as it was, undefined where it was broken
   * @throws SatelliteError unknown-host, store-unavailable, store-uncertain
   */
  remove(host: HostName, author: Author): Promise<HostRecord | undefined> {
    return this.#inTurn([host], () =>
      this.#retrying(async () => {
        const stored = await this.#store.read(host);
        if (!stored) throw new SatelliteError('unknown-host', `${host} is not in the inventory`);
        const automation = await this.#store.readAutomation();
        const { by, as, cause, reason } = author;
        const deletion: Deletion = { host, version: stored.version, time: this.#nowS(), by, as, cause, reason };
        const data = withDeletions(automation.data, [deletion]);
        await this.#store.commit([{ host, expect: stored.version, data: null }], { expect: automation.version, data });
        return parseRecord(stored.data).record;
      }),
    );
  }

  /**
   * Asks the store itself: another master may have made a record that has not arrived here yet.
   * @returns those of the hosts that have no record. @throws SatelliteError store-unavailable
   */
  async absent(hosts: readonly HostName[]): Promise<readonly HostName[]> {
    const stored = await Promise.all(hosts.map((host) => this.#store.read(host)));
    return hosts.filter((_, at) => stored[at] === undefined);
  }

  async #editAll(hosts: readonly HostName[], author: Author, edit: Edit): Promise<readonly Edited[]> {
    let fresh = false;
    return this.#retrying(async () => {
      const seen = fresh;
      fresh = true;
      const present = async (reread: boolean) =>
        editsOf(await Promise.all(hosts.map((host) => this.#present(host, reread))), edit);
      // The replica may lag behind another master. A commit by version would show it; a refusal, or an answer that
      // nothing is to be done, rests on what was read, so it is given only for what the store itself says.
      const edits = seen
        ? await present(true)
        : await present(false)
            .then((all) => (all.every(isChange) ? all : present(true)))
            .catch((error: unknown) => {
              if (error instanceof SatelliteError) return present(true);
              throw error;
            });
      const wanted = edits.filter(isChange);
      const added = wanted.filter(({ before }) => !before).length;
      if (added > 0 && this.#replica.size + added > MAX_HOSTS)
        throw new SatelliteError('too-many-hosts', `${MAX_HOSTS} hosts at most`);
      const changes = wanted.map(({ host, version, before, next }) =>
        changeOf(host, version, next, authorFor(author, before), this.#nowS()),
      );
      if (changes.length > 0) await this.#store.commit(changes.map(({ change }) => change));
      const written = new Map(changes.map(({ change, record }) => [change.host, record]));
      return edits.map(({ host, before, next }) => ({
        record: shownRecord(written.get(host) ?? next, this.#nowS()),
        before,
      }));
    });
  }

  /** What lies there: from the replica at first, which is right nearly always; from the store after a conflict. */
  async #present(host: HostName, fresh: boolean): Promise<PresentRecord> {
    const entry = fresh ? await this.#store.read(host).then(entryOf) : known(this.#replica.get(host));
    if (!entry) return { host, version: 'absent', record: undefined };
    if (entry.broken !== undefined)
      throw new SatelliteError('broken-record', `the record of ${host} is broken: ${entry.broken}; DELETE removes it`);
    return { host, version: entry.version, record: entry.record };
  }

  async #retrying<T>(attempt: () => Promise<T>): Promise<T> {
    if (this.#replica.state.kind !== 'whole') throw unavailable(this.#replica);
    const backoff = new Backoff({ firstMs: 2, maxMs: 200 });
    const endMs = this.#clock.monoMs() + TRY_FOR_MS;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error;
        if (this.#clock.monoMs() > endMs)
          throw new SatelliteError(
            'store-unavailable',
            'too many others changed the same record: nothing was changed',
            {},
            { cause: error },
          );
        await sleep(this.#clock, backoff.next());
      }
    }
  }

  /** One after another for each host, in the order of asking. */
  async #inTurn<T>(hosts: readonly HostName[], work: () => Promise<T>): Promise<T> {
    const before = hosts.map((host) => this.#turns.get(host));
    const turn = Promise.allSettled(before).then(work);
    for (const host of hosts) this.#turns.set(host, turn);
    try {
      return await turn;
    } finally {
      for (const host of hosts) if (this.#turns.get(host) === turn) this.#turns.delete(host);
    }
  }

  #nowS(): number {
    return this.#clock.wallMs() / 1000;
  }
}

interface PresentRecord {
  readonly host: HostName;
  readonly version: number | 'absent';
  readonly record: HostRecord | undefined;
}

interface PlannedEdit {
  readonly host: HostName;
  readonly version: number | 'absent';
  readonly before: HostRecord | undefined;
  readonly next: HostRecord;
}

function editsOf(present: readonly PresentRecord[], edit: Edit): readonly PlannedEdit[] {
  return present.map(({ host, version, record }) => ({ host, version, before: record, next: edit(record, host) }));
}

function authorFor(author: Author, before: HostRecord | undefined): Author {
  const detail = author.detail?.(before);
  return detail === undefined ? author : { ...author, reason: `${author.reason}; ${detail}` };
}

function isChange({ before, next }: PlannedEdit): boolean {
  return !before || !sameMeaning(before, next);
}

/** The step that writes a record, stamped with its author. */
export function changeOf(
  host: HostName,
  version: number | 'absent',
  next: HostRecord,
  { by, as, cause, reason }: Author,
  nowS: number,
): { readonly change: Change; readonly record: HostRecord } {
  const made = version === 'absent' ? 0 : version + 1;
  const record: HostRecord = {
    ...next,
    changed: { version: made, time: Math.round(nowS * 1000) / 1000, by, as, cause, reason },
  };
  return { change: { host, expect: version, data: serializeRecord(record) }, record };
}

export function unavailable(replica: Replica): SatelliteError {
  const { state } = replica;
  const reason = state.kind === 'whole' ? 'it is whole' : state.reason;
  return state.kind === 'unread'
    ? new SatelliteError('store-unread', `the store has not been read whole yet: ${reason}`)
    : new SatelliteError('store-unavailable', `the store is out of reach: ${reason}; nothing was changed`);
}

type Present = Pick<ReplicaEntry, 'version' | 'record' | 'broken'>;

function known(entry: ReplicaEntry | undefined): Present | undefined {
  return entry;
}

function entryOf(stored: StoredRecord | undefined): Present | undefined {
  return stored && { version: stored.version, record: undefined, broken: undefined, ...parseRecord(stored.data) };
}
