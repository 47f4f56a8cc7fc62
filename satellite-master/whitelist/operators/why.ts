/** Why a host is on or off: one answer from the same values that decided (docs/rest.md, "Reading the whitelist"). */
import type { HostName } from '../../../shared/host-name.ts';
import type { Decision } from '../automation/index.ts';
import {
  emptyRecord,
  expiryOf,
  type Flag,
  type HostRecord,
  manualVerdict,
  mergedVerdict,
  nextManualExpiry,
  type RecordEvent,
} from '../record/index.ts';
import type { ReplicaEntry } from '../replica.ts';

export interface WhyEvent {
  readonly list: 'manual' | 'managed';
  readonly id: string;
  readonly state: string;
  /** Whether it takes part in the verdict now. */
  readonly counts: boolean;
  readonly by: string | null;
  readonly description: string | null;
  /** Unix seconds; null: stands until withdrawn. */
  readonly expires: number | null;
}

export interface Why {
  readonly host: HostName;
  readonly flag: Flag;
  readonly decidedBy: 'manual' | 'managed' | 'none';
  /** The number of the rule in docs/judgement.md. */
  readonly rule: number;
  /** With its letter: `6a`. */
  readonly ruleId: string;
  readonly reason: string;
  readonly events: readonly WhyEvent[];
  /** The whitelist file is held: what it says of the host may differ from `flag`. */
  readonly file: { readonly held: boolean; readonly reason: string } | null;
  readonly guard: { readonly held: boolean; readonly reason: string } | null;
  /** What time alone will change next; unix seconds. */
  readonly next: { readonly at: number | null; readonly change: string | null } | null;
}

export interface WhyInput {
  readonly entry: ReplicaEntry;
  /** What automation would do with it now. */
  readonly decision: Decision;
  /** What the guard says, where it holds the host back. */
  readonly held: string | undefined;
  /** The tests that take part in the verdict. */
  readonly countingTests: readonly string[];
  /** What the black-hole rule counted on the host. */
  readonly blackHole?: string | undefined;
  /** What the rules lack when none of them judges hosts (docs/judgement.md, rule 30). */
  readonly noJudgement?: string | undefined;
  /** How the host stands in Mesos: taken out of scheduling by us or not, refusals, maintenance. */
  readonly inMesos?: string | undefined;
  /** Why Mesos does not see the list at present. */
  readonly fileUnkept?: string | undefined;
  /** Why the whitelist file is held: it does not follow the flag then. */
  readonly fileHeld?: string | undefined;
  readonly nowMs: number;
  readonly nowS: number;
}

export function whyOf(input: WhyInput): Why {
  const { entry, decision, held, countingTests, blackHole, noJudgement, inMesos, fileUnkept, fileHeld, nowMs, nowS } =
    input;
  const { host, record = emptyRecord, broken } = entry;
  const merged = mergedVerdict(record, nowS);
  const manual = manualVerdict(record, nowS);
  const counting = new Set(countingTests);
  const manualEvents = Object.entries(record['manual-events']).map(([id, event]) =>
    shownEvent('manual', id, event, manual.ids.includes(id)),
  );
  const managedEvents = Object.entries(record['managed-events']).map(([id, event]) =>
    shownEvent('managed', id, event, counting.has(id)),
  );
  const automation = merged.decidedBy === 'manual' ? undefined : decision;
  const decidedRule = merged.decidedBy === 'managed' ? decision.rule : merged.rule;
  const ruleId = String(broken === undefined ? decidedRule : entry.record ? 22 : '22a');
  return {
    host,
    flag: merged.flag,
    decidedBy: merged.decidedBy,
    rule: Number.parseInt(ruleId, 10),
    ruleId,
    reason: [
      broken && `the record is broken: ${broken}`,
      broken && !entry.record && 'if the host is in the whitelist file, it stays there',
      merged.reason,
      automation?.reason,
      blackHole !== undefined && !automation?.reason.includes(blackHole) && blackHole,
      noJudgement !== undefined && `no-judgement: ${noJudgement}`,
      inMesos,
      fileUnkept,
    ]
      .filter(Boolean)
      .join('; '),
    events: [...manualEvents, ...managedEvents],
    file: fileHeld === undefined ? null : { held: true, reason: fileHeld },
    guard: held === undefined ? null : { held: true, reason: held },
    next: nextOf(record, automation, nowMs, nowS),
  };
}

function shownEvent(list: WhyEvent['list'], id: string, event: RecordEvent, counts: boolean): WhyEvent {
  const by = typeof event['by'] === 'string' ? event['by'] : null;
  const expires = list === 'manual' ? (expiryOf(event) ?? null) : null;
  return { list, id, state: event.state, counts, by, description: event.description ?? null, expires };
}

/** The sooner of a manual event running out and automation's own next step. */
function nextOf(record: HostRecord, decision: Decision | undefined, nowMs: number, nowS: number): Why['next'] {
  const expiry = nextManualExpiry(record, nowS);
  const step = decision?.next && { at: nowS + (decision.next.atMs - nowMs) / 1000, change: decision.next.change };
  if (expiry !== undefined && (!step || expiry <= step.at)) {
    const then = mergedVerdict(record, expiry + 0.001).flag;
    return { at: expiry, change: then === mergedVerdict(record, nowS).flag ? 'a manual event runs out' : then };
  }
  return step ?? null;
}
