/** What the guard counts on this master, and whose silence it doubts: the figures behind every `held` (docs/judgement.md, rules 7, 8, 11). */
import type { Clock } from '../../../shared/clock.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { Replica, ReplicaEntry } from '../replica.ts';
import { type GuardFigures, massSilence, offLimit } from './guard.ts';
import { countsForGuard, type InventoryFacts, type MesosRegistration } from './inventory.ts';

/** What the rules know of hosts that say nothing; on this master's monotonic clock. */
export interface Silence {
  quiet(): Iterable<{ readonly host: HostName; readonly lastHeardMs: number; readonly silent: boolean }>;
  /** For how long it is silent, ms, counted from when this master began to listen where it was never heard; undefined: it is heard. */
  silentForMs(host: HostName): number | undefined;
}

export interface GuardCountsOptions {
  readonly replica: Replica;
  readonly silence: Silence;
  readonly registrationOf: (host: HostName) => MesosRegistration;
  /** Hosts that are off by plan, in a maintenance window of Mesos; another set whenever they change. */
  readonly planned?: () => ReadonlySet<HostName>;
  /** `managed-off-limit`. */
  readonly share: number;
  readonly clock: Clock;
}

/** The inventory changes slowly; counting it walks all hosts. */
const COUNT_HOLDS_MS = 1_000;
const NOBODY: ReadonlySet<HostName> = new Set();

export class GuardCounts {
  readonly #options: GuardCountsOptions;
  #inventory = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #countedSize = -1;
  #countedPlanned = NOBODY;
  #wave: ReadonlySet<HostName> = new Set();

  constructor(options: GuardCountsOptions) {
    this.#options = options;
  }

  /** Off by plan: neither counted nor limited. */
  get planned(): ReadonlySet<HostName> {
    return this.#options.planned?.() ?? NOBODY;
  }

  counts(): GuardFigures {
    const { replica, share } = this.#options;
    let off = replica.managedOff;
    for (const host of this.planned) if (replica.get(host)?.record?.['managed-flag'] === 'off') off--;
    return { share, inventory: this.#countInventory(), off, listed: replica.on().length };
  }

  limit(): number {
    return offLimit(this.counts());
  }

  facts({ host, record, createdMs }: ReplicaEntry): InventoryFacts {
    const { clock, registrationOf, silence } = this.#options;
    return {
      record,
      createdMs,
      nowMs: clock.wallMs(),
      mesos: registrationOf(host),
      silentForMs: silence.silentForMs(host),
      planned: this.planned.has(host),
    };
  }

  /** Hosts that are silent and not believed, as of the last {@link doubt}. */
  get wave(): ReadonlySet<HostName> {
    return this.#wave;
  }

  /** Looks at all silent and overdue hosts again; to be called before a silent host is judged. Walks all that are quiet. */
  doubt(): ReadonlySet<HostName> {
    const { planned } = this;
    const quiet = [...this.#options.silence.quiet()].filter(({ host }) => !planned.has(host));
    const silent = new Set(quiet.filter((one) => one.silent).map(({ host }) => host));
    const wave = silent.size === 0 ? [] : [...massSilence(quiet, this.limit())];
    this.#wave = new Set(wave.filter((host) => silent.has(host)));
    return this.#wave;
  }

  /** Of most hosts it is enough to know that Mesos knows them; 40,000 are counted in one go. */
  #counts(entry: ReplicaEntry): boolean {
    const isKnown = this.#options.registrationOf(entry.host) === 'registered';
    return isKnown ? !this.planned.has(entry.host) : countsForGuard(this.facts(entry));
  }

  #countInventory(): number {
    const { clock, replica } = this.#options;
    const nowMs = clock.monoMs();
    if (
      nowMs - this.#countedAtMs < COUNT_HOLDS_MS &&
      this.#countedSize === replica.size &&
      this.#countedPlanned === this.planned
    )
      return this.#inventory;
    this.#inventory = 0;
    for (const entry of replica.entries()) if (this.#counts(entry)) this.#inventory++;
    this.#countedAtMs = nowMs;
    this.#countedSize = replica.size;
    this.#countedPlanned = this.planned;
    return this.#inventory;
  }
}
