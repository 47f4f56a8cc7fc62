/**
 * What automation would do with one host's managed flag, and why: a pure function of the desired flag of the rules, the record
 * and now (docs/judgement.md, rules 5-7, 12, 13, 22, 23). Whether it may is the guard's business; that it happens, the reconciler's.
 */
import { formatDuration } from '../../../shared/duration.ts';
import { type Flag, type HostRecord, type RuleId, readmissionOf } from '../record/index.ts';
import type { DesiredFlag, Illness } from './desired-flags.ts';

/** `readmit-after`, in ms. */
export interface ReadmitAfter {
  readonly firstMs: number;
  readonly maxMs: number;
}

export interface DecisionInput {
  /** undefined: not in the inventory. */
  readonly record: HostRecord | undefined;
  readonly broken: boolean;
  readonly desiredFlag: DesiredFlag | undefined;
  readonly readmitAfter: ReadmitAfter;
  /** Until when a flag changed by another writer is left alone, monotonic ms. */
  readonly foreignUntilMs: number | undefined;
  /** The host is part of a wave of silence that is not believed (rule 7). */
  readonly inMassSilence: boolean;
  readonly nowMs: number;
  readonly nowS: number;
}

export interface Decision {
  readonly action: 'none' | 'on' | 'off';
  readonly rule: RuleId;
  readonly reason: string;
  /** What time alone would change, monotonic ms. */
  readonly next: { readonly atMs: number; readonly change: Flag | 'none' } | undefined;
  /** With `off`: for the guard's order. */
  readonly illness?: Illness;
  /** Wanted, but not now: what holds it back. */
  readonly held?: string;
}

export function decide(input: DecisionInput): Decision {
  const { record, broken, desiredFlag, foreignUntilMs, nowMs } = input;
  const flag = record?.['managed-flag'] ?? null;
  const none = (rule: RuleId, reason: string, next?: Decision['next']): Decision => ({
    action: 'none',
    rule,
    reason,
    next,
  });

  if (broken) return none(record ? 22 : '22a', 'the record is broken: automation leaves it alone');
  if (!desiredFlag) return none(6, 'nothing heard of it by this master yet: the flag stays');
  if (desiredFlag.flag === 'keep') return none(desiredFlag.rule, `${desiredFlag.reason}: the flag stays`);
  if (desiredFlag.flag === flag) return none(desiredFlag.rule, desiredFlag.reason);
  if (foreignUntilMs !== undefined && foreignUntilMs > nowMs)
    return none(23, 'the flag was changed by another writer: left alone for a while', {
      atMs: foreignUntilMs,
      change: desiredFlag.flag,
    });
  return desiredFlag.flag === 'off' ? decideOff(input, desiredFlag) : decideOn(input, desiredFlag, flag);
}

function decideOff({ inMassSilence }: DecisionInput, desiredFlag: DesiredFlag): Decision {
  const { rule, reason, illness } = desiredFlag;
  if (inMassSilence && illness?.kind === 'silent') {
    const held = 'mass-silence: more hosts fell silent within a minute than the guard would allow';
    return { action: 'none', rule: 7, reason: `${reason}; not taken off: ${held}`, next: undefined, held };
  }
  return { action: 'off', rule, reason, next: undefined, ...(illness ? { illness } : {}) };
}

function decideOn(input: DecisionInput, desiredFlag: DesiredFlag, flag: Flag | null): Decision {
  if (flag === null)
    return { action: 'on', rule: 12, reason: `first fit report: ${desiredFlag.reason}`, next: undefined };
  const { nowMs, readmitAfter, record } = input;
  const relapses = readmissionOf(record).relapses;
  const waitMs = readmissionWaitMs(relapses, readmitAfter);
  const atMs = (desiredFlag.fitSinceMs ?? nowMs) + waitMs;
  const wait = `${formatDuration(waitMs)} of fitness without a break${relapses > 0 ? ` after ${relapses} relapse${relapses > 1 ? 's' : ''}` : ''}`;
  if (atMs > nowMs)
    return {
      action: 'none',
      rule: 12,
      reason: `${desiredFlag.reason}; readmission needs ${wait}`,
      next: { atMs, change: 'on' },
    };
  return { action: 'on', rule: 12, reason: `readmitted after ${wait}`, next: undefined };
}

/** Rule 12: doubling with each relapse. */
export function readmissionWaitMs(relapses: number, { firstMs, maxMs }: ReadmitAfter): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(relapses, 60));
}
