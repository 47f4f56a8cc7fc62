/** The model of the cluster. The feed keeps it up to date, one {@link ClusterMessage} at a time. */
import type { Clock } from '../../../shared/clock.ts';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { cutToLength } from '../../../shared/text.ts';
import type { MesosRegistration } from '../../whitelist/automation/index.ts';
import { AgentTable } from './agent-table.ts';
import type { Cluster, ClusterAgent, ClusterFramework, ClusterTask, TaskListener } from './cluster.ts';
import { type AgentRow, type Change, type ClusterMessage, type TaskRow, type TaskUpdate, taskKey } from './messages.ts';
import { Registrations } from './registrations.ts';
import { StringPool } from './string-pool.ts';
import { TaskTable } from './task-table.ts';
import { stillUnreachable } from './unreachable.ts';

export interface ClusterModelOptions {
  /** Of the local mesos-master, for the log. */
  readonly url: string;
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Polls without a good answer after which the model is stale. */
const STALE_POLLS = 3;
const MIN_STALE_MS = 3_000;

export class ClusterModel implements Cluster {
  readonly #url: string;
  readonly #staleAfterMs: number;
  readonly #clock: Clock;
  readonly #once: OnceLog;
  readonly #registrations: Registrations;
  readonly #agents = new AgentTable();
  readonly #frameworks = new Map<string, ClusterFramework>();
  readonly #tasks = new TaskTable();
  readonly #strings = new StringPool();
  readonly #taskListeners: TaskListener[] = [];
  readonly #agentListeners: (() => void)[] = [];
  /** Agents that are missing since the last complete snapshot. */
  readonly #vanished = new Map<string, ClusterAgent>();
  /** Missing agents that are kept as unreachable. */
  readonly #unreachable = new Map<string, ClusterAgent>();
  #agentsChanged = false;
  /** Hosts that got a second agent since the last notification. */
  readonly #duplicates = new Set<HostName>();
  #answeredAtMs: number | undefined;
  #failure: string | undefined;

  constructor({ url, pollIntervalMs, clock, log }: ClusterModelOptions) {
    this.#url = url;
    this.#staleAfterMs = Math.max(STALE_POLLS * pollIntervalMs, MIN_STALE_MS);
    this.#clock = clock;
    this.#once = new OnceLog(log, clock);
    this.#registrations = new Registrations(clock);
  }

  get answeredMs(): number | undefined {
    return this.#answeredAtMs === undefined ? undefined : this.#clock.monoMs() - this.#answeredAtMs;
  }

  get stale(): string | undefined {
    const ageMs = this.answeredMs;
    if (ageMs !== undefined && ageMs <= this.#staleAfterMs) return undefined;
    if (this.#failure === undefined && ageMs === undefined) return 'Mesos has not answered yet';
    const since = ageMs === undefined ? 'no good answer yet' : `no good answer for ${Math.round(ageMs / 1000)} s`;
    return this.#failure === undefined ? since : `${since}: ${this.#failure}`;
  }

  agents(): ReadonlyMap<string, ClusterAgent> {
    return this.#agents.all;
  }

  agentsOf(host: HostName): readonly ClusterAgent[] {
    return this.#agents.of(host);
  }

  frameworks(): ReadonlyMap<string, ClusterFramework> {
    return this.#frameworks;
  }

  /** Tasks in the last snapshot, and those that ended lately (at most 50,000), which Mesos itself forgets sooner. */
  tasks(): IterableIterator<ClusterTask> {
    return this.#tasks.values();
  }

  /** Whether {@link tasks} has it. @param key a {@link taskKey} */
  hasTask(key: string): boolean {
    return this.#tasks.has(key);
  }

  taskCounts(): Readonly<Record<string, number>> {
    return this.#tasks.counts();
  }

  onTask(listener: TaskListener): void {
    this.#taskListeners.push(listener);
  }

  onAgents(listener: () => void): void {
    this.#agentListeners.push(listener);
  }

  /** Whether Mesos knows the host, by the snapshots of the last ten minutes together (docs/judgement.md, rule 11). */
  registrationOf(host: HostName): MesosRegistration {
    return this.#registrations.of(host, this.#agents.isRegistered(host));
  }

  /** Applies the next message of the feed. */
  apply(message: ClusterMessage): void {
    switch (message.kind) {
      case 'changes':
        for (const change of message.changes) this.#applyChange(change);
        if (!message.more) this.#notifyAgents();
        return;
      case 'answered':
        this.#answered(message.unreachable);
        return;
      case 'failed':
        this.#failure = message.reason;
        this.#once.warn('failed', 'the Mesos cluster can not be read', { url: this.#url, err: message.reason });
        return;
      case 'odd':
        this.#once.warn(`odd ${message.what}`, 'unexpected elements in an answer of Mesos', {
          url: this.#url,
          detail: message.text,
        });
    }
  }

  #applyChange(change: Change): void {
    if ('task' in change) this.#putTask(change.task);
    else if ('update' in change) this.#updateTask(change.update);
    else if ('agent' in change) this.#putAgent(change.agent);
    else if ('framework' in change) this.#frameworks.set(change.framework.id, change.framework);
    else if ('goneTask' in change) this.#tasks.markMissing(change.goneTask, this.#clock.monoMs());
    else if ('goneAgent' in change) this.#dropAgent(change.goneAgent);
    else this.#frameworks.delete(change.goneFramework);
  }

