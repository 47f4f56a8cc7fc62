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
import type { RecordEditor, Replica, ReplicaChange, ReplicaEntry } from '../../whitelist/index.ts';
import { emptyRecord, type HostRecord, mergedVerdict } from '../../whitelist/record/index.ts';
import type { Cluster } from '../cluster/index.ts';
import { agentsTakenOut, type OffAction, type Plan, planFor, withAgentsTakenOut } from './deactivation-plan.ts';
import type { MaintenanceState } from './hosts-in-maintenance.ts';

export type AgentCall = 'deactivate' | 'drain' | 'reactivate';
export type AgentCallOutcome = 'done' | 'refused';

export interface AgentDeactivationOptions {
  /** `off-action`. */
  readonly action: OffAction;
  readonly cluster: Pick<Cluster, 'agents' | 'agentsOf' | 'answeredMs' | 'stale'>;
  /** A call of the v1 operator API. @throws MesosError, also when it is aborted */
  readonly call: (call: JsonObject, abort: AbortSignal) => Promise<unknown>;
  readonly planned: (host: HostName) => MaintenanceState | undefined;
  readonly replica: Replica;
  readonly whitelist: Pick<RecordEditor, 'edit'>;
  /** How many hosts Satellite may have taken out at a time: the guard's limit. */
  readonly limit: () => number;
  readonly leads: () => boolean;
  /** Name of this master, for `changed.by`. */
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counted: (call: AgentCall, outcome: AgentCallOutcome) => void;
}

interface Refusal {
  readonly reason: string;
  readonly backoff: Backoff;
  againMs: number;
}

const ROUND_MS = 1_000;
/** In one round; the rest follows in the next. */
const MAX_HOSTS_A_ROUND = 50;
const RETRY = { firstMs: 2_000, maxMs: 60_000 };
/** Waits for all hosts where Mesos has no such call, or denies it. */
const UNABLE = { firstMs: 30_000, maxMs: 600_000 };
/** An agent whose host was deleted is reactivated within this time, or not at all. */
const ORPHAN_MS = 600_000;

export class AgentDeactivation {
  readonly #options: AgentDeactivationOptions;
  readonly #once: OnceLog;
  readonly #refused = new Map<HostName, Refusal>();
  /** When an agent was last changed, monotonic ms: until the model is newer, nothing is decided on it. */
  readonly #changedMs = new Map<string, number>();
  /** Agents that were taken out of scheduling and whose record was deleted, since when. */
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

