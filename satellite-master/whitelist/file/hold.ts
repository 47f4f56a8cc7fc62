/** What keeps the whitelist file from being written, and how an operator releases it. */
import type { HostName } from '../../../shared/host-name.ts';
import type { Replica } from '../replica.ts';

/** A rule of docs/judgement.md by which the file keeps its content. */
export type HoldRule = '20a' | '22a' | '24' | '24a' | '24b' | '28';

export interface HoldReason {
  readonly rule: HoldRule;
  /** For operators: what was found, and what is allowed. */
  readonly reason: string;
}

/** What a hold is judged by. */
export interface HoldInput {
  readonly replica: Replica;
  /** The lines of the file as it is. */
  readonly present: readonly string[];
  /** The merged list. */
  readonly hosts: readonly HostName[];
  /** `managed-off-limit`. */
  readonly offShare: number;
  /** Unix seconds. */
  readonly nowS: number;
}

/** Something that remembers a reason to hold the file, across a restart where it has to. */
export interface HoldSource {
  /** Resolves when {@link hold} can be asked. Never rejects. */
  ready?(): Promise<void>;
  /** Asked before each write. @returns undefined: nothing speaks against it */
  hold(input: HoldInput): HoldReason | undefined;
  /** An operator has confirmed the new content, whatever this source held it for. @throws what the disk or store throws */
  confirmed(): Promise<void> | void;
}

/** The file is held: why, and what would change if it were written. */
export interface Hold extends HoldReason {
  /** Names exactly the content that would be written; null: it is not known yet. */
  readonly digest: string | null;
  /** Lines that the file would lose. */
  readonly missing: readonly string[];
  /** Lines that it would gain. */
  readonly added: readonly string[];
}

/** Rules whose hold a confirmation releases. An empty list is meant by changes by hand; an unread store has no content. */
export function isConfirmable(rule: HoldRule): boolean {
  return rule !== '24' && rule !== '28';
}
