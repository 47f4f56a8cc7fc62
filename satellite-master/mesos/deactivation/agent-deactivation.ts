/**
 * A host that is off is also deactivated or drained in Mesos (1.9 and newer), and reactivated when it comes back on,
 * where Satellite itself did it. Level-triggered, leader only, and only while the model of the cluster is fresh. Which
 * agents were taken out is written into the record before Mesos is called, so that a new leader knows it.
 */
import { Backoff } from '../../../shared/backoff.ts';
import type { Clock } from '../../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import type { JsonObject } from '../../../shared/mesos/index.ts';
import { MesosError } from '../../../shared/mesos/index.ts';
import type { Replica, ReplicaChange, ReplicaEntry, Whitelist } from '../../whitelist/index.ts';
import { emptyRecord, type HostRecord, mergedVerdict } from '../../whitelist/record/index.ts';
import type { Cluster } from '../cluster/index.ts';
import { type OffAction, type Plan, planFor, takenOf, withTaken } from './deactivation-plan.ts';
import type { PlannedWord } from './hosts-in-maintenance.ts';

export type BridgeCall = 'deactivate' | 'drain' | 'reactivate';
export type BridgeOutcome = 'done' | 'refused';

export interface BridgeOptions {
  /** `off-action`. */
  readonly action: OffAction;
  readonly cluster: Pick<Cluster, 'agents' | 'agentsOf' | 'answeredMs' | 'stale'>;
  /** A call of the v1 operator API. @throws MesosError, also when it is aborted */
  readonly call: (call: JsonObject, abort: AbortSignal) => Promise<unknown>;
  readonly planned: (host: HostName) => PlannedWord | undefined;
  readonly replica: Replica;
  readonly whitelist: Pick<Whitelist, 'edit'>;
  /** How many hosts Satellite may have taken out at a time: the guard's limit. */
  readonly limit: () => number;
  readonly leads: () => boolean;
  /** Name of this master, for `changed.by`. */
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counted: (call: BridgeCall, outcome: BridgeOutcome) => void;
}

interface Refusal {
  readonly reason: string;
  readonly backoff: Backoff;
  againMs: number;
}

