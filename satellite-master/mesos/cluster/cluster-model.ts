/** The picture of the cluster, from what those who ask Mesos tell: one {@link ClusterMessage} at a time. */
import type { Clock } from '../../../shared/clock.ts';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { cutToLength } from '../../../shared/text.ts';
import type { MesosWord } from '../../whitelist/automation/index.ts';
import { HeldAgents } from './agent-table.ts';
import type { Cluster, ClusterAgent, ClusterFramework, ClusterTask, TaskListener } from './cluster.ts';
import { type AgentRow, type Change, type ClusterMessage, type TaskRow, type TaskUpdate, taskKey } from './messages.ts';
import { MesosAgents } from './registrations.ts';
import { Names } from './string-pool.ts';
import { HeldTasks } from './task-table.ts';
import { stillUnreachable } from './unreachable.ts';

export interface ClusterViewOptions {
  /** Of the local mesos-master, for what is logged. */
  readonly url: string;
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** After so many polls without a good answer the picture is stale. */
const STALE_POLLS = 3;
const LEAST_STALE_MS = 3_000;

export class ClusterView implements Cluster {
  readonly #url: string;
  readonly #staleAfterMs: number;
  readonly #clock: Clock;
  readonly #once: OnceLog;
  readonly #words: MesosAgents;
  readonly #agents = new HeldAgents();
  readonly #frameworks = new Map<string, ClusterFramework>();
  readonly #tasks = new HeldTasks();
  readonly #names = new Names();
  readonly #taskListeners: TaskListener[] = [];
  readonly #agentListeners: (() => void)[] = [];
  /** Agents that went out of the answers since the last whole one. */
  readonly #vanished = new Map<string, ClusterAgent>();
  /** Those of them that are kept, as unreachable. */
  readonly #unreachable = new Map<string, ClusterAgent>();
  #agentsChanged = false;
  /** Hosts that have got a second agent since agents were told last. */
  readonly #twins = new Set<HostName>();
  #answeredAtMs: number | undefined;
  #failure: string | undefined;

  constructor({ url, pollIntervalMs, clock, log }: ClusterViewOptions) {
    this.#url = url;
    this.#staleAfterMs = Math.max(STALE_POLLS * pollIntervalMs, LEAST_STALE_MS);
    this.#clock = clock;
    this.#once = new OnceLog(log, clock);
    this.#words = new MesosAgents(clock);
  }

  get answeredMs(): number | undefined {
    return this.#answeredAtMs === undefined ? undefined : this.#clock.monoMs() - this.#answeredAtMs;
  }

