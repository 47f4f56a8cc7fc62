/** Reads one snapshot of Mesos as it arrives, in any form, and gives the differences to what was sent before. */
import { isObject, listAt, numberAt, textAt } from '../../../shared/mesos/index.ts';
import { type AgentRow, type Change, type FrameworkRow, hasEnded, type TaskRow, taskKey } from '../cluster/index.ts';
import { JsonListSplitter } from './json-list-splitter.ts';
import { agentOfState, frameworkOfState, taskOfState } from './parse-state.ts';
import { agentOfV1, frameworkOfV1, recoveredAgentOfV1, taskOfV1 } from './parse-v1.ts';
import { digestOf, SnapshotDigests } from './snapshot-digests.ts';

/** `pastTask`: Mesos lists as completed also tasks in other states, e.g. on an agent that is gone. */
type Kind = 'agent' | 'task' | 'pastTask' | 'framework' | 'pastFramework';

/** The layout of one kind of answer. */
export interface SnapshotForm {
  /** What each list contains, and how an element is read. */
  readonly lists: Readonly<Record<string, readonly [kind: Kind, read: (value: unknown) => object | undefined]>>;
  readonly unwanted: readonly string[];
  /** What an answer contains completely: what it lacks of these is gone. */
  readonly complete: readonly ('agent' | 'task' | 'framework')[];
  /** Frameworks, which are read from the rest. */
  readonly frameworks?: (rest: unknown) => Iterable<readonly [kind: Kind, row: FrameworkRow]>;
  /** What is wrong with the answer; undefined: nothing. */
  readonly fault: (rest: unknown) => Error | undefined;
}

/** Thrown when a master before 1.0 answers that it does not lead. */
export class FollowerAnswered extends Error {
  /** `host:port` */
  readonly leader: string;

  /** @param pid as in `master@10.0.0.1:5050` */
  constructor(pid: string) {
    super(`it follows ${pid}`);
    this.leader = pid.slice(pid.indexOf('@') + 1);
  }
}

const noName = () => undefined;
const readState = (value: unknown) => taskOfState(value, noName);
const readV1 = (value: unknown) => taskOfV1(value, noName);

export const STATE: SnapshotForm = {
  lists: {
    slaves: ['agent', (value) => agentOfState(value, false)],
    recovered_slaves: ['agent', (value) => agentOfState(value, true)],
    orphan_tasks: ['task', readState],
    'frameworks.tasks': ['task', readState],
    'frameworks.unreachable_tasks': ['task', readState],
    'frameworks.completed_tasks': ['pastTask', readState],
    'completed_frameworks.tasks': ['pastTask', readState],
    'completed_frameworks.completed_tasks': ['pastTask', readState],
  },
  unwanted: [
    'frameworks.executors',
    'frameworks.offers',
    'completed_frameworks.executors',
    'completed_frameworks.offers',
  ],
  complete: ['agent', 'task', 'framework'],
  *frameworks(rest) {
    for (const [list, kind] of [
      ['frameworks', 'framework'],
      ['completed_frameworks', 'pastFramework'],
    ] as const)
      for (const value of listAt(rest, list)) {
        const row = frameworkOfState(value);
        if (row) yield [kind, row];
      }
  },
  fault: (rest) => {
    if (!isObject(rest) || !Array.isArray(rest['slaves'])) return new Error("not a master's state: no list of slaves");
    const leader = textAt(rest, 'leader');
    return leader === undefined || leader === rest['pid'] ? undefined : new FollowerAnswered(leader);
  },
};

export const GET_AGENTS = v1Form('get_agents', ['agent'], { agents: true });
export const GET_FRAMEWORKS = v1Form('get_frameworks', ['framework'], { frameworks: true });
export const SUBSCRIBED = v1Form('subscribed.get_state', ['agent', 'task', 'framework'], {
  agents: 'get_agents',
  frameworks: 'get_frameworks',
  tasks: 'get_tasks',
});

function v1Form(
  root: string,
  complete: SnapshotForm['complete'],
  parts: { readonly agents?: string | true; readonly frameworks?: string | true; readonly tasks?: string },
): SnapshotForm {
  const lists: Record<string, SnapshotForm['lists'][string]> = {};
  const below = (part: string | true, list: string) => (part === true ? `${root}.${list}` : `${root}.${part}.${list}`);
  if (parts.agents) {
    lists[below(parts.agents, 'agents')] = ['agent', agentOfV1];
    lists[below(parts.agents, 'recovered_agents')] = ['agent', recoveredAgentOfV1];
  }
  if (parts.frameworks) {
    lists[below(parts.frameworks, 'frameworks')] = ['framework', frameworkOfV1];
    lists[below(parts.frameworks, 'completed_frameworks')] = ['pastFramework', frameworkOfV1];
  }
  if (parts.tasks) {
    for (const list of ['pending_tasks', 'tasks', 'unreachable_tasks', 'orphan_tasks'])
      lists[below(parts.tasks, list)] = ['task', readV1];
    lists[below(parts.tasks, 'completed_tasks')] = ['pastTask', readV1];
  }
  const type = root.split('.', 1).join('').toUpperCase();
  return {
    lists,
    unwanted: [`${root}.get_executors.executors`],
    complete,
    fault: (rest) => (isObject(rest) && rest['type'] === type ? undefined : new Error(`no ${type}`)),
  };
}

