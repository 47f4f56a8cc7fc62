/** What a simulated cluster consists of: agents, frameworks with applications, tasks. State only, and cheap. */

export interface Drain {
  state: 'DRAINING' | 'DRAINED';
  readonly markGone: boolean;
  readonly startedS: number;
  /** When its tasks are killed, monotonic ms. */
  readonly killMs: number;
}

/** `disconnected`: in the lists, not active. `unreachable`, `gone`, `down`: in no list any more. */
export type AgentState = 'active' | 'disconnected' | 'unreachable' | 'gone' | 'down';

export interface Agent {
  /** Changes when the agent registers again. */
  id: string;
  readonly hostname: string;
  readonly ip: string;
  readonly port: number;
  readonly cpus: number;
  readonly mem: number;
  readonly disk: number;
  readonly rack: string;
  state: AgentState;
  deactivated: boolean;
  drain: Drain | undefined;
  registeredS: number;
  reregisteredS: number | undefined;
  usedCpus: number;
  usedMem: number;
  /** Everything launched here fails after so many ms: a black hole. */
  failsWithinMs: number | undefined;
  readonly tasks: Set<Task>;
  /** LatestQueue last; at most 150, as an agent keeps. */
  readonly completed: Task[];
  readonly counted: Record<'finished' | 'failed' | 'killed' | 'lost' | 'launchErrors', number>;
}

export interface Application {
  readonly name: string;
  /** Of its framework. */
  readonly framework: string;
  /** Batch: so many launches a second. */
  launchesPerSecond?: number;
  /** Service: so many tasks at any time. */
  readonly instances?: number;
  /** How long a task runs, seconds. A service's instances run until they fail. */
  readonly runsS?: readonly [least: number, most: number];
  /** Share of its tasks that fail wherever they run. */
  failShare?: number;
  readonly cpus?: number;
  readonly mem?: number;
}

export interface Framework {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly hostname: string;
  readonly registeredS: number;
  active: boolean;
  readonly tasks: Set<Task>;
  /** LatestQueue last; at most 1,000, as a master keeps. */
  readonly completed: Task[];
}

export interface Status {
  readonly state: TaskState;
  readonly timeS: number;
  readonly message?: string;
  readonly reason?: string;
}

export type TaskState =
  | 'TASK_STAGING'
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_FINISHED'
  | 'TASK_FAILED'
  | 'TASK_KILLED'
  | 'TASK_LOST'
  | 'TASK_UNREACHABLE'
  | 'TASK_GONE_BY_OPERATOR';

export interface Task {
  readonly id: string;
  readonly name: string;
  readonly application: Application;
  readonly framework: Framework;
  readonly agent: Agent;
  /** The agent's id at the launch: it stays the task's. */
  readonly agentId: string;
  readonly containerId: string;
  readonly cpus: number;
  readonly mem: number;
  state: TaskState;
  readonly statuses: Status[];
}

export type WorldEvent =
  | { readonly kind: 'task-added'; readonly task: Task }
  | { readonly kind: 'task-updated'; readonly task: Task; readonly status: Status }
  | { readonly kind: 'agent-added'; readonly agent: Agent }
  | { readonly kind: 'agent-removed'; readonly agentId: string }
  | { readonly kind: 'framework-added' | 'framework-updated' | 'framework-removed'; readonly framework: Framework };

const TERMINAL: ReadonlySet<TaskState> = new Set<TaskState>([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_LOST',
  'TASK_GONE_BY_OPERATOR',
]);

export function isTerminal(state: TaskState): boolean {
  return TERMINAL.has(state);
}

/** Whether the master's lists have it. */
export function isListed(agent: Agent): boolean {
  return agent.state === 'active' || agent.state === 'disconnected';
}

/** Whether the allocator makes offers of it, the whitelist aside. */
export function isOffered(agent: Agent): boolean {
  return agent.state === 'active' && !agent.deactivated;
}
