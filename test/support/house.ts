/** The real parts of a master's judgement, put together as master.ts does, on a clock that tests turn by hand. */
import { EventIndex } from '../../satellite-master/events/event-index.ts';
import { JudgeTests } from '../../satellite-master/rules/host-health/host-judge.ts';
import { Wishes } from '../../satellite-master/whitelist/automation/desired-flags.ts';
import { Reaper } from '../../satellite-master/whitelist/automation/expired-event-reaper.ts';
import { Census } from '../../satellite-master/whitelist/automation/guard-counts.ts';
import type { MesosWord } from '../../satellite-master/whitelist/automation/inventory.ts';
import { Reconciler } from '../../satellite-master/whitelist/automation/reconciler.ts';
import { Chronicle } from '../../satellite-master/whitelist/history/change-log.ts';
import { type Why, whyOf } from '../../satellite-master/whitelist/operators/why.ts';
import type { HostRecord } from '../../satellite-master/whitelist/record/record.ts';
import { type Author, Whitelist } from '../../satellite-master/whitelist/record-editor.ts';
import { Replica, type ReplicaChange } from '../../satellite-master/whitelist/replica.ts';
import type { Event } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { silentLog } from '../../shared/log.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import type { SharedGround, StoreView } from './shared-ground.ts';

/** A wall time for tests: 2026-09-21. */
export const START_MS = 1_790_000_000_000;
export const FIRST_MS = 60_000;
export const MOST_MS = 3_600_000;
export const TTL_S = 60;
/** A fifth of the ttl, as slaves have it. */
export const BEAT_MS = 12_000;

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

export interface HouseOptions {
  readonly clock: ManualClock;
  readonly ground: SharedGround;
  readonly leads?: boolean;
  readonly share?: number;
  readonly mesosWord?: (host: HostName) => MesosWord;
}

export interface Said {
  readonly ttl?: number;
  readonly description?: string;
  /** Unix seconds. */
  readonly time?: number;
}

export class House {
  leads: boolean;
  readonly clock: ManualClock;
  readonly store: StoreView;
  readonly replica: Replica;
  readonly whitelist: Whitelist;
  readonly index: EventIndex;
  readonly wishes: Wishes;
  readonly judge: JudgeTests;
  readonly census: Census;
  readonly reconciler: Reconciler;
  /** How many events it removed each time. */
  readonly reaped: number[] = [];
  /** `Turning HOST on -> off` and the cause. */
  readonly turned: string[] = [];
  readonly changes: ReplicaChange[] = [];
  readonly #reaper: Reaper;

  constructor({ clock, ground, leads = true, share = 0.3, mesosWord = () => 'none' }: HouseOptions) {
    this.leads = leads;
    this.clock = clock;
    this.store = ground.view();
    const log = silentLog;
    const { store } = this;
    const self = 'this-master';
    const replica = new Replica({ clock, log, foreignHoldMs: FIRST_MS });
    this.replica = replica;
    this.whitelist = new Whitelist({ store, replica, clock });
    this.index = new EventIndex(clock);
    this.wishes = new Wishes((name) => this.reconciler.mark(name));
    this.judge = new JudgeTests({
      clock,
      wishes: this.wishes,
      dropAfterMs: FIRST_MS,
      managedEventsOf: (name) => replica.get(name)?.record?.['managed-events'] ?? {},
    });
    const { judge, wishes, whitelist } = this;
    const silence = { quiet: () => judge.quiet(), silentForMs: (name: HostName) => this.#silentForMs(name) };
    this.census = new Census({ replica, silence, mesosWord, share, clock });
    this.reconciler = new Reconciler({
      store,
      replica,
      wishes,
      census: this.census,
      leads: () => this.leads,
      readmitAfter: { firstMs: FIRST_MS, mostMs: MOST_MS },
      self,
      clock,
      log,
    });
    this.#reaper = new Reaper({ whitelist, replica, self, clock, log, reaped: (count) => this.reaped.push(count) });
    const chronicle = new Chronicle({
      history: { append: () => undefined },
      clock,
      log: Object.assign(Object.create(log), {
        info: ({ cause }: { cause: string }, text: string) => this.turned.push(`${text} (${cause})`),
      }),
      counted: () => undefined,
    });
    replica.onChange((change) => {
      this.changes.push(change);
      if (change.after) judge.recordChanged(change.host);
      else {
        judge.dropHost(change.host);
        this.index.dropHost(change.host);
      }
      this.reconciler.mark(change.host);
      this.#reaper.changed(change);
      chronicle.changed(change);
    });
    replica.onStoreState((state) => {
      if (state.kind === 'whole') this.reconciler.markAll();
    });
    store.start(replica);
  }

  /** The store whole and read. */
  static async open(options: HouseOptions): Promise<House> {
    const house = new House(options);
    house.store.find();
    await house.settled();
    return house;
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
    if (event.state === 'expired') this.index.delete(event.host ?? '', event.service);
    else if (!['new', 'updated'].includes(this.index.take(event))) return;
    this.judge.take(event);
  }

  tick(): void {
    for (const event of this.index.tick().expired) this.judge.take({ ...event, state: 'expired', time: this.nowS });
    this.judge.tick();
    this.replica.tick();
    this.reconciler.tick();
    this.#reaper.tick();
  }

  /** Lets time pass in small steps; `beat` runs at once and then every beat. */
  async pass(ms: number, beat: () => void = () => undefined, others: readonly House[] = []): Promise<void> {
    const all = [this, ...others];
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      if (passed % BEAT_MS === 0) beat();
      this.clock.advance(Math.min(TICK_MS, ms - passed));
      for (const house of all) house.tick();
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
    const entry = this.replica.get(name);
    if (!entry) throw new Error(`${name} is not in the inventory`);
    return whyOf({
      entry,
      decision: this.reconciler.decisionFor(name),
      held: this.reconciler.held.get(name),
      countingTests: this.judge.verdictOf(name)?.verdict.services ?? [],
      nowMs: this.clock.monoMs(),
      nowS: this.nowS,
    });
  }

  #silentForMs(name: HostName): number | undefined {
    const known = this.judge.verdictOf(name);
    return known?.verdict.kind === 'silent' ? this.clock.monoMs() - known.sinceMs : undefined;
  }
}

/** Until no round runs, no call is open and everybody has been told everything. */
export async function settled(houses: readonly House[]): Promise<void> {
  for (let still = 0; still < 4; ) {
    await new Promise((resolve) => setImmediate(resolve));
    still = houses.every(({ store }) => store.busy === 0 && store.told) ? still + 1 : 0;
  }
}
