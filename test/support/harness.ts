/** The judgement of a master over a store that several share, on a clock that tests turn by hand. */
import { recordChannels } from '../../satellite-master/alerts/index.ts';
import type { EventIndex } from '../../satellite-master/events/event-index.ts';
import type { Presence } from '../../satellite-master/events/presence.ts';
import { createJudgement, type Judgement } from '../../satellite-master/judgement/judgement.ts';
import { rulesSource } from '../../satellite-master/rules/engine/rules-engine.ts';
import type { DesiredFlags } from '../../satellite-master/whitelist/automation/desired-flags.ts';
import { ExpiredEventReaper } from '../../satellite-master/whitelist/automation/expired-event-reaper.ts';
import type { GuardCounts } from '../../satellite-master/whitelist/automation/guard-counts.ts';
import type { MesosRegistration } from '../../satellite-master/whitelist/automation/inventory.ts';
import type { Reconciler } from '../../satellite-master/whitelist/automation/reconciler.ts';
import { ChangeLog } from '../../satellite-master/whitelist/history/change-log.ts';
import type { Why } from '../../satellite-master/whitelist/operators/why.ts';
import type { HostRecord } from '../../satellite-master/whitelist/record/record.ts';
import { type Author, RecordEditor } from '../../satellite-master/whitelist/record-editor.ts';
import type { Replica, ReplicaChange } from '../../satellite-master/whitelist/replica.ts';
import type { Event } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { silentLog } from '../../shared/log.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import type { SharedStore, StoreView } from './shared-store.ts';

/** A wall time for tests: 2026-09-21. */
export const START_MS = 1_790_000_000_000;
export const FIRST_MS = 60_000;
export const MAX_MS = 3_600_000;
export const TTL_S = 60;
/** A fifth of the ttl, as slaves have it. */
export const BEAT_MS = 12_000;

const nothing = () => undefined;
const NOBODY: ReadonlySet<HostName> = new Set();
/** Of rules that send nothing. */
export const NO_EFFECTS = {
  openChannels: () => ({
    functions: recordChannels({ clock: new ManualClock(), self: 'test', record: nothing }).functions,
    release: nothing,
  }),
  log: nothing,
  forward: nothing,
  stat: nothing,
  tap: nothing,
  fault: nothing,
};
const TICK_MS = 200;
const LEAP_MS = 4_000;

export function aClock(): ManualClock {
  return new ManualClock(START_MS);
}

export function host(name: string): HostName {
  const parsed = parseHostName(name);
  if (!parsed) throw new Error(`${name} is no host name`);
  return parsed;
}

/** `h1.example` … */
export function hosts(count: number): HostName[] {
  return Array.from({ length: count }, (_, at) => host(`h${at + 1}.example`));
}

export const OPERATOR: Author = { by: 'operator', as: null, cause: 'manual', reason: 'by hand' };

export interface HarnessOptions {
  readonly clock: ManualClock;
  readonly sharedStore: SharedStore;
  readonly leads?: boolean;
  readonly share?: number;
  readonly registrationOf?: (host: HostName) => MesosRegistration;
}

export interface Said {
  readonly ttl?: number;
  readonly description?: string;
  /** Unix seconds. */
  readonly time?: number;
}

export class Harness {
  leads: boolean;
  readonly clock: ManualClock;
  readonly store: StoreView;
  readonly replica: Replica;
  readonly whitelist: RecordEditor;
  readonly index: EventIndex;
  readonly desired: DesiredFlags;
  readonly judgement: Judgement;
  readonly presence: Presence;
  readonly guardCounts: GuardCounts;
  readonly reconciler: Reconciler;
  /** How many events it removed each time. */
  readonly reaped: number[] = [];
  /** `Turning HOST on -> off` and the cause. */
  readonly turned: string[] = [];
  readonly changes: ReplicaChange[] = [];
  readonly #reaper: ExpiredEventReaper;

