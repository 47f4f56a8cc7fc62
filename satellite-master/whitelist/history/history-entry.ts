import type { Flag } from '../record/index.ts';

/** As `GET /whitelist/host/{host}/history` answers it. */
export interface HistoryEntry {
  /** Unix seconds. */
  readonly time: number;
  /** null: not in the inventory, or no flag. */
  readonly from: Flag | null;
  readonly to: Flag | null;
  readonly cause: string;
  /** Claimed. */
  readonly by: string;
  /** Authenticated. */
  readonly as: string | null;
  readonly reason: string;
}
