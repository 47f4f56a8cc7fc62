/** A file that somebody captured from a Mesos, whatever its version: the tasks in it with what became of them when. */
import { isObject, type JsonObject, listAt, member, numberAt, textAt } from '../../shared/mesos/index.ts';

export interface CapturedStatus {
  readonly state: string;
  /** Unix seconds. */
  readonly timeS: number;
  readonly reason: string | undefined;
}

export interface CapturedTask {
  readonly id: string;
  readonly name: string;
  readonly frameworkId: string;
  readonly frameworkName: string;
  /** The hostname of its agent; where the agent is in no list, `agent ID`. */
  readonly host: string;
  readonly state: string;
  /** In the order of their time; those without a time are left out. */
  readonly statuses: readonly CapturedStatus[];
}

export interface Captured {
  readonly tasks: readonly CapturedTask[];
  /** Tasks without any time. */
  readonly timeless: number;
}

const TASK_LISTS = ['tasks', 'completed_tasks', 'unreachable_tasks', 'queued_tasks', 'orphan_tasks', 'pending_tasks'];
const EXECUTOR_LISTS = ['executors', 'completed_executors'];
const FRAMEWORK_LISTS = ['frameworks', 'completed_frameworks'];
const AGENT_LISTS = [
  'slaves',
  'recovered_slaves',
  'completed_slaves',
  'unreachable_slaves',
  'agents',
  'recovered_agents',
];

/** The last second that a Date can hold; beyond it, minutes could not even be counted. */
const LATEST_S = 8.64e12;

/** Thrown where a file is no captured Mesos state; its message says what it is instead. */
export class NoStateError extends Error {
  override readonly name = 'NoStateError';
}

/**
 * @param text `/state` of a master or an agent, an answer to GET_STATE, or a stream of SUBSCRIBE events
 * @throws NoStateError
 */
export function tasksOfCaptured(text: string): Captured {
  const bodies = bodiesOf(text);
  const known = new Known();
  for (const body of bodies) known.learn(body);
  if (!known.isState) throw new NoStateError('no Mesos state: nothing in it has "frameworks" with tasks');
  return known.captured();
}

function bodiesOf(text: string): readonly JsonObject[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const events = objectsIn(text);
    if (events.length === 0) throw new NoStateError(`not JSON: ${error instanceof Error ? error.message : error}`);
    return events;
  }
  const bodies = (Array.isArray(value) ? (value as unknown[]) : [value]).filter(isObject);
  if (bodies.length === 0) throw new NoStateError('no JSON object, so no Mesos state');
  return bodies;
}

/** Whole JSON objects that follow one another, as events do; lengths between them (RecordIO) are passed over. */
function objectsIn(text: string): JsonObject[] {
  const objects: JsonObject[] = [];
  let depth = 0;
  let begin = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === '{' && depth++ === 0) begin = index;
    if (token !== '}' || --depth !== 0) continue;
    try {
      const value: unknown = JSON.parse(text.slice(begin, index + 1));
      if (isObject(value)) objects.push(value);
    } catch {
      return objects;
    }
  }
  return objects;
}

interface RawTask {
  readonly task: JsonObject;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly statuses: unknown[];
}

/** What the bodies hold so far: agents and frameworks may come after the tasks that name them. */
class Known {
  readonly #tasks = new Map<string, RawTask>();
  readonly #frameworkNames = new Map<string, string>();
  /** Hostnames by agent id. */
  readonly #hostnames = new Map<string, string>();
  /** Hostnames of the agents at an address. */
  readonly #atAddress = new Map<string, Set<string>>();
  isState = false;

  learn(body: JsonObject): void {
    const type = textAt(body, 'type')?.toLowerCase() ?? '';
    const inner = member(body, type);
    if (isObject(inner)) this.#learnEvent(type, inner);
    else this.#learnState(body);
  }

  captured(): Captured {
    const tasks = [...this.#tasks.values()].map((raw) => this.#task(raw));
    return {
      tasks: tasks.filter(({ statuses }) => statuses.length > 0),
      timeless: tasks.filter(({ statuses }) => statuses.length === 0).length,
    };
  }

  #learnState(body: JsonObject): void {
    if (!FRAMEWORK_LISTS.some((list) => Array.isArray(body[list]))) return;
    this.isState = true;
    for (const list of AGENT_LISTS) for (const agent of listAt(body, list)) this.#learnAgent(agent);
    // An agent's own state: its id and hostname are those of the body.
    if (!Array.isArray(body['slaves'])) this.#learnAgent(body);
    for (const list of FRAMEWORK_LISTS) for (const framework of listAt(body, list)) this.#learnFramework(framework);
    for (const task of listAt(body, 'orphan_tasks')) this.#learnTask(task, undefined);
  }