  constructor({ clock, sharedStore, leads = true, share = 0.3, registrationOf = () => 'none' }: HarnessOptions) {
    this.leads = leads;
    this.clock = clock;
    this.store = sharedStore.view();
    const log = silentLog;
    const { store } = this;
    const self = 'this-master';
    const judgement = createJudgement({
      store,
      leads: () => this.leads,
      mesos: { registrationOf: registrationOf, inMaintenance: () => NOBODY },
      settings: { offShare: share, readmitAfter: { firstMs: FIRST_MS, maxMs: MAX_MS } },
      rules: rulesSource(undefined),
      effects: NO_EFFECTS,
      self,
      clock,
      log,
    });
    const { replica, presence, reconciler, flags, guardCounts, hub } = judgement;
    this.judgement = judgement;
    this.replica = replica;
    this.presence = presence;
    this.reconciler = reconciler;
    this.desired = flags;
    this.guardCounts = guardCounts;
    this.index = hub.index;
    this.whitelist = new RecordEditor({ store, replica, clock });
    const { whitelist } = this;
    this.#reaper = new ExpiredEventReaper({
      whitelist,
      replica,
      self,
      clock,
      log,
      reaped: (count) => this.reaped.push(count),
    });
    const changeLog = new ChangeLog({
      history: { append: () => undefined },
      clock,
      log: Object.assign(Object.create(log), {
        info: ({ cause }: { cause: string }, text: string) => this.turned.push(`${text} (${cause})`),
      }),
      counted: () => undefined,
    });
    replica.onChange((change) => {
      this.changes.push(change);
      this.#reaper.changed(change);
      changeLog.changed(change);
    });
    judgement.start();
  }

  /** The store whole and read. */
  static async open(options: HarnessOptions): Promise<Harness> {
    const harness = new Harness(options);
    harness.store.find();
    await harness.settled();
    return harness;
  }

  get nowS(): number {
    return this.clock.wallMs() / 1000;
  }

  /** Tests of a host as they arrive in one report: `{disk: 'ok'}`. */
  report(name: HostName, tests: Readonly<Record<string, string>>, said: Said = {}): void {
    for (const [test, state] of Object.entries(tests)) {
      const event = { host: name, service: `mesos/slave/${test}`, state, time: this.nowS, ttl: TTL_S, ...said };
      this.take(event);
    }
  }

  take(event: Event): void {
    this.judgement.hub.publish([event], 'report');
  }

  tick(): void {
    this.judgement.tick();
    this.#reaper.tick();
  }

  /** Lets time pass in small steps; `beat` runs at once and then every beat. */
  async pass(ms: number, beat: () => void = () => undefined, others: readonly Harness[] = []): Promise<void> {
    const all = [this, ...others];
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      if (passed % BEAT_MS === 0) beat();
      this.clock.advance(Math.min(TICK_MS, ms - passed));
      for (const harness of all) harness.tick();
      await settled(all);
    }
  }

  /** Lets much time pass, in steps just below what would be a stall. */
  async leap(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= LEAP_MS) {
      this.clock.advance(Math.min(LEAP_MS, left));
      this.tick();
      await this.settled();
    }
  }

  async settled(): Promise<void> {
    await settled([this]);
  }

  /** The record as it lies in the store, as far as this master has been told. */
  record(name: HostName): HostRecord | undefined {
    return this.replica.get(name)?.record;
  }

  managed(name: HostName): 'on' | 'off' | null | undefined {
    return this.record(name)?.['managed-flag'];
  }

  /** Hosts on the merged list. */
  on(): readonly string[] {
    return [...this.replica.on()];
  }

  why(name: HostName): Why {
    const why = this.judgement.why(name);
    if (!why) throw new Error(`${name} is not in the inventory`);
    return why;
  }
}

/** Until no round runs, no call is open and everybody has been told everything. */
export async function settled(harnesses: readonly Harness[]): Promise<void> {
  for (let still = 0; still < 4; ) {
    await new Promise((resolve) => setImmediate(resolve));
    still = harnesses.every(({ store }) => store.busy === 0 && store.told) ? still + 1 : 0;
  }
}
