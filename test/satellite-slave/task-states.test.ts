/**
 * The pruning of an agent's state, against what the original's gave. On purpose ours differs: a list that is missing is
 * an empty one (the original threw), and of the agent only what tells which one it is stays.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { minimalTaskState, tasksIn } from '../../satellite-slave/mesos/task-states.ts';

type State = Record<string, unknown>;
interface Case {
  readonly name: string;
  readonly function: string;
  readonly args: readonly [readonly string[], State];
  readonly exception?: string;
  readonly result?: unknown;
}

const { cases } = JSON.parse(readFileSync('test/fixtures/riemann-vectors/slave-relay.json', 'utf8')) as {
  cases: Case[];
};
const pruning = cases.filter((one) => one.function === 'state->minimal-task-state');
const captured = JSON.parse(readFileSync('test/fixtures/mesos-1.12/agent1_state.json', 'utf8')) as State;
const copied = () =>
  structuredClone(captured) as State & { frameworks: [State, { executors: [State & { tasks: [State] }] }] };

const found = (state: State) => new Map(tasksIn(state).map((task) => [task.id, task]));
const digests = (state: State) => Object.fromEntries(tasksIn(state).map(({ id, digest }) => [id, digest]));

describe('as the original pruned', () => {
  test.each(pruning.filter(({ exception }) => exception === undefined))(
    '$name',
    ({ args: [[id = ''], state], result }) => {
      expect(minimalTaskState(id, state) ?? null).toEqual(result ?? null);
    },
  );

  test.each(pruning.filter(({ exception }) => exception !== undefined))('$name, where it threw', ({ args }) => {
    const [[id = ''], state] = args;
    const there = ['t1', 't2'].includes(id);
    expect(minimalTaskState(id, state)?.['frameworks']).toEqual(
      there ? [expect.objectContaining({ id: 'F1' })] : undefined,
    );
  });

  test('the ids', () => {
    const ids = cases.find((one) => one.function === 'get-task-ids') as unknown as { args: [State]; result: string[] };
    expect([...found(ids.args[0]).keys()].sort()).toEqual([...new Set(ids.result)].sort());
  });
});

test('a task in each of the eight ways is found, with its own path alone', () => {
  const lists = ['', 'completed_'].flatMap((f) =>
    ['', 'completed_'].flatMap((e) => ['', 'completed_'].map((t) => [f, e, t])),
  );
  const framework = (f: string) => ({
    id: `${f}F`,
    ...Object.fromEntries(['', 'completed_'].map((e) => [`${e}executors`, [executor(f, e)]])),
  });
  const executor = (f: string, e: string) => ({
    id: `${f}${e}E`,
    ...Object.fromEntries(['', 'completed_'].map((t) => [`${t}tasks`, [{ id: `${f}/${e}/${t}` }]])),
  });
  const state = { frameworks: [framework('')], completed_frameworks: [framework('completed_')] };
  expect([...found(state).keys()].sort()).toEqual(lists.map((path) => path.join('/')).sort());
  const pruned = minimalTaskState('completed_//completed_', state);
  expect(pruned).toEqual({
    frameworks: [],
    completed_frameworks: [
      {
        id: 'completed_F',
        executors: [{ id: 'completed_E', tasks: [], completed_tasks: [{ id: 'completed_//completed_' }] }],
        completed_executors: [],
      },
    ],
  });
});

describe('of a real agent', () => {
  test('every task, of the agent no more than which one it is', () => {
    const tasks = found(captured);
    expect([...tasks.keys()].sort()).toEqual(
      ['badcmd-18', 'finished-1', 'finished-14', 'killme-17', 'killme-5', 'running-a-3', 'web-1-1'].sort(),
    );
    const { id, state } = JSON.parse(tasks.get('killme-5')?.json() ?? '') as { id: string; state: State };
    expect(id).toBe('killme-5');
    expect(Object.keys(state).sort()).toEqual(
      ['attributes', 'completed_frameworks', 'frameworks', 'hostname', 'id', 'pid', 'version'].sort(),
    );
  });

  test('only the task that changed has another digest', () => {
    const before = digests(captured);
    const changed = copied();
    const [task] = changed.frameworks[1].executors[0].tasks;
    task['state'] = 'TASK_FINISHED';
    const after = digests(changed);
    expect(Object.keys(after).filter((id) => after[id] !== before[id])).toEqual([task['id']]);
  });

  test('what other tasks change is no change of this one', () => {
    const changed = copied();
    changed['unreserved_resources_allocated'] = { cpus: 7 };
    changed['flags'] = {};
    changed.frameworks[1].executors[0]['resources'] = { cpus: 9 };
    changed.frameworks[1].executors[0]['queued_tasks'] = [{ id: 'next' }];
    expect(digests(changed)).toEqual(digests(captured));
  });

  test('a task that went from running to completed has another digest though its words are the same', () => {
    const task = { id: 't', state: 'TASK_RUNNING' };
    const digestIn = (list: string) => digests({ frameworks: [{ executors: [{ id: 'e', [list]: [task] }] }] })['t'];
    expect(digestIn('completed_tasks')).not.toBe(digestIn('tasks'));
  });
});

test.each([
  {},
  { frameworks: 7 },
  { frameworks: [null, [], { executors: { a: 1 } }, { executors: [{ tasks: [1, { id: 5 }, { id: '' }] }] }] },
])('what is no task is none: %j', (state) => {
  expect(tasksIn(state)).toEqual([]);
});