/** What was sent so far, of each kind. */
export class ClusterDigests {
  readonly agent = new SnapshotDigests();
  readonly task = new SnapshotDigests();
  readonly framework = new SnapshotDigests();
  /** Names of the frameworks, past ones too. */
  readonly names = new Map<string, string>();
}

export interface Snapshot {
  readonly changes: readonly Change[];
  /** The answer without its lists. */
  readonly rest: unknown;
  readonly unreachable: number | undefined;
  readonly odd: readonly OddElements[];
}

/** Elements of one list that could not be read, and one of them. */
interface OddElements {
  readonly count: number;
  readonly list: string;
  readonly example: string;
}

export class SnapshotReader {
  readonly #form: SnapshotForm;
  readonly #digests: ClusterDigests;
  readonly #withMaintenance: (row: AgentRow) => AgentRow;
  readonly #slices: JsonListSplitter;
  readonly #agents: AgentRow[] = [];
  readonly #frameworks: FrameworkRow[] = [];
  /** Only those that differ from what was sent. */
  readonly #tasks: TaskRow[] = [];
  readonly #found;
  readonly #odd = new Map<string, OddElements>();

  /** @param withMaintenance adds to an agent what is known of its maintenance */
  constructor(form: SnapshotForm, digests: ClusterDigests, withMaintenance: (row: AgentRow) => AgentRow) {
    this.#form = form;
    this.#digests = digests;
    this.#withMaintenance = withMaintenance;
    this.#found = { agent: digests.agent.begin(), task: digests.task.begin(), framework: digests.framework.begin() };
    this.#slices = new JsonListSplitter({
      wanted: new Set(Object.keys(form.lists)),
      unwanted: new Set(form.unwanted),
      found: (list, element) => this.#readElement(list, element),
    });
  }

  /** @throws Error where it is no JSON, or beyond the limits */
  write(chunk: Buffer): void {
    this.#slices.write(chunk);
  }

  /**
   * Only now do the digests change.
   * @throws Error where it is no JSON, not all of it, or not of this form
   */
  end(): Snapshot {
    const rest = this.#slices.end();
    const fault = this.#form.fault(rest);
    if (fault) throw fault;
    for (const [kind, row] of this.#form.frameworks?.(rest) ?? []) this.#add(kind, row);
    const changes = [...this.#changedFrameworks(), ...this.#changedAgents(), ...this.#changedTasks()];
    for (const kind of this.#form.complete) {
      for (const key of this.#found[kind].gone()) changes.push(goneOf(kind, key));
      this.#digests[kind].settle(this.#found[kind]);
    }
    return { changes, rest, unreachable: numberAt(rest, 'unreachable_slaves'), odd: [...this.#odd.values()] };
  }

  #readElement(list: string, element: Buffer): void {
    const [kind, read] = (Object.hasOwn(this.#form.lists, list) ? this.#form.lists[list] : undefined) ?? [];
    if (kind === undefined || read === undefined) return;
    const isTask = kind === 'task' || kind === 'pastTask';
    const digest = isTask ? digestOf(element) : '';
    if (isTask && this.#found.task.isKnown(digest)) return;
    const row = read(JSON.parse(element.toString('utf8')));
    if (row === undefined) {
      const example = element.toString('utf8', 0, 200);
      this.#odd.set(list, { count: (this.#odd.get(list)?.count ?? 0) + 1, list, example });
    } else this.#add(kind, row, digest);
  }

  #add(kind: Kind, row: object, digest = ''): void {
    switch (kind) {
      case 'agent':
        this.#agents.push(row as AgentRow);
        break;
      case 'framework':
        this.#frameworks.push(row as FrameworkRow);
        break;
      case 'pastFramework':
        this.#digests.names.set((row as FrameworkRow).id, (row as FrameworkRow).name);
        break;
      case 'pastTask':
        if (hasEnded((row as TaskRow).state)) this.#add('task', row, digest);
        break;
      case 'task':
        this.#tasks.push(row as TaskRow);
        this.#found.task.add(taskKey(row as TaskRow), digest);
    }
  }

  *#changedFrameworks(): Iterable<Change> {
    for (const framework of this.#frameworks) {
      this.#digests.names.set(framework.id, framework.name);
      const digest = digestOf(JSON.stringify(framework));
      if (this.#found.framework.isKnown(digest)) continue;
      this.#found.framework.add(framework.id, digest);
      yield { framework };
    }
  }

  *#changedAgents(): Iterable<Change> {
    for (const row of this.#agents) {
      const agent = this.#withMaintenance(row);
      const digest = digestOf(JSON.stringify(agent));
      if (this.#found.agent.isKnown(digest)) continue;
      this.#found.agent.add(agent.id, digest);
      yield { agent };
    }
  }

  *#changedTasks(): Iterable<Change> {
    const { names } = this.#digests;
    for (const task of this.#tasks.sort(byTime))
      yield { task: { ...task, frameworkName: names.get(task.frameworkId) ?? '' } };
  }
}

function goneOf(kind: 'agent' | 'task' | 'framework', key: string): Change {
  if (kind === 'agent') return { goneAgent: key };
  return kind === 'task' ? { goneTask: key } : { goneFramework: key };
}

/** The first to happen is first; a task without a time has just begun. */
function byTime(one: TaskRow, other: TaskRow): number {
  return (one.timeS ?? Number.MAX_VALUE) - (other.timeS ?? Number.MAX_VALUE);
}
