/**
 * The managed side of the whitelist: compares the desired flags of the rules with the records and closes the difference,
 * again and again (level, not edge). Every master works it out, so that `why` and readiness say the same everywhere;
 * only the leader writes, and every managed off passes the guard (docs/judgement.md, rules 8-14, 25).
 */
import { setImmediate } from 'node:timers/promises';
import { Backoff } from '../../../shared/backoff.ts';
import type { Clock, Timer } from '../../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { Deadlines } from '../../events/index.ts';
import { mergedVerdict } from '../record/index.ts';
import { changeOf } from '../record-editor.ts';
import type { Replica, ReplicaEntry } from '../replica.ts';
import { type Store, StoreConflict } from '../store/index.ts';
import { type Decision, decide, type ReadmitAfter } from './decision.ts';
import type { DesiredFlags } from './desired-flags.ts';
import { type Candidate, guard } from './guard.ts';
import type { GuardCounts } from './guard-counts.ts';
import { inCommits, type PlannedWrite, type PlannedWriteInput, plannedOff, plannedUpdate } from './planned-writes.ts';
import { WriteThrottle } from './write-throttle.ts';

export interface ReconcilerOptions {
  readonly store: Store;
  readonly replica: Replica;
  readonly desired: DesiredFlags;
  readonly guardCounts: GuardCounts;
  readonly leads: () => boolean;
  readonly readmitAfter: ReadmitAfter;
  /** Name of this master, for `changed.by`. */
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

const MAX_HOSTS = 100_000;
/** Interval at which hosts that wait for the guard are looked at again. */
const REVIEW_MS = 1_000;
/** Whether a wave of silence is over is looked at no more often: it means walking all hosts. */
const DOUBT_MS = 500;
/** Interval at which a host whose own record can't be written is tried again. */
const FAULT_MS = 5_000;
/** Who lost a race looks again so soon. */
const CONFLICT_MS = 200;
/** Interval at which everything is looked at again, whatever was reported. */
const FULL_REVIEW_MS = 30_000;
/** Planning goes on in another turn of the event loop after so long, looked at after each so many hosts. */
const TURN_MS = 5;
const HOSTS_A_SLICE = 256;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #once: OnceLog;
  readonly #backoff = new Backoff({ firstMs: 50, maxMs: 2_000 });
  readonly #dirty = new Set<HostName>();
  /** Hosts that automation wants off and that are not. */
  readonly #wantedOff = new Map<HostName, Decision>();
  /** Why each of them is still not off. */
  #held = new Map<HostName, string>();
  /** The guard is to be asked in the next round: it may let somebody go whom it held. */
  #askDue = false;
  readonly #again = new Deadlines<HostName>();
  readonly #writeThrottle: WriteThrottle;
  #running = false;
  #wanted = false;
  #stopped = false;
  #retry: Timer | undefined;
  /** Whether it could write at the last tick: who begins to lead looks at everything. */
  #couldWrite = false;
  #doubtedMs = Number.NEGATIVE_INFINITY;
  #reviewedMs = 0;
  #fullyReviewedMs = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    this.#writeThrottle = new WriteThrottle(options.clock);
    const { desired, replica } = options;
    desired.onChange((host) => this.mark(host));
    replica.onChange(({ host }) => this.mark(host));
    replica.onStoreState(({ kind }) => {
      if (kind === 'whole') this.markAll();
    });
  }

  /** What the guard holds back now, with the figures. */
  get held(): ReadonlyMap<HostName, string> {
    return this.#held;
  }

  /** Whether no round runs or is about to: for who turns the clock by hand. */
  get settled(): boolean {
    return !this.#running;
  }

  /** What the rules want of the host has changed, or its record. */
  mark(host: HostName): void {
    this.#dirty.add(host);
    this.#wake();
  }

  /** Looks at every host again: after a change of leadership or of the store's state. */
  markAll(): void {
    for (const host of this.#options.desired.hosts()) this.#dirty.add(host);
    for (const host of this.#wantedOff.keys()) this.#dirty.add(host);
    this.#askDue = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#fullyReviewedMs = this.#options.clock.monoMs();
    this.#wake();
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    const nowMs = this.#options.clock.monoMs();
    for (const host of this.#again.popDue(nowMs)) {
      this.#dirty.add(host);
      if (this.#wantedOff.has(host)) this.#askDue = true;
    }
    this.#writeThrottle.tick();
    const canWrite = this.#mayWrite();
    if (canWrite && !this.#couldWrite) this.markAll();
    this.#couldWrite = canWrite;
    if (nowMs - this.#fullyReviewedMs >= FULL_REVIEW_MS) this.markAll();
    if (this.#wantedOff.size > 0 && nowMs - this.#reviewedMs >= REVIEW_MS) {
      this.#reviewedMs = nowMs;
      this.#askDue = true;
      for (const host of this.#wantedOff.keys()) this.#dirty.add(host);
    }
    if (this.#dirty.size > 0) this.#wake();
  }

  /** What automation would do with the host now, and why. Pure but for the clock. */
  decisionFor(host: HostName): Decision {
    const { replica, desired, guardCounts, readmitAfter, clock } = this.#options;
    const entry = replica.get(host);
    return decide({
      record: entry?.record,
      broken: entry?.broken !== undefined,
      desiredFlag: desired.flag(host),
      readmitAfter,
      foreignUntilMs: entry?.foreignUntilMs,
      inMassSilence: guardCounts.wave.has(host),
      nowMs: clock.monoMs(),
      nowS: clock.wallMs() / 1000,
    });
  }

  /** No more rounds; one that runs is finished. */
  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
  }

  #mayWrite(): boolean {
    const { leads, replica } = this.#options;
    return leads() && replica.state.kind === 'whole';
  }

  #wake(): void {
    this.#wanted = true;
    if (this.#running || this.#stopped || this.#retry) return;
    this.#running = true;
    void setImmediate().then(() => this.#rounds());
  }

  async #rounds(): Promise<void> {
    try {
      while (this.#wanted && !this.#stopped) {
        this.#wanted = false;
        await this.#round();
      }
    } catch (error) {
      this.#once.warn('round', 'failed to update the managed whitelist', { err: messageOf(error) });
      this.#retry ??= this.#options.clock.after(this.#backoff.next(), () => this.markAll());
    } finally {
      this.#running = false;
    }
  }

  async #round(): Promise<void> {
    if (!this.#options.replica.complete) return;
    const hosts = [...this.#dirty];
    this.#dirty.clear();
    for (const steps of inCommits(await this.#planInTurns(hosts))) {
      if (!this.#mayWrite()) break;
      await this.#commit(steps);
    }
    if (this.#askDue) await this.#takeOff();
    if (!this.#mayWrite()) return;
    this.#backoff.reset();
    this.#once.recovered('round', 'managed whitelist updated again');
  }

  /** So that a look at everything does not hold up the reports. What changes meanwhile is marked for the next round. */
  async #planInTurns(hosts: readonly HostName[]): Promise<PlannedWrite[]> {
    const { clock } = this.#options;
    const steps: PlannedWrite[] = [];
    let turnMs = clock.monoMs();
    for (let start = 0; start < hosts.length && !this.#stopped; start += HOSTS_A_SLICE) {
      if (clock.monoMs() - turnMs >= TURN_MS) {
        await setImmediate();
        turnMs = clock.monoMs();
      }
      steps.push(...this.#plan(hosts.slice(start, start + HOSTS_A_SLICE)));
    }
    return steps;
  }

  /** Sorts the hosts into what can be written at once and what has to pass the guard. */
  #plan(hosts: readonly HostName[]): PlannedWrite[] {
    const { replica, desired } = this.#options;
    this.#doubt(hosts);
    const steps: PlannedWrite[] = [];
    for (const host of hosts) {
      const decision = this.decisionFor(host);
      if (decision.next) this.#again.set(host, decision.next.atMs);
      else this.#again.delete(host);
      this.#want(host, decision);
      if (!replica.get(host) && this.#isFull()) {
        if (desired.flag(host))
          this.#once.warn('full', 'inventory full, host not added', { host, maxHosts: MAX_HOSTS });
        continue;
      }
      const on = decision.action === 'on' ? decision : undefined;
      const step = plannedUpdate(this.#inputOf(host), desired.flag(host), on);
      if (!step) continue;
      // A readmission has waited long enough by its own rule; what can go to and fro without end is the events.
      const waitsUntilMs = on ? undefined : this.#writeThrottle.waitsUntilMs(host);
      if (waitsUntilMs === undefined) steps.push(step);
      else {
        this.#once.warn(`write-throttle ${host}`, 'host changes too often, backing off (is a second master leading?)', {
          host,
        });
        this.#again.set(host, Math.min(waitsUntilMs, decision.next?.atMs ?? waitsUntilMs));
      }
    }
    return steps;
  }

  /** Whose silence is believed is asked before a silent host is judged, and from time to time while a wave lasts. */
  #doubt(hosts: readonly HostName[]): void {
    const { guardCounts, desired, clock } = this.#options;
    const nowMs = clock.monoMs();
    const isNew = (host: HostName) => desired.flag(host)?.illness?.kind === 'silent' && !guardCounts.wave.has(host);
    const lasts = guardCounts.wave.size > 0 && nowMs - this.#doubtedMs >= DOUBT_MS;
    if (!lasts && !hosts.some(isNew)) return;
    this.#doubtedMs = nowMs;
    guardCounts.doubt();
  }

  /** Remembers whom automation wants off; the guard is asked at once for who is new to it, for others at the review. */
  #want(host: HostName, decision: Decision): void {
    if (decision.action !== 'off' && decision.held === undefined) {
      this.#wantedOff.delete(host);
      this.#held.delete(host);
      return;
    }
    const before = this.#wantedOff.get(host);
    if (!before || before.action !== decision.action) this.#askDue = true;
    this.#wantedOff.set(host, decision);
  }

  /** Lets the guard choose among those that automation wants off; the leader writes what it lets go. */
  async #takeOff(): Promise<void> {
    this.#askDue = false;
    if (this.#wantedOff.size === 0) return;
    // Everything that was taken off before this version is counted below, also what another master did (rule 10).
    const automation = this.#mayWrite() ? await this.#options.store.readAutomation() : undefined;
    const { take, held } = this.#ask();
    this.#held = held;
    if (!automation || !this.#mayWrite()) return;
    const steps = take.map((host) => this.#plannedOff(host)).filter((step) => step !== undefined);
    const [first, more] = inCommits(steps);
    if (!first) return;
    if (more) this.#askDue = true;
    try {
      await this.#write(first, { expect: automation.version, data: automation.data });
    } catch (error) {
      this.#mustBeOfOneHost(error);
      await this.#oneByOne(first, (step) => this.#takeOffOne(step.host));
    }
    for (const { host } of first) this.mark(host);
  }

  /** Against the counts of this moment. */
  async #takeOffOne(host: HostName): Promise<void> {
    const automation = await this.#options.store.readAutomation();
    const step = this.#mayWrite() && this.#ask().take.includes(host) ? this.#plannedOff(host) : undefined;
    if (step) await this.#write([step], { expect: automation.version, data: automation.data });
  }

  #ask(): { take: readonly HostName[]; held: Map<HostName, string> } {
    const candidates: Candidate[] = [];
    const doubted = new Map<HostName, string>();
    for (const [host] of this.#wantedOff) {
      const decision = this.decisionFor(host);
      if (decision.held !== undefined) doubted.set(host, decision.held);
      const entry = this.#options.replica.get(host);
      if (decision.action !== 'off' || (!entry && this.#isFull())) continue;
      candidates.push({
        host,
        illness: decision.illness,
        wouldLeaveList: this.#wouldLeaveList(entry),
        planned: this.#options.guardCounts.planned.has(host),
      });
    }
    const { take, held } = guard(candidates, this.#options.guardCounts.counts());
    return { take, held: new Map([...held, ...doubted]) };
  }

  #plannedOff(host: HostName): PlannedWrite | undefined {
    const decision = this.decisionFor(host);
    return decision.action === 'off' ? plannedOff(this.#inputOf(host), decision) : undefined;
  }

  #inputOf(host: HostName): PlannedWriteInput {
    const { replica, desired, self } = this.#options;
    return { host, entry: replica.get(host), events: desired.events(host), self, nowS: this.#nowS() };
  }

  #isFull(): boolean {
    return this.#options.replica.size >= MAX_HOSTS;
  }

  #wouldLeaveList(entry: ReplicaEntry | undefined): boolean {
    return (
      entry?.on === true &&
      entry.record !== undefined &&
      mergedVerdict(entry.record, this.#nowS()).decidedBy === 'managed'
    );
  }

  /** All at once, and where that fails one by one, so that the fault of one host stops no other. */
  async #commit(steps: readonly PlannedWrite[]): Promise<void> {
    try {
      await this.#write(steps);
    } catch (error) {
      this.#mustBeOfOneHost(error);
      await this.#oneByOne(steps, (step) => this.#write([step]));
    }
  }

  /** @throws the last fault where the store refused every one of them: then it is none of the hosts' */
  async #oneByOne(steps: readonly PlannedWrite[], write: (step: PlannedWrite) => Promise<void>): Promise<void> {
    const refused = new Map<HostName, unknown>();
    for (const step of steps) {
      try {
        await write(step);
      } catch (error) {
        this.#mustBeOfOneHost(error);
        if (error instanceof StoreConflict) this.#again.set(step.host, this.#options.clock.monoMs() + CONFLICT_MS);
        else refused.set(step.host, error);
      }
    }
    if (refused.size > 1 && refused.size === steps.length) throw [...refused.values()].at(-1);
    for (const [host, error] of refused) {
      this.#once.warn(host, 'failed to write managed record', { host, err: messageOf(error) });
      this.#again.set(host, this.#options.clock.monoMs() + FAULT_MS);
    }
  }

  /** A lost race, or what the store refuses while it is whole; all else concerns every host. @throws what does */
  #mustBeOfOneHost(error: unknown): void {
    if (error instanceof StoreConflict) return;
    const refused = error instanceof SatelliteError && error.code !== 'store-uncertain';
    if (!refused || !this.#mayWrite()) throw error;
  }

  async #write(steps: readonly PlannedWrite[], automation?: { expect: number; data: string }): Promise<void> {
    if (steps.length === 0) return;
    const changes = steps.map(
      ({ host, version, next, author }) => changeOf(host, version, next, author, this.#nowS()).change,
    );
    await this.#options.store.commit(changes, automation);
    for (const { host } of steps) this.#writeThrottle.wrote(host);
  }

  #nowS(): number {
    return this.#options.clock.wallMs() / 1000;
  }
}
