/**
 * The managed side of the whitelist: compares what the rules wish with what the records say and closes the difference,
 * again and again (level, not edge). Every master works it out, so that `why` and readiness tell the same everywhere;
 * only the leader writes, and every managed off passes the guard (judgement.md 8-14, 25).
 */
import { Backoff } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { HostName } from '../../shared/host-name.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { Deadlines } from '../events/deadlines.ts';
import type { Census } from './census.ts';
import { type Decision, decide, type ReadmitAfter } from './decision.ts';
import { type Candidate, guard } from './guard.ts';
import { putOn, takenOff, withManagedEvents } from './managed.ts';
import { emptyRecord, type HostRecord, mergedVerdict, sameMeaning } from './record.ts';
import type { Replica, ReplicaEntry } from './replica.ts';
import { type Store, StoreConflict } from './store.ts';
import { type Author, changeOf } from './whitelist.ts';
import type { Wishes } from './wishes.ts';

export interface ReconcilerOptions {
  readonly store: Store;
  readonly replica: Replica;
  readonly wishes: Wishes;
  readonly census: Census;
  readonly leads: () => boolean;
  readonly readmitAfter: ReadmitAfter;
  /** Name of this master, for `changed.by`. */
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** One host that is to change. */
interface Step {
  readonly host: HostName;
  readonly version: number | 'absent';
  readonly next: HostRecord;
  readonly author: Author;
}

/** So many hosts in one commit: enough to keep up with a rush, few enough that one conflict costs little. */
const MOST_STEPS = 100;
const MOST_HOSTS = 100_000;
/** What waits for room in the guard is looked at again so often. */
const REVIEW_MS = 1_000;
/** Everything is looked at again so often, whatever was told. */
const FULL_REVIEW_MS = 30_000;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #once: OnceLog;
  readonly #backoff = new Backoff({ firstMs: 50, mostMs: 2_000 });
  readonly #dirty = new Set<HostName>();
  /** Hosts that automation wants off and that are not. */
  readonly #wantedOff = new Map<HostName, Decision>();
  /** Why each of them is still not off. */
  #held: ReadonlyMap<HostName, string> = new Map();
  readonly #again = new Deadlines<HostName>();
  #running = false;
  #wanted = false;
  #stopped = false;
  #reviewedMs = 0;
  #fullyReviewedMs = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log);
  }

  /** What the guard holds back now, with the figures. */
  get held(): ReadonlyMap<HostName, string> {
    return this.#held;
  }

  /** Something about the host has changed: its wishes or its record. */
  mark(host: HostName): void {
    this.#dirty.add(host);
    this.#wake();
  }

  /** Looks at every host anew: after a change of leadership or of the store's state. */
  markAll(): void {
    for (const host of this.#options.wishes.hosts()) this.#dirty.add(host);
    this.#fullyReviewedMs = this.#options.clock.monoMs();
    this.#wake();
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    const nowMs = this.#options.clock.monoMs();
    for (const host of this.#again.takeDue(nowMs)) this.#dirty.add(host);
    if (nowMs - this.#fullyReviewedMs >= FULL_REVIEW_MS) this.markAll();
    if (this.#wantedOff.size > 0 && nowMs - this.#reviewedMs >= REVIEW_MS) {
      this.#reviewedMs = nowMs;
      for (const host of this.#wantedOff.keys()) this.#dirty.add(host);
    }
    if (this.#dirty.size > 0) this.#wake();
  }

  /** What automation would do with the host now, and why. Pure but for the clock. */
  decisionFor(host: HostName): Decision {
    const { replica, wishes, census, readmitAfter, clock } = this.#options;
    const entry = replica.get(host);
    return decide({
      record: entry?.record,
      broken: entry?.broken !== undefined,
      wish: wishes.flag(host),
      readmitAfter,
      foreignUntilMs: entry?.foreignUntilMs,
      inMassSilence: census.wave.has(host),
      nowMs: clock.monoMs(),
      nowS: clock.wallMs() / 1000,
    });
  }

  /** No more rounds; one that runs is finished. */
  stop(): void {
    this.#stopped = true;
  }

  #wake(): void {
    this.#wanted = true;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    setImmediate(() => void this.#rounds());
  }

  async #rounds(): Promise<void> {
    try {
      while (this.#wanted && !this.#stopped) {
        this.#wanted = false;
        await this.#round();
      }
    } catch (error) {
      this.#once.warn('round', `the managed whitelist could not be brought up to date: ${messageOf(error)}`);
      this.#options.clock.after(this.#backoff.next(), () => this.markAll());
    } finally {
      this.#running = false;
    }
  }

  async #round(): Promise<void> {
    const { replica, leads } = this.#options;
    if (!replica.complete) return;
    const hosts = [...this.#dirty];
    this.#dirty.clear();
    const steps = this.#plan(hosts);
    const writes = leads() && replica.state.kind === 'whole';
    if (writes)
      for (let from = 0; from < steps.length; from += MOST_STEPS)
        await this.#commit(steps.slice(from, from + MOST_STEPS));
    await this.#takeOff(writes);
    if (!writes) return;
    this.#backoff.reset();
    this.#once.recovered('round', 'the managed whitelist is brought up to date again');
  }

  /** Sorts the hosts into what can be written at once and what has to pass the guard. */
  #plan(hosts: readonly HostName[]): Step[] {
    const { replica, census, wishes } = this.#options;
    if (hosts.some((host) => wishes.flag(host)?.illness?.kind === 'silent')) census.doubt();
    else if (census.wave.size > 0) census.doubt();
    const steps: Step[] = [];
    for (const host of hosts) {
      const decision = this.decisionFor(host);
      const entry = replica.get(host);
      if (decision.next) this.#again.set(host, decision.next.atMs);
      else this.#again.delete(host);
      if (decision.action === 'off' || decision.held !== undefined) this.#wantedOff.set(host, decision);
      else this.#wantedOff.delete(host);
      const step = this.#stepFor(host, entry, decision.action === 'on' ? decision : undefined);
      if (step) steps.push(step);
    }
    return steps;
  }

  /** Puts a host on, or only brings its managed events up to date; undefined: nothing to write. */
  #stepFor(host: HostName, entry: ReplicaEntry | undefined, on: Decision | undefined): Step | undefined {
    const { wishes, replica } = this.#options;
    if (entry?.broken !== undefined || (!entry && !wishes.flag(host))) return undefined;
    if (!entry && replica.size >= MOST_HOSTS) {
      this.#once.warn('full', `the inventory is full: ${MOST_HOSTS} hosts at most; ${host} and others are left out`);
      return undefined;
    }
    const record = entry?.record ?? emptyRecord;
    const flagged = on ? putOn(record, this.#nowS()) : record;
    const next = withManagedEvents(flagged, wishes.events(host));
    if (entry && sameMeaning(record, next)) return undefined;
    const cause = !entry
      ? 'first-report'
      : !on
        ? 'managed-events'
        : record['managed-flag'] === 'off'
          ? 'readmission'
          : 'tests';
    const reason = on?.reason ?? wishes.flag(host)?.reason ?? 'managed events changed';
    return { host, version: entry?.version ?? 'absent', next, author: this.#author(cause, reason) };
  }

  /** Lets the guard choose among those that automation wants off; the leader writes what it lets go. */
  async #takeOff(writes: boolean): Promise<void> {
    if (this.#wantedOff.size === 0) {
      this.#held = new Map();
      return;
    }
    // Everything that was taken off before this version is counted below, also what another master did (rule 10).
    const automation = writes ? await this.#options.store.readAutomation() : undefined;
    const { take, held } = this.#ask();
    this.#held = held;
    if (!automation || take.length === 0) return;
    const steps = take.slice(0, MOST_STEPS).map((host) => this.#offStep(host));
    const known = steps.filter((step) => step !== undefined);
    try {
      await this.#write(known, { expect: automation.version, data: automation.data });
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
      await this.#takeOffOne(known);
    }
    for (const host of take) this.mark(host);
  }

  /** After a conflict: one by one, each against the counts of that moment, so that one contended host stops no other. */
  async #takeOffOne(steps: readonly Step[]): Promise<void> {
    for (const { host } of steps) {
      const automation = await this.#options.store.readAutomation();
      const step = this.#ask().take.includes(host) ? this.#offStep(host) : undefined;
      if (step) await this.#write([step], { expect: automation.version, data: automation.data }).catch(onlyConflicts);
    }
  }

  #ask(): { take: readonly HostName[]; held: ReadonlyMap<HostName, string> } {
    const candidates: Candidate[] = [];
    const doubted = new Map<HostName, string>();
    for (const [host] of this.#wantedOff) {
      const decision = this.decisionFor(host);
      if (decision.held !== undefined) doubted.set(host, decision.held);
      if (decision.action !== 'off') continue;
      candidates.push({
        host,
        illness: decision.illness,
        wouldLeaveList: this.#wouldLeaveList(this.#options.replica.get(host)),
      });
    }
    const { take, held } = guard(candidates, this.#options.census.counts());
    return { take, held: new Map([...held, ...doubted]) };
  }

  #offStep(host: HostName): Step | undefined {
    const { replica, wishes } = this.#options;
    const entry = replica.get(host);
    const decision = this.decisionFor(host);
    if (decision.action !== 'off' || (!entry && replica.size >= MOST_HOSTS)) return undefined;
    const next = withManagedEvents(takenOff(entry?.record ?? emptyRecord, this.#nowS()), wishes.events(host));
    const cause = decision.illness?.kind === 'silent' ? 'silence' : 'tests';
    return { host, version: entry?.version ?? 'absent', next, author: this.#author(cause, decision.reason) };
  }

  #wouldLeaveList(entry: ReplicaEntry | undefined): boolean {
    return (
      entry?.on === true &&
      entry.record !== undefined &&
      mergedVerdict(entry.record, this.#nowS()).decidedBy === 'managed'
    );
  }

  /** All at once, and where that conflicts one by one; who loses a race is looked at again when its record arrives. */
  async #commit(steps: readonly Step[]): Promise<void> {
    try {
      await this.#write(steps);
    } catch (error) {
      onlyConflicts(error);
      if (steps.length > 1) for (const step of steps) await this.#write([step]).catch(onlyConflicts);
      for (const { host } of steps) this.#again.set(host, this.#options.clock.monoMs() + 200);
    }
  }

  async #write(steps: readonly Step[], automation?: { expect: number; data: string }): Promise<void> {
    if (steps.length === 0) return;
    const changes = steps.map(
      ({ host, version, next, author }) => changeOf(host, version, next, author, this.#nowS()).change,
    );
    await this.#options.store.commit(changes, automation);
  }

  #author(cause: string, reason: string): Author {
    return { by: this.#options.self, as: null, cause, reason };
  }

  #nowS(): number {
    return this.#options.clock.wallMs() / 1000;
  }
}

function onlyConflicts(error: unknown): void {
  if (!(error instanceof StoreConflict)) throw error;
}
