/**
 * The cluster itself, whichever master leads: what is registered, and how it changes. Time and launches come from
 * life.ts, questions from the masters. Deterministic by its seed.
 */
import type { Clock } from '../../shared/clock.ts';
import {
  type Agent,
  type Application,
  type Framework,
  isTerminal,
  type Status,
  type Task,
  type TaskState,
  type WorldEvent,
} from './model.ts';
import { Random } from './random.ts';

export interface WorldOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly agents: number;
  /** The hostname of an agent by its number, from 0. */
  readonly nameOf: (index: number) => string;
  readonly applications: readonly Application[];
}

const MAX_COMPLETED_OF_AGENT = 150;
const MAX_COMPLETED_OF_FRAMEWORK = 1_000;

/** Since the leader was elected: a new one counts from 0. */
export type Counter =
  | 'tasks_finished'
  | 'tasks_failed'
  | 'tasks_killed'
  | 'tasks_lost'
  | 'tasks_gone_by_operator'
  | 'slave_registrations'
  | 'slave_reregistrations'
  | 'slave_removals'
  | 'messages_launch_tasks'
  | 'messages_status_update';

export class World {
  readonly clock: Clock;
  readonly random: Random;
  /** By host name; a second registration of one name lies under `name#2`. */
  readonly agents = new Map<string, Agent>();
  readonly byId = new Map<string, Agent>();
  readonly frameworks = new Map<string, Framework>();
  readonly applications: Application[];
  readonly #listeners = new Set<(event: WorldEvent) => void>();
  readonly #counters = new Map<Counter, number>();
  readonly #idPrefix: string;
  #agentIds = 0;
  #taskIds = 0;

  constructor({ clock, seed, agents, nameOf, applications }: WorldOptions) {
    this.clock = clock;
    this.random = new Random(seed);
    this.#idPrefix = this.random.uuid();
    this.applications = applications.map((application) => ({ ...application }));
    for (const { framework } of this.applications) if (!this.frameworks.has(framework)) this.#addFramework(framework);
    for (let index = 0; index < agents; index++) this.addAgent(nameOf(index), index);
  }

  get nowS(): number {
    return this.clock.wallMs() / 1000;
  }

  /** @throws when there is no such host: a mistake in the scenario */
  agent(hostname: string): Agent {
    const agent = this.agents.get(hostname);
    if (!agent) throw new Error(`the simulated cluster has no agent ${hostname}`);
    return agent;
  }

  /** @throws when there is no such application: a mistake in the scenario */
  application(name: string): Application {
    const application = this.applications.find((known) => known.name === name);
    if (!application) throw new Error(`the simulated cluster has no application ${name}`);
    return application;
  }

