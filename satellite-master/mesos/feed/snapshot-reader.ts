/** Reads one whole answer of Mesos as it arrives, in whatever form, and gives the differences to what was told before. */
import { isObject, listAt, numberAt, textAt } from '../../../shared/mesos/index.ts';
import { type AgentRow, type Change, type FrameworkRow, hasEnded, type TaskRow, taskKey } from '../cluster/index.ts';
import { JsonSlices } from './json-list-splitter.ts';
import { agentOfState, frameworkOfState, taskOfState } from './parse-state.ts';
import { agentOfV1, frameworkOfV1, recoveredAgentOfV1, taskOfV1 } from './parse-v1.ts';
import { digestOf, Told } from './snapshot-digests.ts';

/** `pastTask`: Mesos lists as completed also what it lost sight of in another state, e.g. on an agent that is gone. */
type Kind = 'agent' | 'task' | 'pastTask' | 'framework' | 'pastFramework';

/** How one kind of answer is laid out. */
export interface AnswerForm {
  /** What each list holds, and how one of it is read. */
  readonly lists: Readonly<Record<string, readonly [kind: Kind, read: (value: unknown) => object | undefined]>>;
  readonly unwanted: readonly string[];
  /** What an answer tells whole: of that, what is missing in it is gone. */
  readonly tells: readonly ('agent' | 'task' | 'framework')[];
  /** Frameworks that stand beside the lists. */
  readonly frameworks?: (rest: unknown) => Iterable<readonly [kind: Kind, row: FrameworkRow]>;
  /** What is wrong with the rest; undefined: nothing. */
  readonly fault: (rest: unknown) => Error | undefined;
}

/** Thrown for the state of a master that does not lead and says so, as those before 1.0 do. */
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

export const STATE: AnswerForm = {
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
  tells: ['agent', 'task', 'framework'],
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
  tells: AnswerForm['tells'],
  parts: { readonly agents?: string | true; readonly frameworks?: string | true; readonly tasks?: string },
): AnswerForm {
  const lists: Record<string, AnswerForm['lists'][string]> = {};
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
    tells,
    fault: (rest) => (isObject(rest) && rest['type'] === type ? undefined : new Error(`no ${type}`)),
  };
}

/** What was told so far, of each kind. */
export class ToldCluster {
  readonly agent = new Told();
  readonly task = new Told();
  readonly framework = new Told();
  /** Names of the frameworks, past ones too. */
  readonly names = new Map<string, string>();
}

export interface WholeAnswer {
  readonly changes: readonly Change[];
  /** What stands beside the lists. */
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

export class AnswerReader {
  readonly #form: AnswerForm;
  readonly #told: ToldCluster;
  readonly #maintained: (row: AgentRow) => AgentRow;
  readonly #slices: JsonSlices;
  readonly #agents: AgentRow[] = [];
  readonly #frameworks: FrameworkRow[] = [];
  /** Only those that are not as they were told. */
  readonly #tasks: TaskRow[] = [];
  readonly #gathered;
  readonly #odd = new Map<string, OddElements>();

  /** @param maintained an agent with what is known of its maintenance */
  constructor(form: AnswerForm, told: ToldCluster, maintained: (row: AgentRow) => AgentRow) {
    this.#form = form;
    this.#told = told;
    this.#maintained = maintained;
    this.#gathered = { agent: told.agent.gather(), task: told.task.gather(), framework: told.framework.gather() };
    this.#slices = new JsonSlices({
      wanted: new Set(Object.keys(form.lists)),
      unwanted: new Set(form.unwanted),
      found: (list, element) => this.#found(list, element),
    });
  }

  /** @throws Error where it is no JSON, or beyond the limits */
  write(chunk: Buffer): void {
    this.#slices.write(chunk);
  }

  /**
   * Only now does it count as told.
   * @throws Error where it is no JSON, not all of it, or not of this form
   */
  end(): WholeAnswer {
    const rest = this.#slices.end();
    const fault = this.#form.fault(rest);
    if (fault) throw fault;
    for (const [kind, row] of this.#form.frameworks?.(rest) ?? []) this.#take(kind, row);
    const changes = [...this.#changedFrameworks(), ...this.#changedAgents(), ...this.#changedTasks()];
    for (const kind of this.#form.tells) {
      for (const key of this.#gathered[kind].gone()) changes.push(goneOf(kind, key));
      this.#told[kind].settle(this.#gathered[kind]);
    }
    return { changes, rest, unreachable: numberAt(rest, 'unreachable_slaves'), odd: [...this.#odd.values()] };
  }

  #found(list: string, element: Buffer): void {
    const [kind, read] = (Object.hasOwn(this.#form.lists, list) ? this.#form.lists[list] : undefined) ?? [];
    if (kind === undefined || read === undefined) return;
    const isTask = kind === 'task' || kind === 'pastTask';
    const digest = isTask ? digestOf(element) : '';
    if (isTask && this.#gathered.task.isOld(digest)) return;
    const row = read(JSON.parse(element.toString('utf8')));
    if (row === undefined) {
      const example = element.toString('utf8', 0, 200);
      this.#odd.set(list, { count: (this.#odd.get(list)?.count ?? 0) + 1, list, example });
    } else this.#take(kind, row, digest);
  }

  #take(kind: Kind, row: object, digest = ''): void {
    switch (kind) {
      case 'agent':
        this.#agents.push(row as AgentRow);
        break;
      case 'framework':
        this.#frameworks.push(row as FrameworkRow);
        break;
      case 'pastFramework':
        this.#told.names.set((row as FrameworkRow).id, (row as FrameworkRow).name);
        break;
      case 'pastTask':
        if (hasEnded((row as TaskRow).state)) this.#take('task', row, digest);
        break;
      case 'task':
        this.#tasks.push(row as TaskRow);
        this.#gathered.task.add(taskKey(row as TaskRow), digest);
    }
  }

  *#changedFrameworks(): Iterable<Change> {
    for (const framework of this.#frameworks) {
      this.#told.names.set(framework.id, framework.name);
      const digest = digestOf(JSON.stringify(framework));
      if (this.#gathered.framework.isOld(digest)) continue;
      this.#gathered.framework.add(framework.id, digest);
      yield { framework };
    }
  }

  *#changedAgents(): Iterable<Change> {
    for (const row of this.#agents) {
      const agent = this.#maintained(row);
      const digest = digestOf(JSON.stringify(agent));
      if (this.#gathered.agent.isOld(digest)) continue;
      this.#gathered.agent.add(agent.id, digest);
      yield { agent };
    }
  }

  *#changedTasks(): Iterable<Change> {
    const { names } = this.#told;
    for (const task of this.#tasks.sort(byTime))
      yield { task: { ...task, frameworkName: names.get(task.frameworkId) ?? '' } };
  }
}

function goneOf(kind: 'agent' | 'task' | 'framework', key: string): Change {
  if (kind === 'agent') return { goneAgent: key };
  return kind === 'task' ? { goneTask: key } : { goneFramework: key };
}

/** What happened first is told first; what has no time yet has just begun. */
function byTime(one: TaskRow, other: TaskRow): number {
  return (one.timeS ?? Number.MAX_VALUE) - (other.timeS ?? Number.MAX_VALUE);
}
