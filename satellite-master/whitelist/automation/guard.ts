/**
 * The guard: how many hosts automation may hold off, and whom it lets go first. Pure; it stands before the store
 * (docs/judgement.md, rules 8, 9). Also its doubt about itself when many fall silent at once (7).
 */
import type { HostName } from '../../../shared/host-name.ts';
import { byCodeUnit } from '../../../shared/text.ts';
import { byIllness, type Illness } from './desired-flags.ts';

/** What the guard counts. */
export interface GuardFigures {
  /** `managed-off-limit`. */
  readonly share: number;
  /** Hosts that count (rule 11). */
  readonly inventory: number;
  /** Records whose managed flag is off, whatever their manual list says; but for those that are off by plan. */
  readonly off: number;
  /** Hosts on the merged list. */
  readonly listed: number;
}

export interface Candidate {
  readonly host: HostName;
  readonly illness: Illness | undefined;
  /** It is on the merged list now, and taking it off would take it from there. */
  readonly wouldLeaveList: boolean;
  /** Off by plan, in a maintenance window of Mesos: outside the budget. */
  readonly planned?: boolean;
}

export interface GuardVerdict {
  readonly take: readonly HostName[];
  readonly held: ReadonlyMap<HostName, string>;
}

/** At most so many hosts may be held off: one always may. */
export function offLimit({ share, inventory }: Pick<GuardFigures, 'share' | 'inventory'>): number {
  return Math.max(1, Math.floor(share * inventory));
}

export function guard(candidates: readonly Candidate[], counts: GuardFigures): GuardVerdict {
  const limit = offLimit(counts);
  const take: HostName[] = [];
  const held = new Map<HostName, string>();
  let { off, listed } = counts;
  for (const { host, wouldLeaveList, planned = false } of [...candidates].sort(byUrgency)) {
    if (off >= limit && !planned)
      held.set(host, `${off} of at most ${limit} hosts are held off (${counts.share} of ${counts.inventory})`);
    else if (wouldLeaveList && listed <= 1) held.set(host, 'it is the last host on the whitelist');
    else {
      take.push(host);
      if (!planned) off++;
      if (wouldLeaveList) listed--;
    }
  }
  return { take, held };
}

/** Those that are on the list come first, since only they do harm there; then by illness, then by name. */
function byUrgency(a: Candidate, b: Candidate): number {
  if (a.wouldLeaveList !== b.wouldLeaveList) return a.wouldLeaveList ? -1 : 1;
  return byIllness(a.illness, b.illness) || byCodeUnit(a.host, b.host);
}

/** Silence within so long of each other is one wave. */
const WAVE_MS = 60_000;

/**
 * The hosts whose silence is not believed: more of them fell silent within a minute than the guard would allow.
 * Judged over those quiet now, so that the rest of a wave is taken once enough of it speak again.
 * @param quiet hosts that are silent or overdue, and when each was last heard; monotonic ms
 */
export function massSilence(
  quiet: readonly { readonly host: HostName; readonly lastHeardMs: number }[],
  limit: number,
): ReadonlySet<HostName> {
  const waves = new Set<HostName>();
  const byTime = [...quiet].sort((a, b) => a.lastHeardMs - b.lastHeardMs);
  let from = 0;
  let marked = 0;
  for (const [to, last] of byTime.entries()) {
    while ((byTime[from]?.lastHeardMs ?? 0) < last.lastHeardMs - WAVE_MS) from++;
    if (to - from + 1 <= limit) continue;
    for (marked = Math.max(marked, from); marked <= to; marked++) {
      const host = byTime[marked]?.host;
      if (host) waves.add(host);
    }
  }
  return waves;
}
