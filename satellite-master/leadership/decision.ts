/** Who leads automation where several masters share a ZooKeeper (docs/judgement.md, rule 26a). Pure. */
import { type ElectionFacts, electionText, isElected } from './mesos-election.ts';

/** The leader node as this master sees it. */
export interface Holder {
  /** It belongs to this master's own session. */
  readonly isSelf: boolean;
  readonly master: string;
  /** The mesos-master beside it was elected when it wrote so. */
  readonly elected: boolean;
  /** It replaced another holder. */
  readonly byTakeover: boolean;
  /** For how long this master has seen this node. */
  readonly seenMs: number;
}

export interface LeaderFacts {
  /** Why there is no session at ZooKeeper; undefined: there is one. */
  readonly disconnected: string | undefined;
  /** For how long the store has not been whole; undefined: it is whole. */
  readonly storeNotWholeMs: number | undefined;
  /** undefined: nobody holds the node. */
  readonly holder: Holder | undefined;
  /** For how long nobody has held it. */
  readonly vacantMs: number;
  /** undefined: no Mesos is configured here. */
  readonly mesos: ElectionFacts | undefined;
}

/** What this master does about the leader node. */
export type LeaderStep = 'none' | 'claim' | 'take-over' | 'release';

export interface LeaderDecision {
  readonly leads: boolean;
  readonly reason: string;
  readonly step: LeaderStep;
}

/** Answers in a row after which a mesos-master counts as elected: one alone may be out of date within a second. */
const ELECTED_ANSWERS = 3;
/** Between two takeovers. */
export const TAKEOVER_INTERVAL_MS = 10_000;
/** A vacant node is left to the master beside the elected mesos-master for this long. */
export const PRECEDENCE_MS = 2_000;
/** A leader whose store stays away for longer makes room for others. */
export const MAX_STORE_LOSS_MS = 5_000;

export function decide(facts: LeaderFacts): LeaderDecision {
  const { disconnected, storeNotWholeMs, holder, mesos } = facts;
  if (disconnected !== undefined) return follow(`no connection to ZooKeeper: ${disconnected}`);
  if (holder?.isSelf) {
    if (storeNotWholeMs !== undefined && storeNotWholeMs >= MAX_STORE_LOSS_MS)
      return { leads: false, reason: 'gives up the leader node: the store is not whole', step: 'release' };
    const beside = mesos === undefined ? '' : `; ${electionText(mesos)}`;
    return { leads: true, reason: `holds the leader node in ZooKeeper${beside}`, step: 'none' };
  }
  if (storeNotWholeMs !== undefined) return follow('the store has not been read whole');
  if (holder) return beside(holder, mesos);
  const first = mesos === undefined || isElected(mesos, 1);
  if (first || facts.vacantMs >= PRECEDENCE_MS)
    return { leads: false, reason: 'claims the leader node', step: 'claim' };
  return follow('nobody holds the leader node in ZooKeeper; the master beside the elected mesos-master goes first');
}

/** Another master leads: it makes room for the one beside the elected mesos-master, unless it is such a one itself. */
function beside(holder: Holder, mesos: ElectionFacts | undefined): LeaderDecision {
  const reason = `${holder.master} holds the leader node in ZooKeeper`;
  if (mesos === undefined || holder.elected || !isElected(mesos, ELECTED_ANSWERS)) return follow(reason);
  if (holder.byTakeover && holder.seenMs < TAKEOVER_INTERVAL_MS)
    return follow(`${reason}; it took over less than ${TAKEOVER_INTERVAL_MS / 1000} s ago`);
  return { leads: false, reason: `takes over from ${holder.master}: ${electionText(mesos)}`, step: 'take-over' };
}

function follow(reason: string): LeaderDecision {
  return { leads: false, reason, step: 'none' };
}
