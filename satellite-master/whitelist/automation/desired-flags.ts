/**
 * What the rules want of the managed list: a desired flag under (rule, host), on every master; only the leader's reconciler
 * brings them into the store (docs/judgement.md, rule 25).
 */
import type { HostName } from '../../../shared/host-name.ts';
import type { DesiredEvents, RecordEvent, RuleId } from '../record/index.ts';

/** How ill a host is: whom the guard lets go first (docs/judgement.md, rule 9). */
export interface Illness {
  readonly kind: 'critical' | 'silent';
  readonly criticals: number;
  /** Monotonic ms. */
  readonly sinceMs: number;
  /** The public cause of the change; absent: `tests`, or `silence` for a silent host. */
  readonly cause?: 'black-hole';
}

export interface DesiredFlag {
  /** `keep`: nothing is known that would justify a change. */
  readonly flag: 'on' | 'off' | 'keep';
  readonly rule: RuleId;
  readonly reason: string;
  readonly illness?: Illness;
  /** For `on`: since when the host is fit without a break, monotonic ms. */
  readonly fitSinceMs?: number;
}

const NONE: DesiredEvents = new Map();

export class DesiredFlags {
  readonly #flags = new Map<HostName, Map<string, DesiredFlag>>();
  readonly #events = new Map<HostName, Map<string, RecordEvent | null>>();
  readonly #listeners: ((host: HostName) => void)[] = [];

  /** Calls the listener for each host for which the rules want something else than before. */
  onChange(listener: (host: HostName) => void): void {
    this.#listeners.push(listener);
  }

  /** The host's flag as one rule wants it; undefined withdraws the desired flag. */
  setFlag(rule: string, host: HostName, desiredFlag: DesiredFlag | undefined): void {
    const rules = this.#flags.get(host) ?? new Map<string, DesiredFlag>();
    if (desiredFlag) rules.set(rule, desiredFlag);
    else rules.delete(rule);
    if (rules.size > 0) this.#flags.set(host, rules);
    else this.#flags.delete(host);
    this.#notify(host);
  }

  /** A managed event to stand in the record (`persistEvent`), or null to be gone from it (`deleteEvent`). */
  setEvent(host: HostName, id: string, event: RecordEvent | null): void {
    const events = this.#events.get(host) ?? new Map<string, RecordEvent | null>();
    events.set(id, event);
    this.#events.set(host, events);
    this.#notify(host);
  }

  /** No opinion any more on that event: what stands in the record stays. */
  forgetEvent(host: HostName, id: string): void {
    const events = this.#events.get(host);
    if (events?.delete(id) && events.size === 0) this.#events.delete(host);
  }

  dropHost(host: HostName): void {
    this.#flags.delete(host);
    this.#events.delete(host);
  }

  hosts(): Iterable<HostName> {
    return new Set([...this.#flags.keys(), ...this.#events.keys()]);
  }

  events(host: HostName): DesiredEvents {
    return this.#events.get(host) ?? NONE;
  }

  #notify(host: HostName): void {
    for (const listener of this.#listeners) listener(host);
  }

  /** All rules together: off while any says off, else kept while any says keep, else on. */
  flag(host: HostName): DesiredFlag | undefined {
    const desired = [...(this.#flags.get(host)?.values() ?? [])];
    if (desired.length <= 1) return desired[0];
    const offs = desired.filter(({ flag }) => flag === 'off');
    if (offs.length > 0) return joined(offs, offs.map(({ illness }) => illness).sort(byIllness)[0]);
    const keeps = desired.filter(({ flag }) => flag === 'keep');
    if (keeps.length > 0) return joined(keeps, undefined);
    const fitSinceMs = Math.max(...desired.map((desiredFlag) => desiredFlag.fitSinceMs ?? Number.NEGATIVE_INFINITY));
    return { ...joined(desired, undefined), ...(Number.isFinite(fitSinceMs) ? { fitSinceMs } : {}) };
  }
}

function joined(desired: readonly DesiredFlag[], illness: Illness | undefined): DesiredFlag {
  const [first] = desired;
  if (!first) throw new Error('no desired flag to join');
  const { flag, rule } = first;
  return { flag, rule, reason: desired.map(({ reason }) => reason).join('; '), ...(illness ? { illness } : {}) };
}

/** Critical before silent, more criticals, ill for longer (docs/judgement.md, rule 9). */
export function byIllness(a: Illness | undefined, b: Illness | undefined): number {
  if (!a || !b) return a ? -1 : b ? 1 : 0;
  if (a.kind !== b.kind) return a.kind === 'critical' ? -1 : 1;
  return b.criticals - a.criticals || a.sinceMs - b.sinceMs;
}
