/**
 * The state of an agent, pruned to one of its tasks: the path framework, executor, task, and nothing else. Pure; it
 * relies on no key, as the state comes from any version of Mesos since 0.2x.
 */
import { createHash } from 'node:crypto';
import { isObject, type JsonObject as Json, listAt } from '../../shared/mesos/index.ts';
import type { FoundTask } from '../uplink/index.ts';
import { type StatusesOfTasks, withStatuses } from './task-statuses.ts';

const FRAMEWORKS = ['frameworks', 'completed_frameworks'] as const;
const EXECUTORS = ['executors', 'completed_executors'] as const;
const TASKS = ['tasks', 'completed_tasks'] as const;

/**
 * Of the agent itself only what identifies it. The rest is some kilobytes for each task, and a part of it (what is
 * allocated) changes with every other task.
 */
const AGENT_KEYS = ['id', 'hostname', 'pid', 'version', 'attributes'];
/** Changes with the other tasks of the executor: no reason to send this one again. */
const NOT_IN_DIGEST = 'resources';

/** One of the eight ways in which a task can lie in the state. */
interface Place {
  readonly frameworkList: (typeof FRAMEWORKS)[number];
  readonly framework: Json;
  readonly executorList: (typeof EXECUTORS)[number];
  readonly executor: Json;
  readonly taskList: (typeof TASKS)[number];
  readonly task: Json;
}

const NO_DETAILS: StatusesOfTasks = new Map();

/**
 * Every task in the agent's state once, although its id may be in several places.
 * @param details message, reason and source of statuses, which the state does not have
 */
export function tasksIn(state: Json, details = NO_DETAILS): FoundTask[] {
  const digestOf = digester(state);
  return Array.from(placesIn(state, details), ([id, places]) => ({
    id,
    digest: digestOf(places),
    json: () => JSON.stringify({ id, state: prunedTo(id, places, state) }),
  }));
}

/**
 * The state with nothing in it but the path to this task, as the original's `state->minimal-task-state` has it:
 * all lists are there, empty ones too. undefined: the state has no such task.
 */
export function minimalTaskState(id: string, state: Json): Json | undefined {
  const places = placesIn(state, NO_DETAILS).get(id);
  return places && prunedTo(id, places, state);
}

function placesIn(state: Json, details: StatusesOfTasks): Map<string, Place[]> {
  const byId = new Map<string, Place[]>();
  for (const frameworkList of FRAMEWORKS)
    for (const framework of objectsIn(state, frameworkList))
      for (const executorList of EXECUTORS)
        for (const executor of objectsIn(framework, executorList))
          for (const taskList of TASKS)
            for (const found of objectsIn(executor, taskList)) {
              const { id } = found;
              if (typeof id !== 'string' || id === '') continue;
              const task = withStatuses(found, String(framework['id']), details);
              const place = { frameworkList, framework, executorList, executor, taskList, task };
              const places = byId.get(id);
              if (places) places.push(place);
              else byId.set(id, [place]);
            }
  return byId;
}

function prunedTo(id: string, places: readonly Place[], state: Json): Json {
  const frameworks = new Map<Json, { executors: Json[]; completed_executors: Json[] }>();
  const executors = new Map<Json, { tasks: Json[]; completed_tasks: Json[] }>();
  const pruned = { ...agentOf(state), frameworks: [] as Json[], completed_frameworks: [] as Json[] };
  for (const { frameworkList, framework, executorList, executor, taskList, task } of places) {
    let inFramework = frameworks.get(framework);
    if (!inFramework) {
      inFramework = { executors: [], completed_executors: [] };
      frameworks.set(framework, inFramework);
      pruned[frameworkList].push({ ...framework, ...inFramework });
    }
    let inExecutor = executors.get(executor);
    if (!inExecutor) {
      inExecutor = { tasks: [], completed_tasks: [] };
      executors.set(executor, inExecutor);
      inFramework[executorList].push({ ...executor, ...inExecutor, ...queuedIn(executor, id) });
    }
    inExecutor[taskList].push(task);
  }
  return pruned;
}

/** The executor's other queued tasks have their own entry when they run. */
function queuedIn(executor: Json, id: string): Json {
  if (!Array.isArray(executor['queued_tasks'])) return {};
  return { queued_tasks: objectsIn(executor, 'queued_tasks').filter((task) => task['id'] === id) };
}

/** Framework and executor are turned into text once for all of their tasks. */
function digester(state: Json): (places: readonly Place[]) => string {
  const agent = JSON.stringify(agentOf(state));
  const heads = new Map<Json, string>();
  const headOf = (owner: Json, left: readonly string[]) => {
    let head = heads.get(owner);
    if (head === undefined) {
      head = JSON.stringify(owner, (key, value: unknown) => (left.includes(key) ? undefined : value));
      heads.set(owner, head);
    }
    return head;
  };
  return (places) => {
    const hash = createHash('sha256').update(agent);
    for (const { frameworkList, framework, executorList, executor, taskList, task } of places)
      hash
        .update(`${frameworkList} ${executorList} ${taskList}`)
        .update(headOf(framework, EXECUTORS))
        .update(headOf(executor, [...TASKS, 'queued_tasks', NOT_IN_DIGEST]))
        .update(JSON.stringify(task));
    return hash.digest('base64url');
  };
}

function agentOf(state: Json): Json {
  return Object.fromEntries(AGENT_KEYS.filter((key) => key in state).map((key) => [key, state[key]]));
}

function objectsIn(owner: Json, key: string): Json[] {
  return listAt(owner, key).filter(isObject);
}