  #putAgent(row: AgentRow): void {
    const host = parseHostName(row.hostname);
    if (host === undefined)
      this.#once.warn(`name ${row.id}`, 'agent registered under an invalid host name, it cannot be whitelisted', {
        url: this.#url,
        agent: row.id,
        pid: row.pid,
        hostname: cutToLength(row.hostname, 200),
      });
    const agent = { ...row, host, unreachable: false };
    if (isSame(agent, this.#agents.all.get(row.id))) return;
    this.#dropAgent(row.id);
    this.#vanished.delete(row.id);
    this.#unreachable.delete(row.id);
    this.#agents.put(agent);
    this.#agentsChanged = true;
    if (host === undefined) return;
    this.#registrations.add(host);
    if (this.#agents.of(host).length > 1) this.#duplicates.add(host);
  }

  #dropAgent(id: string): void {
    const agent = this.#agents.all.get(id);
    // An unreachable agent is missing already.
    if (!agent || agent.unreachable) return;
    this.#vanished.set(id, agent);
    this.#agents.remove(id);
    this.#agentsChanged = true;
    if (agent.host !== undefined && !this.#agents.isRegistered(agent.host)) this.#registrations.remove(agent.host);
  }

  #putTask(row: TaskRow): void {
    const before = this.#tasks.get(taskKey(row));
    const same = before?.state === row.state;
    this.#put(
      {
        ...row,
        name: this.#strings.intern(row.name),
        frameworkId: this.#strings.intern(row.frameworkId),
        frameworkName: this.#strings.intern(row.frameworkName),
        agentId: this.#strings.intern(row.agentId),
        state: this.#strings.intern(row.state),
        host: this.#agents.hostOf(row.agentId) ?? before?.host,
        // Health checks renew the status of a running task: its time is not that of the change.
        timeS: same ? (before.timeS ?? row.timeS) : row.timeS,
        startedS: row.startedS ?? before?.startedS,
      },
      before,
    );
  }

  #updateTask(update: TaskUpdate): void {
    const before = this.#tasks.get(taskKey(update));
    const { id, frameworkId, state, timeS, startedS } = update;
    const same = before?.state === state;
    const agentId = this.#strings.intern(update.agentId ?? before?.agentId ?? '');
    this.#put(
      {
        id,
        name: before?.name ?? id,
        frameworkId: this.#strings.intern(frameworkId),
        frameworkName: before?.frameworkName ?? this.#frameworks.get(frameworkId)?.name ?? '',
        agentId,
        state: this.#strings.intern(state),
        host: this.#agents.hostOf(agentId) ?? before?.host,
        timeS: same ? (before.timeS ?? timeS) : timeS,
        startedS: before?.startedS ?? startedS,
        reason: update.reason ?? (same ? before.reason : undefined),
        message: update.message ?? (same ? before.message : undefined),
      },
      before,
    );
  }

  #put(task: ClusterTask, before: ClusterTask | undefined): void {
    if (before === undefined && this.#tasks.isFull) {
      this.#once.warn('full', 'too many live tasks, the others are not followed', { url: this.#url });
      return;
    }
    this.#tasks.put(task);
    if (before?.state === task.state && before.startedS === task.startedS) return;
    for (const listener of this.#taskListeners) listener(task, before);
  }

  #answered(unreachable: number | undefined): void {
    const nowMs = this.#clock.monoMs();
    this.#keepUnreachable(unreachable);
    this.#tasks.forgetMissing(nowMs);
    this.#registrations.completeSnapshot();
    this.#answeredAtMs = nowMs;
    this.#failure = undefined;
    this.#once.recovered('failed', 'the Mesos cluster is read again', { agents: this.#agents.all.size });
    this.#notifyAgents();
  }

  /** Mesos counts the unreachable agents and names none: missing ones for which there is evidence stay. */
  #keepUnreachable(unreachable: number | undefined): void {
    if (this.#vanished.size === 0 && this.#unreachable.size === 0) return;
    const candidates = [...this.#vanished.values(), ...this.#unreachable.values()];
    const keep = stillUnreachable(candidates, unreachable, this.#agents, this.#tasks.unreachableAgents());
    this.#vanished.clear();
    for (const agent of candidates) {
      const kept = keep.has(agent.id);
      if (kept === this.#unreachable.has(agent.id)) continue;
      this.#agentsChanged = true;
      if (kept) {
        const shown = { ...agent, active: false, unreachable: true };
        this.#unreachable.set(agent.id, shown);
        this.#agents.put(shown);
      } else {
        this.#unreachable.delete(agent.id);
        this.#agents.remove(agent.id);
      }
    }
  }

  #logDuplicates(): void {
    for (const host of this.#duplicates) {
      const active = this.#agents.of(host).filter((agent) => agent.active);
      if (active.length < 2) continue;
      const ids = active.map(({ id, pid }) => `${id} at ${pid ?? 'an unknown address'}`).sort();
      this.#once.warn(`duplicate ${host}`, 'several active agents with one host name', {
        url: this.#url,
        host,
        agents: ids,
      });
    }
    this.#duplicates.clear();
  }

  #notifyAgents(): void {
    if (!this.#agentsChanged) return;
    this.#agentsChanged = false;
    this.#logDuplicates();
    for (const listener of this.#agentListeners) listener();
  }
}

function isSame(one: ClusterAgent, other: ClusterAgent | undefined): boolean {
  return other !== undefined && (Object.keys(one) as (keyof ClusterAgent)[]).every((key) => one[key] === other[key]);
}
