import type { Clock } from '../clock.ts';

/** What a group asks of each sender. */
export interface GroupMember {
  /** Sends within `delayMs` if it waits for longer than that because its receiver does not answer. */
  retryWithin(delayMs: number): void;
}

/** Another receiver counts as answering for this long after its last answer. */
const ANSWERING_MS = 60_000;
const MAX_WAIT_MS = 5_000;

/**
 * Senders of one process to several receivers. Once one of them answers, the network is back, and the others are
 * tried at least every 5 s: a long backoff would only delay what waits for them.
 */
export class RetryGroup {
  readonly #clock: Clock;
  readonly #members = new Set<GroupMember>();
  readonly #answeredMs = new Map<GroupMember, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(member: GroupMember): void {
    this.#members.add(member);
  }

  remove(member: GroupMember): void {
    this.#members.delete(member);
    this.#answeredMs.delete(member);
  }

  answered(member: GroupMember): void {
    this.#answeredMs.set(member, this.#clock.monoMs());
    for (const other of this.#members) if (other !== member) other.retryWithin(MAX_WAIT_MS);
  }

  /** The longest backoff of this member at present, in ms. */
  maxWaitMs(member: GroupMember): number {
    const sinceMs = this.#clock.monoMs() - ANSWERING_MS;
    for (const [other, answeredMs] of this.#answeredMs)
      if (other !== member && answeredMs > sinceMs) return MAX_WAIT_MS;
    return Number.POSITIVE_INFINITY;
  }
}