const ROUND_MS = 1_000;
/** Of one round; the rest follows in the next. */
const MOST_HOSTS_A_ROUND = 50;
const RETRY = { firstMs: 2_000, maxMs: 60_000 };
/** Where Mesos knows no such call, or lets nobody make it, all wait. */
const UNABLE = { firstMs: 30_000, maxMs: 600_000 };
/** An agent whose host was deleted is given back within so long, or not at all. */
const ORPHAN_MS = 600_000;

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #once: OnceLog;
  readonly #refused = new Map<HostName, Refusal>();
  /** When an agent was last changed: until the picture is newer, it is not asked again. Monotonic ms. */
  readonly #changedMs = new Map<string, number>();
  /** Agents that were taken and whose record is gone. */
  readonly #orphans = new Map<string, number>();
  readonly #unable = new Backoff(UNABLE);
  /** Hosts of the last round for which something is to be done. */
  #waiting = 0;
  #unableUntilMs = Number.NEGATIVE_INFINITY;
  #unableReason: string | undefined;
  #nextMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  readonly #end = new AbortController();
  #stopped = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
  }

  /** Hosts for which Mesos refused what is to be done; all that wait, where it takes no such call at all. */
  get refusals(): number {
    return this.#unableReason === undefined ? this.#refused.size : Math.max(this.#refused.size, this.#waiting);
  }

  /** Agents that were changed since the model of the cluster was last complete. */
  get changesInDoubt(): number {
    return this.#changedMs.size;
  }

  /** Follows the time; to be called about once a second. */
  tick(): void {
    const nowMs = this.#options.clock.monoMs();
    if (this.#running || this.#stopped || nowMs < this.#nextMs || !this.#mayLook()) return;
    this.#nextMs = nowMs + ROUND_MS;
    this.#running = this.round().finally(() => {
      this.#running = undefined;
    });
  }

  /** Ends after the call that is under way. @param deadline when its signal aborts, that call is given up */
  async stop(deadline?: { readonly signal: AbortSignal }): Promise<void> {
    this.#stopped = true;
    deadline?.signal.addEventListener('abort', () => this.#end.abort(), { once: true });
    if (deadline?.signal.aborted) this.#end.abort();
    await this.#running;
  }

  /** A host that is deleted takes its memory along: what was taken for it is given back. */
  changed({ before, after }: ReplicaChange): void {
    if (after) return;
    for (const id of takenOf(before?.record)) this.#orphans.set(id, this.#options.clock.monoMs());
  }

  /** For `why`: how the host stands in Mesos, and what Mesos refused. */
  textOf(host: HostName): string | undefined {
    const { replica, planned } = this.#options;
    const entry = replica.get(host);
    if (!entry) return undefined;
    const word = planned(host);
    const window =
      word === undefined ? undefined : `planned: its machine is in a maintenance window of Mesos (${word})`;
    const plan = this.#planOf(entry);
    const wants = plan.take.length + plan.giveBack.length > 0;
    const refused = this.#refused.get(host)?.reason ?? (wants ? this.#unableReason : undefined);
    const parts = [window, plan.reason, refused].filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : parts.join('; ');
  }

  /** One look at every host, and what follows from it. */
  async round(): Promise<void> {
    const { replica, clock } = this.#options;
    let room = this.#options.limit();
    const due: [ReplicaEntry, Plan][] = [];
    const wanting = new Set<HostName>();
    for (const entry of replica.entries()) {
      const taken = takenOf(entry.record);
      if (taken.length > 0) room--;
      if (entry.broken !== undefined || (entry.on && taken.length === 0)) continue;
      const plan = this.#planOf(entry);
      if (plan.take.length + plan.giveBack.length + plan.forget.length === 0) continue;
      wanting.add(entry.host);
      if (due.length < MOST_HOSTS_A_ROUND && clock.monoMs() >= (this.#refused.get(entry.host)?.againMs ?? 0))
        due.push([entry, plan]);
    }
    this.#waiting = wanting.size;
    for (const host of this.#refused.keys()) if (!wanting.has(host)) this.#refused.delete(host);
    for (const id of this.#changedMs.keys()) this.#isUnseen(id);
    for (const [{ host, record }, plan] of due) {
      if (!this.#mayAct()) return;
      const isNew = plan.take.length > 0 && takenOf(record).length === 0;
      if (isNew && room <= 0) this.#hold(host);
      else if (await this.#carryOut(host, plan)) room -= isNew ? 1 : 0;
    }
    await this.#giveBackOrphans();
  }

  #mayLook(): boolean {
    const { leads, cluster, replica } = this.#options;
    return !this.#stopped && leads() && cluster.stale === undefined && replica.state.kind === 'whole';
  }

  #mayAct(): boolean {
    return this.#mayLook() && this.#options.clock.monoMs() >= this.#unableUntilMs;
  }

  #planOf({ host, record }: ReplicaEntry): Plan {
    const { action, cluster, planned, clock } = this.#options;
    const verdict = mergedVerdict(record ?? emptyRecord, clock.wallMs() / 1000);
    const plan = planFor({
      flag: verdict.decidedBy === 'none' ? 'none' : verdict.flag,
      action,
      planned: planned(host) !== undefined,
      agents: cluster.agentsOf(host),
      taken: takenOf(record),
    });
    return { ...plan, take: plan.take.filter((id) => !this.#isUnseen(id)) };
  }

  /** It was changed after the picture was taken: what the picture says of it is old. */
  #isUnseen(id: string): boolean {
    const changedMs = this.#changedMs.get(id);
    if (changedMs === undefined) return false;
    const { cluster, clock } = this.#options;
    const pictureMs = clock.monoMs() - (cluster.answeredMs ?? Number.POSITIVE_INFINITY);
    if (pictureMs <= changedMs) return true;
    this.#changedMs.delete(id);
    return false;
  }

  #hold(host: HostName): void {
    const limit = this.#options.limit();
    this.#refuse(host, `not taken out of scheduling in Mesos: ${limit} of at most ${limit} hosts are`);
  }

  /** @returns whether something was taken */
  async #carryOut(host: HostName, { take, giveBack, forget }: Plan): Promise<boolean> {
    const { action } = this.#options;
    let reserved = false;
    try {
      if (take.length > 0) {
        // First the memory, then the deed: a crash between them leaves nobody out for ever.
        reserved = await this.#remember(host, take, forget);
        if (!reserved) return false;
        for (const id of take) await this.#change(host, id, action === 'drain' ? 'drain' : 'deactivate');
      }
      const given: string[] = [...forget];
      for (const id of giveBack) if (await this.#giveBack(host, id)) given.push(id);
      if (given.length > 0) await this.#remember(host, [], given);
      if (take.length > 0 || given.length === giveBack.length + forget.length) this.#refused.delete(host);
    } catch (error) {
      this.#failed(host, error);
    }
    return reserved;
  }

  /** Writes down what is taken, and strikes out what is not any more. @returns false where the host is not off any more */
  async #remember(host: HostName, take: readonly string[], drop: readonly string[]): Promise<boolean> {
    const { whitelist, self, clock } = this.#options;
    const nowS = clock.wallMs() / 1000;
    const reason =
      take.length > 0 ? `to be taken out of scheduling in Mesos: ${take.join(', ')}` : 'back in scheduling';
    const edit = (record: HostRecord | undefined): HostRecord => {
      if (!record) throw new SatelliteError('unknown-host', `${host} is not in the inventory`);
      if (take.length > 0 && mergedVerdict(record, nowS).flag !== 'off') return record;
      const before = takenOf(record);
      const after = [...before.filter((id) => !drop.includes(id) && !take.includes(id)), ...take];
      return after.join() === before.join() ? record : withTaken(record, after, nowS);
    };
    const { record } = await whitelist.edit(host, { by: self, as: null, cause: 'bridge', reason }, edit);
    const taken = takenOf(record);
    return take.every((id) => taken.includes(id)) && (take.length === 0 || mergedVerdict(record, nowS).flag === 'off');
  }

  /** @returns whether nothing is left to give back of that agent */
  async #giveBack(host: string, id: string): Promise<boolean> {
    try {
      await this.#change(host, id, 'reactivate');
      return true;
    } catch (error) {
      const said = messageOf(error);
      // Somebody else did it, or Mesos has forgotten the agent; a leader that shows no agent at all knows nothing yet.
      if (said.includes('Agent is not deactivated')) return true;
      if (said.includes('Unknown agent') && this.#options.cluster.agents().size > 0) return true;
      throw error;
    }
  }

  async #change(host: string, id: string, call: BridgeCall): Promise<void> {
    const { counted, log, clock } = this.#options;
    const verb = `${call}_agent`;
    try {
      const call = { type: verb.toUpperCase(), [verb]: { agent_id: { value: id } } };
      await this.#options.call(call, this.#end.signal);
    } catch (error) {
      counted(call, 'refused');
      throw error;
    }
    counted(call, 'done');
    this.#changedMs.set(id, clock.monoMs());
    log.info({ host, agent: id, call }, `Mesos was told to ${call} agent ${id} of ${host}`);
    this.#able();
  }

  #failed(host: HostName, error: unknown): void {
    const text = explained(error);
    if (error instanceof MesosError && isUnable(error)) {
      this.#unableReason = `${unableText(error)}: ${text}`;
      this.#unableUntilMs = this.#options.clock.monoMs() + this.#unable.next();
      this.#once.warn('unable', 'off-action has no effect', { err: this.#unableReason });
      return;
    }
    const unheard = error instanceof MesosError && (error.fault === 'unreachable' || error.fault === 'no-leader');
    const reason = `${unheard ? 'Mesos could not be told' : 'Mesos refused'}: ${text}`;
    this.#refuse(host, reason);
    this.#once.warn(`refused ${host}`, 'agent call failed', { host, err: reason });
  }

  #refuse(host: HostName, reason: string): void {
    const backoff = this.#refused.get(host)?.backoff ?? new Backoff(RETRY);
    this.#refused.set(host, { reason, backoff, againMs: this.#options.clock.monoMs() + backoff.next() });
  }

  #able(): void {
    this.#unable.reset();
    this.#unableReason = undefined;
    this.#once.recovered('unable', 'Mesos takes calls for agents again');
  }

  async #giveBackOrphans(): Promise<void> {
    const { clock, replica } = this.#options;
    for (const [id, sinceMs] of this.#orphans) {
      if (!this.#mayAct()) return;
      const takenAgain = [...replica.entries()].some(({ record }) => takenOf(record).includes(id));
      const late = clock.monoMs() - sinceMs > ORPHAN_MS;
      const done = takenAgain || late || (await this.#giveBack('a deleted host', id).catch(() => false));
      if (done) this.#orphans.delete(id);
    }
  }
}

/** A drain goes to its end, whatever we want now. */
function explained(error: unknown): string {
  const said = messageOf(error);
  return said.includes('still in the DRAINING state')
    ? `${said} (a drain can't be cancelled: reactivated when it is done)`
    : said;
}

/** Not about this agent, but about all: an older Mesos, or credentials that may not. */
function isUnable({ fault, message }: MesosError): boolean {
  return fault === 'absent' || fault === 'refused' || message.includes('Failed to find enum');
}

function unableText({ fault }: MesosError): string {
  return fault === 'refused' ? 'Satellite has no rights for this call' : 'this version of Mesos has no such call';
}