  constructor(options: AgentDeactivationOptions) {
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

  /** The record of a deleted host remembers nothing: its agents are reactivated. */
  changed({ before, after }: ReplicaChange): void {
    if (after) return;
    for (const id of agentsTakenOut(before?.record)) this.#orphans.set(id, this.#options.clock.monoMs());
  }

  /** For `why`: the state of the host in Mesos, and what Mesos refused. */
  textOf(host: HostName): string | undefined {
    const { replica, planned } = this.#options;
    const entry = replica.get(host);
    if (!entry) return undefined;
    const state = planned(host);
    const window =
      state === undefined ? undefined : `planned: its machine is in a maintenance window of Mesos (${state})`;
    const plan = this.#planOf(entry);
    const wants = plan.takeOut.length + plan.reactivate.length > 0;
    const refused = this.#refused.get(host)?.reason ?? (wants ? this.#unableReason : undefined);
    const parts = [window, plan.reason, refused].filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : parts.join('; ');
  }

  /** Looks at every host once, and calls Mesos where something is to be done. */
  async round(): Promise<void> {
    const { replica, clock } = this.#options;
    let room = this.#options.limit();
    const due: [ReplicaEntry, Plan][] = [];
    const wanting = new Set<HostName>();
    for (const entry of replica.entries()) {
      const takenOut = agentsTakenOut(entry.record);
      if (takenOut.length > 0) room--;
      if (entry.broken !== undefined || (entry.on && takenOut.length === 0)) continue;
      const plan = this.#planOf(entry);
      if (plan.takeOut.length + plan.reactivate.length + plan.forget.length === 0) continue;
      wanting.add(entry.host);
      if (due.length < MAX_HOSTS_A_ROUND && clock.monoMs() >= (this.#refused.get(entry.host)?.againMs ?? 0))
        due.push([entry, plan]);
    }
    this.#waiting = wanting.size;
    for (const host of this.#refused.keys()) if (!wanting.has(host)) this.#refused.delete(host);
    for (const id of this.#changedMs.keys()) this.#isInDoubt(id);
    for (const [{ host, record }, plan] of due) {
      if (!this.#mayAct()) return;
      const isNew = plan.takeOut.length > 0 && agentsTakenOut(record).length === 0;
      if (isNew && room <= 0) this.#hold(host);
      else if (await this.#carryOut(host, plan)) room -= isNew ? 1 : 0;
    }
    await this.#reactivateOrphans();
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
      takenOut: agentsTakenOut(record),
    });
    return { ...plan, takeOut: plan.takeOut.filter((id) => !this.#isInDoubt(id)) };
  }

  /** It was changed after the model was last complete: what the model says of it is old. */
  #isInDoubt(id: string): boolean {
    const changedMs = this.#changedMs.get(id);
    if (changedMs === undefined) return false;
    const { cluster, clock } = this.#options;
    const completeMs = clock.monoMs() - (cluster.answeredMs ?? Number.POSITIVE_INFINITY);
    if (completeMs <= changedMs) return true;
    this.#changedMs.delete(id);
    return false;
  }

  #hold(host: HostName): void {
    const limit = this.#options.limit();
    this.#refuse(host, `not taken out of scheduling in Mesos: ${limit} of at most ${limit} hosts are`);
  }

  /** @returns whether something was taken out of scheduling */
  async #carryOut(host: HostName, { takeOut, reactivate, forget }: Plan): Promise<boolean> {
    const { action } = this.#options;
    let reserved = false;
    try {
      if (takeOut.length > 0) {
        // Remembered before it is done: a crash in between leaves no agent out for ever.
        reserved = await this.#remember(host, takeOut, forget);
        if (!reserved) return false;
        for (const id of takeOut) await this.#change(host, id, action === 'drain' ? 'drain' : 'deactivate');
      }
      const done: string[] = [...forget];
      for (const id of reactivate) if (await this.#reactivate(host, id)) done.push(id);
      if (done.length > 0) await this.#remember(host, [], done);
      if (takeOut.length > 0 || done.length === reactivate.length + forget.length) this.#refused.delete(host);
    } catch (error) {
      this.#failed(host, error);
    }
    return reserved;
  }

  /** Writes into the record which agents are taken out. @returns false where the host is not off any more */
  async #remember(host: HostName, takeOut: readonly string[], drop: readonly string[]): Promise<boolean> {
    const { whitelist, self, clock } = this.#options;
    const nowS = clock.wallMs() / 1000;
    const reason =
      takeOut.length > 0 ? `to be taken out of scheduling in Mesos: ${takeOut.join(', ')}` : 'back in scheduling';
    const edit = (record: HostRecord | undefined): HostRecord => {
      if (!record) throw new SatelliteError('unknown-host', `${host} is not in the inventory`);
      if (takeOut.length > 0 && mergedVerdict(record, nowS).flag !== 'off') return record;
      const before = agentsTakenOut(record);
      const after = [...before.filter((id) => !drop.includes(id) && !takeOut.includes(id)), ...takeOut];
      return after.join() === before.join() ? record : withAgentsTakenOut(record, after, nowS);
    };
    const { record } = await whitelist.edit(host, { by: self, as: null, cause: 'bridge', reason }, edit);
    const takenOut = agentsTakenOut(record);
    return (
      takeOut.every((id) => takenOut.includes(id)) &&
      (takeOut.length === 0 || mergedVerdict(record, nowS).flag === 'off')
    );
  }

  /** @returns whether nothing is left to be reactivated of that agent */
  async #reactivate(host: string, id: string): Promise<boolean> {
    try {
      await this.#change(host, id, 'reactivate');
      return true;
    } catch (error) {
      const said = messageOf(error);
      // Another did it, or Mesos has forgotten the agent. A leader that shows no agent at all knows nothing yet.
      if (said.includes('Agent is not deactivated')) return true;
      if (said.includes('Unknown agent') && this.#options.cluster.agents().size > 0) return true;
      throw error;
    }
  }

  async #change(host: string, id: string, call: AgentCall): Promise<void> {
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
    log.info({ host, agent: id, call }, 'agent changed in Mesos');
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
    const isUnheard = error instanceof MesosError && (error.fault === 'unreachable' || error.fault === 'no-leader');
    const reason = `${isUnheard ? 'Mesos did not answer' : 'Mesos refused'}: ${text}`;
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

  async #reactivateOrphans(): Promise<void> {
    const { clock, replica } = this.#options;
    for (const [id, sinceMs] of this.#orphans) {
      if (!this.#mayAct()) return;
      const isTakenAgain = [...replica.entries()].some(({ record }) => agentsTakenOut(record).includes(id));
      const isLate = clock.monoMs() - sinceMs > ORPHAN_MS;
      const done = isTakenAgain || isLate || (await this.#reactivate('a deleted host', id).catch(() => false));
      if (done) this.#orphans.delete(id);
    }
  }
}

/** A drain can't be cancelled. */
function explained(error: unknown): string {
  const said = messageOf(error);
  return said.includes('still in the DRAINING state')
    ? `${said} (a drain can't be cancelled: reactivated when it is done)`
    : said;
}

/** Whether the fault concerns all agents: an older version of Mesos, or missing rights. */
function isUnable({ fault, message }: MesosError): boolean {
  return fault === 'absent' || fault === 'refused' || message.includes('Failed to find enum');
}

function unableText({ fault }: MesosError): string {
  return fault === 'refused' ? 'Satellite has no rights for this call' : 'this version of Mesos has no such call';
}
