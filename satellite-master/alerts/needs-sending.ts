/** Whether a channel says something now of one trouble: edges, not each event. Pure; the reason is a value. */
import { type Alert, isWorse, type Severity } from './alert.ts';

/** What was handed to a channel last under a key. Times here are monotonic ms. */
export interface LastSent {
  readonly state: Alert['state'];
  readonly severity: Severity;
  readonly atMs: number;
}

/** How the trouble stands now. */
export interface Standing {
  readonly state: Alert['state'];
  readonly severity: Severity;
  /** Since when it is in this state. */
  readonly sinceMs: number;
  /** Whether this master has known it open. */
  readonly wasOpen: boolean;
  readonly nowMs: number;
  /** Undefined: another master leads. */
  readonly leadingSinceMs: number | undefined;
  readonly repeatMs: number;
}

export type SendingReason =
  | 'first'
  | 'worse'
  | 'repeat'
  | 'resolved'
  /** The master that led before may not have got it out, and its receivers may have lost it. */
  | 'hand-over'
  | 'not-leading'
  | 'unchanged'
  | 'never-open';

export interface Sending {
  readonly send: boolean;
  readonly reason: SendingReason;
}

/** A resolve so long before a hand-over may never have left the master that led: the new leader says it again. */
export const HAND_OVER_DOUBT_MS = 120_000;

export function needsSending(last: LastSent | undefined, now: Standing): Sending {
  const { state, sinceMs, nowMs, leadingSinceMs } = now;
  if (leadingSinceMs === undefined) return no('not-leading');
  const ofThisTerm = last !== undefined && last.atMs >= leadingSinceMs ? last : undefined;
  const before = sinceMs < leadingSinceMs;

  if (state === 'resolve') {
    if (!now.wasOpen) return no('never-open');
    if (ofThisTerm?.state === 'resolve') return no('unchanged');
    if (!before) return yes('resolved');
    return leadingSinceMs - sinceMs <= HAND_OVER_DOUBT_MS ? yes('hand-over') : no('unchanged');
  }
  if (ofThisTerm?.state !== 'trigger') return yes(before ? 'hand-over' : 'first');
  if (isWorse(now.severity, ofThisTerm.severity)) return yes('worse');
  return nowMs - ofThisTerm.atMs >= now.repeatMs ? yes('repeat') : no('unchanged');
}

const yes = (reason: SendingReason): Sending => ({ send: true, reason });
const no = (reason: SendingReason): Sending => ({ send: false, reason });
