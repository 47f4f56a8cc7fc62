/** What the stores of task metadata have in common. */
import type { HostName } from '../../shared/host-name.ts';

/** A task's metadata as a slave reports it. */
export interface TaskMetadata {
  /** 1-1,024 characters, any. */
  readonly id: string;
  readonly host: HostName;
  /** The agent's state, pruned to this task, as JSON. */
  readonly state: string;
  /** Unix seconds of the newest status in it; undefined: none bears a time. */
  readonly newestS: number | undefined;
}

export interface StoredTask extends TaskMetadata {
  /** Wall time, ms. */
  readonly storedAtMs: number;
}

/** Keeps the newest metadata of each task for some days. */
export interface TaskStore {
  /** For the log, without secrets. */
  readonly address: string;
  /** Opens or connects, and goes on trying until it is closed. */
  start(): void;
  /**
   * Kept when it resolves, all of it. What is older than what is there changes nothing.
   * @throws SatelliteError store-unavailable, store-uncertain, overloaded: the slave comes again
   */
  put(tasks: readonly TaskMetadata[]): Promise<void>;
  /**
   * @returns undefined where it is unknown, or older than is kept
   * @throws SatelliteError store-unavailable
   */
  get(id: string): Promise<StoredTask | undefined>;
  /** Why nothing can be stored at present; undefined: it can. */
  readonly fault: string | undefined;
  /** What it holds; undefined where only the store itself knows, or nobody yet. */
  stats(): TaskStoreStats | undefined;
  /** Finishes what was taken, within `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

export interface TaskStoreStats {
  readonly tasks: number;
  readonly bytes: number;
}

/** A late arrival does not undo what is newer; where the times are equal or not both known, the later arrival counts. */
export function isOlder(arrived: Pick<TaskMetadata, 'newestS'>, kept: Pick<TaskMetadata, 'newestS'>): boolean {
  return arrived.newestS !== undefined && kept.newestS !== undefined && arrived.newestS < kept.newestS;
}
