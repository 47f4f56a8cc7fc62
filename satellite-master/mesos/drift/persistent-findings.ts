/** The findings of one look that have lasted: how many, and the first of each kind by name. */
import { byCodeUnit } from '../../../shared/text.ts';
import { DRIFT_KINDS, type DriftKind, type Finding } from './drift.ts';

/** Of each kind. */
export const MAX_FINDINGS = 1_000;
/** A new host or a new master settles within this time: only findings that have lasted longer are shown. */
export const GRACE_MS = 60_000;

export class PersistentFindings {
  readonly counts: Record<DriftKind, number> = byKind(() => 0);
  /** Since when each finding lasts, by its host, monotonic ms. */
  readonly #since = byKind(() => new Map<string, number>());
  /** Of the look before. */
  readonly #sinceBefore: Readonly<Record<DriftKind, ReadonlyMap<string, number>>> = byKind(() => new Map());
  readonly #nowMs: number;
  /** In no order, those of names behind the thousandth left out now and then. */
  readonly #kept = byKind<Finding[]>(() => []);
  /** From that name on it need not be kept. */
  readonly #end: Partial<Record<DriftKind, string>> = {};

  /** @param before what the look before it found */
  constructor(before?: PersistentFindings, nowMs = 0) {
    if (before) this.#sinceBefore = before.#since;
    this.#nowMs = nowMs;
  }

  add(finding: Finding): void {
    const { kind, host } = finding;
    const firstMs = this.#sinceBefore[kind].get(host) ?? this.#nowMs;
    this.#since[kind].set(host, firstMs);
    // Tasks that were started need no time to settle.
    if (kind !== 'tasks-while-off' && this.#nowMs - firstMs < GRACE_MS) return;
    this.counts[kind]++;
    const end = this.#end[kind];
    if (end !== undefined && byCodeUnit(host, end) >= 0) return;
    const kept = this.#kept[kind];
    kept.push(finding);
    if (kept.length >= 2 * MAX_FINDINGS) this.#cut(kind);
  }

  /** Sorted by kind and host. */
  first(): readonly Finding[] {
    for (const kind of DRIFT_KINDS) this.#cut(kind);
    return DRIFT_KINDS.flatMap((kind) => this.#kept[kind]);
  }

  #cut(kind: DriftKind): void {
    const kept = this.#kept[kind].sort((a, b) => byCodeUnit(a.host, b.host));
    kept.length = Math.min(kept.length, MAX_FINDINGS);
    const last = kept[MAX_FINDINGS - 1];
    if (last) this.#end[kind] = last.host;
  }
}

function byKind<T>(make: () => T): Record<DriftKind, T> {
  return Object.fromEntries(DRIFT_KINDS.map((kind) => [kind, make()])) as Record<DriftKind, T>;
}