  #learnEvent(type: string, inner: JsonObject): void {
    const state =
      type === 'get_state' ? inner : type === 'get_tasks' ? { get_tasks: inner } : member(inner, 'get_state');
    if (isObject(state)) {
      this.isState = true;
      for (const list of AGENT_LISTS) for (const agent of listAt(state, 'get_agents', list)) this.#learnAgent(agent);
      for (const list of FRAMEWORK_LISTS)
        for (const framework of listAt(state, 'get_frameworks', list)) this.#learnFramework(framework);
      for (const list of TASK_LISTS)
        for (const task of listAt(state, 'get_tasks', list)) this.#learnTask(task, undefined);
    }
    if (type === 'agent_added') this.#learnAgent(member(inner, 'agent'));
    if (type === 'framework_added') this.#learnFramework(member(inner, 'framework'));
    if (type === 'task_added') this.#learnTask(member(inner, 'task'), undefined);
    if (type === 'task_updated') this.#learnUpdate(inner);
    this.isState ||= ['task_added', 'task_updated'].includes(type);
  }

  #learnAgent(agent: unknown): void {
    const info = member(agent, 'agent_info') ?? agent;
    const id = idAt(info, 'id');
    const hostname = textAt(info, 'hostname');
    if (id === undefined || hostname === undefined) return;
    this.#hostnames.set(id, hostname);
    const address = /@\[?([^@]+?)\]?:\d+$/.exec(textAt(agent, 'pid') ?? '')?.[1];
    if (address === undefined) return;
    this.#atAddress.set(address, (this.#atAddress.get(address) ?? new Set()).add(hostname));
  }

  #learnFramework(framework: unknown): void {
    const info = member(framework, 'framework_info') ?? framework;
    const id = idAt(info, 'id');
    const name = textAt(info, 'name');
    if (id !== undefined && name !== undefined) this.#frameworkNames.set(id, name);
    for (const list of TASK_LISTS) for (const task of listAt(framework, list)) this.#learnTask(task, id);
    for (const executors of EXECUTOR_LISTS)
      for (const executor of listAt(framework, executors))
        for (const list of TASK_LISTS) for (const task of listAt(executor, list)) this.#learnTask(task, id);
  }

  #learnTask(task: unknown, framework: string | undefined): void {
    const id = idAt(task, 'id') ?? idAt(task, 'task_id');
    if (!isObject(task) || id === undefined) return;
    const frameworkId = idAt(task, 'framework_id') ?? framework ?? '';
    const agentId = idAt(task, 'slave_id') ?? idAt(task, 'agent_id') ?? '';
    // An id may be used again after its task ended: those are two tasks.
    const first = numberAt(listAt(task, 'statuses')[0], 'timestamp') ?? '';
    const known = this.#tasks.get(`${frameworkId} ${id}`);
    const key =
      known && known.statuses.length > 0 && firstTimeOf(known) !== first
        ? `${frameworkId} ${id} ${first}`
        : `${frameworkId} ${id}`;
    this.#tasks.set(key, { task, frameworkId, agentId, statuses: [...listAt(task, 'statuses')] });
  }

  #learnUpdate(update: JsonObject): void {
    const status = member(update, 'status');
    const known = this.#tasks.get(`${idAt(update, 'framework_id') ?? ''} ${idAt(status, 'task_id') ?? ''}`);
    if (!known || !isObject(status)) return;
    known.statuses.push(status);
    const state = textAt(update, 'state') ?? textAt(status, 'state');
    this.#tasks.set(`${known.frameworkId} ${idAt(status, 'task_id')}`, { ...known, task: { ...known.task, state } });
  }

  #task({ task, frameworkId, agentId, statuses }: RawTask): CapturedTask {
    const id = idAt(task, 'id') ?? idAt(task, 'task_id') ?? '';
    const timed = statuses.flatMap((status) => {
      const state = textAt(status, 'state');
      const timeS = numberAt(status, 'timestamp');
      return state === undefined || timeS === undefined || timeS <= 0 || timeS > LATEST_S
        ? []
        : [{ state, timeS, reason: textAt(status, 'reason') }];
    });
    timed.sort((a, b) => a.timeS - b.timeS);
    return {
      id,
      name: textAt(task, 'name') ?? '',
      frameworkId,
      frameworkName: this.#frameworkNames.get(frameworkId) ?? '',
      host: this.#hostOf(agentId),
      state: textAt(task, 'state') ?? timed.at(-1)?.state ?? '',
      statuses: timed,
    };
  }

  /** An agent that registered again has another id: its former tasks have the address that it still has. */
  #hostOf(agentId: string): string {
    const hostname = this.#hostnames.get(agentId);
    if (hostname !== undefined) return hostname;
    const [address, more] = this.#addressesOf(agentId);
    const [host, another] = more === undefined ? (this.#atAddress.get(address ?? '') ?? []) : [];
    return host !== undefined && another === undefined ? host : `agent ${agentId || 'unknown'}`;
  }

  /** Addresses of the containers of an agent, at most two: with more than one they are not the agent's own. */
  #addressesOf(agentId: string): readonly string[] {
    this.#addresses ??= this.#readAddresses();
    return [...(this.#addresses.get(agentId) ?? [])];
  }

  #addresses: Map<string, Set<string>> | undefined;

  #readAddresses(): Map<string, Set<string>> {
    const addresses = new Map<string, Set<string>>();
    for (const { agentId, statuses } of this.#tasks.values()) {
      const ofAgent = addresses.get(agentId) ?? new Set<string>();
      addresses.set(agentId, ofAgent);
      for (const status of statuses)
        for (const network of listAt(status, 'container_status', 'network_infos')) {
          const address = textAt(network, 'ip_address') ?? textAt(listAt(network, 'ip_addresses')[0], 'ip_address');
          if (address !== undefined) ofAgent.add(address);
        }
    }
    return addresses;
  }
}

function firstTimeOf({ statuses }: RawTask): number | '' {
  return numberAt(statuses[0], 'timestamp') ?? '';
}

/** As text, or as `{value}` in the v1 API. */
function idAt(value: unknown, key: string): string | undefined {
  return textAt(value, key) ?? textAt(value, key, 'value');
}
