/** Whether a channel says something now of one trouble: edges, not each event. Pure; the reason is a value. */
import { type Alert, isWorse, type Severity } from './alert/index.ts';

/** One span in which this master leads; undefined: another leads. */
export type Term = number | undefined;

/** What was handed to a channel last under a key. */
export interface LastSent {
  readonly state: Alert['state'];
  readonly severity: Severity;
  /** Monotonic ms. */
  readonly atMs: number;
  readonly term: number;
}

/** How the trouble stands now. */
export interface Standing {
  readonly state: Alert['state'];
  readonly severity: Severity;
  /** Since when it is in this state, monotonic ms, and in which term that began. */
  readonly sinceMs: number;
  readonly begunIn: Term;
  readonly nowMs: number;
  readonly term: Term;
  readonly repeatMs: number;
}

export type SendingReason =
  | 'first'
  | 'worse'
  | 'repeat'
  | 'resolved'
  /** The master that led before may not have got it out. */
  | 'hand-over'
  | 'not-leading'
  | 'unchanged';

export interface Sending {
  readonly send: boolean;
  readonly reason: SendingReason;
}

/** A resolve so long before a hand-over may never have left the master that led: the new leader says it again. */
export const HAND_OVER_DOUBT_MS = 120_000;

export function needsSending(last: LastSent | undefined, now: Standing): Sending {
  const { state, term } = now;
  if (term === undefined) return no('not-leading');
  const sent = last?.term === term ? last : undefined;
  const handedOver = now.begunIn !== term;

  if (state === 'resolve') {
    if (sent?.state === 'resolve') return no('unchanged');
    if (!handedOver) return yes('resolved');
    return now.nowMs - now.sinceMs <= HAND_OVER_DOUBT_MS ? yes('hand-over') : no('unchanged');
  }
  if (sent?.state !== 'trigger') return yes(handedOver ? 'hand-over' : 'first');
  if (isWorse(now.severity, sent.severity)) return yes('worse');
  return now.nowMs - sent.atMs >= now.repeatMs ? yes('repeat') : no('unchanged');
}

const yes = (reason: SendingReason): Sending => ({ send: true, reason });
const no = (reason: SendingReason): Sending => ({ send: false, reason });