  get stale(): string | undefined {
    const ageMs = this.answeredMs;
    if (ageMs !== undefined && ageMs <= this.#staleAfterMs) return undefined;
    const since =
      ageMs === undefined ? 'Mesos has not answered yet' : `no good answer for ${Math.round(ageMs / 1000)} s`;
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

  /** Those in the last answer, and those that ended lately (at most 50,000), which Mesos itself forgets sooner. */
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

  /** What Mesos knows of the host, from the answers of the last ten minutes together (docs/judgement.md, rule 11). */
  wordOf(host: HostName): MesosWord {
    return this.#words.wordOf(host, this.#isThere(host));
  }

  /** Takes the next message of whoever asks Mesos. */
  take(message: ClusterMessage): void {
    switch (message.kind) {
      case 'changes':
        for (const change of message.changes) this.#change(change);
        if (!message.more) this.#tellAgents();
        return;
      case 'answered':
        this.#answered(message.unreachable);
        return;
      case 'failed':
        this.#failure = message.reason;
        this.#once.warn('failed', `Mesos did not tell its cluster: ${message.reason}`);
        return;
      case 'odd':
        this.#once.warn(`odd ${message.what}`, `${this.#url}: ${message.text}`);
    }
  }

  #change(change: Change): void {
    if ('task' in change) this.#putTask(change.task);
    else if ('update' in change) this.#updateTask(change.update);
    else if ('agent' in change) this.#putAgent(change.agent);
    else if ('framework' in change) this.#frameworks.set(change.framework.id, change.framework);
    else if ('goneTask' in change) this.#tasks.gone(change.goneTask, this.#clock.monoMs());
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
    this.#words.came(host);
    if (this.#agents.of(host).length > 1) this.#twins.add(host);
  }

  #dropAgent(id: string): void {
    const agent = this.#agents.all.get(id);
    // An unreachable one is out of the answers already.
    if (!agent || agent.unreachable) return;
    this.#vanished.set(id, agent);
    this.#agents.remove(id);
    this.#agentsChanged = true;
    if (agent.host !== undefined && !this.#isThere(agent.host)) this.#words.left(agent.host);
  }

  #putTask(row: TaskRow): void {
    const before = this.#tasks.get(taskKey(row));
    const same = before?.state === row.state;
    this.#hold(
      {
        ...row,
        name: this.#names.same(row.name),
        frameworkId: this.#names.same(row.frameworkId),
        frameworkName: this.#names.same(row.frameworkName),
        agentId: this.#names.same(row.agentId),
        state: this.#names.same(row.state),
        host: this.#agents.hostOf(row.agentId) ?? before?.host,
        // A running task's status is renewed by its health checks: it has not been running since then only.
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
    const agentId = this.#names.same(update.agentId ?? before?.agentId ?? '');
    this.#hold(
      {
        id,
        name: before?.name ?? id,
        frameworkId: this.#names.same(frameworkId),
        frameworkName: before?.frameworkName ?? this.#frameworks.get(frameworkId)?.name ?? '',
        agentId,
        state: this.#names.same(state),
        host: this.#agents.hostOf(agentId) ?? before?.host,
        timeS: same ? (before.timeS ?? timeS) : timeS,
        startedS: before?.startedS ?? startedS,
        reason: update.reason ?? (same ? before.reason : undefined),
        message: update.message ?? (same ? before.message : undefined),
      },
      before,
    );
  }

  #hold(task: ClusterTask, before: ClusterTask | undefined): void {
    if (before === undefined && this.#tasks.isFull) {
      this.#once.warn('full', `${this.#url}: more tasks live than are followed, the rest is left out`);
      return;
    }
    this.#tasks.put(task);
    if (before?.state === task.state && before.startedS === task.startedS) return;
    for (const listener of this.#taskListeners) listener(task, before);
  }

  #answered(unreachable: number | undefined): void {
    const nowMs = this.#clock.monoMs();
    this.#keepUnreachable(unreachable);
    this.#tasks.tidy(nowMs);
    this.#words.answered();
    this.#answeredAtMs = nowMs;
    this.#failure = undefined;
    this.#once.recovered('failed', `Mesos tells its cluster again: ${this.#agents.all.size} agents`);
    this.#tellAgents();
  }

  /** Mesos counts the unreachable and names none: those that were there, and for which there is a sign, stay. */
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

  #isThere(host: HostName): boolean {
    return this.#agents.isThere(host);
  }

  #reportTwins(): void {
    for (const host of this.#twins) {
      const active = this.#agents.of(host).filter((agent) => agent.active);
      if (active.length < 2) continue;
      const ids = active.map(({ id, pid }) => `${id} at ${pid ?? 'an unknown address'}`).sort();
      this.#once.warn(`twins ${host}`, 'several active agents with one host name', {
        url: this.#url,
        host,
        agents: ids,
      });
    }
    this.#twins.clear();
  }

  #tellAgents(): void {
    if (!this.#agentsChanged) return;
    this.#agentsChanged = false;
    this.#reportTwins();
    for (const listener of this.#agentListeners) listener();
  }
}

function isSame(one: ClusterAgent, other: ClusterAgent | undefined): boolean {
  return other !== undefined && (Object.keys(one) as (keyof ClusterAgent)[]).every((key) => one[key] === other[key]);
}