  /** @returns a function that ends it */
  listen(listener: (event: WorldEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  counter(name: Counter): number {
    return this.#counters.get(name) ?? 0;
  }

  count(name: Counter): void {
    this.#counters.set(name, this.counter(name) + 1);
  }

  /** A new leader begins to count. Its agents register again with it. */
  led(): void {
    this.#counters.clear();
    for (const agent of this.agents.values()) {
      if (agent.state !== 'active') continue;
      agent.reregisteredS = this.nowS;
      this.count('slave_reregistrations');
    }
  }

  addAgent(hostname: string, index = this.agents.size): Agent {
    const key = this.agents.has(hostname) ? `${hostname}#${index}` : hostname;
    const agent: Agent = {
      id: this.#nextAgentId(),
      hostname,
      ip: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
      port: 5051,
      cpus: 16,
      mem: 65_536,
      disk: 1_000_000,
      rack: `r${Math.floor(index / 40)}`,
      state: 'active',
      deactivated: false,
      drain: undefined,
      registeredS: this.nowS,
      reregisteredS: undefined,
      usedCpus: 0,
      usedMem: 0,
      failsWithinMs: undefined,
      tasks: new Set(),
      completed: [],
      counted: { finished: 0, failed: 0, killed: 0, lost: 0, launchErrors: 0 },
    };
    this.agents.set(key, agent);
    this.byId.set(agent.id, agent);
    this.count('slave_registrations');
    this.#emit({ kind: 'agent-added', agent });
    return agent;
  }

  /** Its connection breaks: at first only that. */
  disconnect(agent: Agent): void {
    if (agent.state === 'active') agent.state = 'disconnected';
  }

  /** It missed its pings: out of the lists, its tasks unreachable. */
  lose(agent: Agent): void {
    if (agent.state === 'unreachable') return;
    agent.state = 'unreachable';
    this.count('slave_removals');
    for (const task of agent.tasks) this.update(task, 'TASK_UNREACHABLE');
    this.#emit({ kind: 'agent-removed', agentId: agent.id });
  }

  /** It becomes a black hole: what runs there fails, and so does whatever it is given, within so many ms. */
  breakDown(agent: Agent, failsWithinMs: number): void {
    agent.failsWithinMs = failsWithinMs;
    for (const task of [...agent.tasks]) this.end(task, 'TASK_FAILED', { message: 'Input/output error' });
  }

  /** An operator marked it gone, or its machine is down for maintenance. */
  remove(agent: Agent, state: 'gone' | 'down'): void {
    agent.state = state;
    this.count('slave_removals');
    for (const task of [...agent.tasks]) this.end(task, state === 'gone' ? 'TASK_GONE_BY_OPERATOR' : 'TASK_LOST');
    this.#emit({ kind: 'agent-removed', agentId: agent.id });
  }

  /** It comes back as what it was. */
  reconnect(agent: Agent): void {
    const listed = agent.state === 'disconnected';
    agent.state = 'active';
    agent.reregisteredS = this.nowS;
    this.count('slave_reregistrations');
    for (const task of agent.tasks) if (task.state === 'TASK_UNREACHABLE') this.update(task, 'TASK_RUNNING');
    if (!listed) this.#emit({ kind: 'agent-added', agent });
  }

  /** It comes back with a new id, as after a reboot or a change of its resources; Mesos then knows nothing of before. */
  reregister(agent: Agent): void {
    for (const task of [...agent.tasks]) this.end(task, 'TASK_LOST');
    this.byId.delete(agent.id);
    this.#emit({ kind: 'agent-removed', agentId: agent.id });
    agent.id = this.#nextAgentId();
    this.byId.set(agent.id, agent);
    Object.assign(agent, {
      state: 'active',
      deactivated: false,
      drain: undefined,
      registeredS: this.nowS,
      reregisteredS: undefined,
    } satisfies Partial<Agent>);
    this.count('slave_registrations');
    this.#emit({ kind: 'agent-added', agent });
  }

  launch(application: Application, agent: Agent): Task | undefined {
    const framework = [...this.frameworks.values()].find(({ name }) => name === application.framework);
    if (!framework) return undefined;
    const number = ++this.#taskIds;
    const task: Task = {
      id: `${application.name}-${number}`,
      name: `${application.name}-${number}`,
      application,
      framework,
      agent,
      agentId: agent.id,
      containerId: this.random.uuid(),
      cpus: application.cpus ?? 0.1,
      mem: application.mem ?? 32,
      state: 'TASK_STAGING',
      statuses: [],
    };
    agent.tasks.add(task);
    agent.usedCpus += task.cpus;
    agent.usedMem += task.mem;
    framework.tasks.add(task);
    this.count('messages_launch_tasks');
    this.#emit({ kind: 'task-added', task });
    return task;
  }

  update(task: Task, state: TaskState, why: { readonly message?: string; readonly reason?: string } = {}): void {
    const status: Status = { state, timeS: this.nowS, ...why };
    task.state = state;
    task.statuses.push(status);
    this.count('messages_status_update');
    this.#emit({ kind: 'task-updated', task, status });
  }

  end(task: Task, state: TaskState, why: { readonly message?: string; readonly reason?: string } = {}): void {
    if (isTerminal(task.state)) return;
    const { agent, framework } = task;
    this.update(task, state, why);
    agent.tasks.delete(task);
    agent.usedCpus = agent.tasks.size === 0 ? 0 : agent.usedCpus - task.cpus;
    agent.usedMem -= task.mem;
    framework.tasks.delete(task);
    keep(agent.completed, task, MAX_COMPLETED_OF_AGENT);
    keep(framework.completed, task, MAX_COMPLETED_OF_FRAMEWORK);
    this.#countEnd(agent, state);
  }

  #countEnd({ counted }: Agent, state: TaskState): void {
    if (state === 'TASK_FINISHED') {
      counted.finished++;
      this.count('tasks_finished');
    } else if (state === 'TASK_FAILED') {
      counted.failed++;
      this.count('tasks_failed');
    } else if (state === 'TASK_KILLED') {
      counted.killed++;
      this.count('tasks_killed');
    } else if (state === 'TASK_LOST') {
      counted.lost++;
      this.count('tasks_lost');
    } else this.count('tasks_gone_by_operator');
  }

  #addFramework(name: string): void {
    const id = `${this.#idPrefix}-${String(this.frameworks.size).padStart(4, '0')}`;
    const registeredS = this.nowS;
    this.frameworks.set(id, {
      id,
      name,
      role: '*',
      hostname: `${name}.sim.test`,
      registeredS,
      active: true,
      tasks: new Set(),
      completed: [],
    });
  }

  #nextAgentId(): string {
    return `${this.#idPrefix}-S${this.#agentIds++}`;
  }

  #emit(event: WorldEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** Drops the oldest in batches, so that a full list costs nothing at each end of a task. */
function keep(list: Task[], task: Task, most: number): void {
  list.push(task);
  if (list.length > most + 100) list.splice(0, list.length - most);
}
