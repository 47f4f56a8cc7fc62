/**
 * Where the host records lie: the interface that the embedded store and the ZooKeeper store keep alike.
 * A store moves text and versions; what a record means is the business of record.ts.
 */
import type { HostName } from '../../../shared/host-name.ts';

/** A record as it lies in the store. */
export interface StoredRecord {
  readonly host: HostName;
  /** The bytes as UTF-8 text; normally a JSON record, but anything may lie there. */
  readonly data: string;
  /** 0 when created, one more at each change. */
  readonly version: number;
  /** When the node was created, ms since 1970, by the store's clock. */
  readonly createdMs: number;
  /** Grows with every change of the whole store: of two states of one host the one with the higher order is newer. */
  readonly order: bigint;
}

/** One step of a commit. `data: null` deletes the record. */
export interface Change {
  readonly host: HostName;
  /** The version that must lie there, or `absent`. */
  readonly expect: number | 'absent';
  readonly data: string | null;
}

/**
 * The node beside the records (`<root>/automation`): its version is raised by every managed off (docs/judgement.md, rule 10)
 * and by every deletion; its text says who deleted what.
 */
export interface Automation {
  readonly version: number;
  readonly data: string;
}

/** What a commit expects of the automation node. With `data` it sets the text and raises the version. */
export interface AutomationCheck {
  readonly expect: number;
  readonly data?: string;
}

export type StoreState =
  /** Not read whole since the start: nobody may trust the replica yet. */
  | { readonly kind: 'unread'; readonly reason: string }
  /** `writeFault`: the last change was refused because it could not be written; the next one is tried all the same. */
  | { readonly kind: 'whole'; readonly writeFault?: string }
  /** Was whole; now out of reach. The replica stands, changes are refused. */
  | { readonly kind: 'lost'; readonly reason: string };

/** Damage that was found in the store's files, not confirmed by an operator yet (docs/judgement.md, rule 24b). */
export interface StoreDamage {
  /** When it was found, ms since 1970. */
  readonly foundMs: number;
  /** What was wrong. */
  readonly reason: string;
  /** The folder in which the files lie as they were found. */
  readonly kept: string;
  /** Records that could still be read. */
  readonly rescued: number;
}

/** What a store reports; calls come one after another, in the order of the store's changes for each host. */
export interface StoreListener {
  /** The newest state of one host; `undefined`: it is gone. Also called for what this process itself has changed. */
  onRecord(host: HostName, record: StoredRecord | undefined): void;
  /** A node below `whitelist` whose name is no host name; said once for each name. */
  onUnfitName(name: string): void;
  /** Before an `onRecord(host, undefined)` that goes with it. */
  onAutomation(automation: Automation): void;
  onState(state: StoreState): void;
}

/** Thrown by {@link Store.commit} when an expected version did not lie there. Nothing was changed; read again. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict';
}

export interface Store {
  /** For messages: `embedded store in data/store`, `ZooKeeper at host:port/chroot`. */
  readonly address: string;
  readonly state: StoreState;
  /** At most so many changes in one commit. */
  readonly maxChanges: number;

  /** undefined: none, or the store takes care of that itself, as ZooKeeper does. */
  readonly damage?: StoreDamage | undefined;

  /**
   * An operator has seen the damage and confirms what was rescued. Does nothing where there is no damage.
   * @throws SatelliteError store-unavailable, store-uncertain
   */
  confirmDamage?(): Promise<void>;

  /** Begins to read and to watch; resolves at once. What comes is reported to the listener. Called once. */
  start(listener: StoreListener): void;

  /**
   * The record as it stands now, seen by everybody (not from a cache).
   * @throws SatelliteError store-unavailable
   */
  read(host: HostName): Promise<StoredRecord | undefined>;

  /**
   * The automation node as it stands now. When it resolves, the listener has got every record change that
   * was made before the version it carries.
   * @throws SatelliteError store-unavailable
   */
  readAutomation(): Promise<Automation>;

  /**
   * All of the changes or none; when it resolves they are durable and the listener has got them.
   * With `automation` the node's version is checked in the same step, and where it has `data`, the node is written.
   * @returns the new records, in the order of the changes (undefined for a deletion)
   * @throws StoreConflict, or SatelliteError: store-unavailable (not sent, never applied later),
   *   store-uncertain (sent and not confirmed; it may have been applied)
   */
  commit(changes: readonly Change[], automation?: AutomationCheck): Promise<readonly (StoredRecord | undefined)[]>;

  /** Finishes what was begun, closes; at most `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}
