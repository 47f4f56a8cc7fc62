import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readable } from '../../../satellite-master/tasks/readable.ts';
import { minimalTaskState } from '../../../satellite-slave/mesos/task-states.ts';
import { HOST, type Status, stateOf } from './samples.ts';

const read = (id: string, state: unknown) =>
  readable({ id, host: HOST, newestS: undefined, storedAtMs: 1_500, state: JSON.stringify(state) });
const of = (...statuses: Status[]) => read('web.1', stateOf('web.1', statuses));

test('a task of a real agent', () => {
  const agent = JSON.parse(readFileSync('test/fixtures/mesos-1.12/agent1_state.json', 'utf8')) as Record<
    string,
    unknown
  >;
  const directory = expect.stringMatching(/\/executors\/killme-5\/runs\/c2c61373-374a-4d71-9113-9de99de07e32$/);
  const nothing = { message: null, reason: null, source: null };
  expect(read('killme-5', minimalTaskState('killme-5', agent))).toEqual({
    id: 'killme-5',
    name: 'killme',
    host: 'alpha.test',
    framework: { id: 'f1dc2551-bbf5-45ac-8eaa-6c039bfe9557-0000', name: 'probe' },
    executor: {
      id: 'killme-5',
      name: "Command Executor (Task: killme-5) (Command: sh -c 'sleep 5000')",
      source: 'killme-5',
      container: 'c2c61373-374a-4d71-9113-9de99de07e32',
      directory,
    },
    state: 'TASK_KILLED',
    states: [
      { state: 'TASK_STARTING', time: 1795343465.890214, ...nothing },
      { state: 'TASK_RUNNING', time: 1795343465.896786, ...nothing },
      { state: 'TASK_KILLED', time: 1795343470.495064, ...nothing },
    ],
    started: 1795343465.896786,
    ended: 1795343470.495064,
    exit: null,
    sandbox: directory,
    storedAt: 1.5,
  });
});

describe('how it ended', () => {
  test.each<[string, string | undefined, object]>([
    ['exited with status 1', 'Command exited with status 1', { code: 1, signal: null }],
    ['exited with status 127', 'Command exited with status 127: not found', { code: 127, signal: null }],
    ['a signal', 'Command terminated with signal Killed', { code: null, signal: 'Killed' }],
    ['a signal with a core', 'Command terminated with signal Aborted (core dumped)', { signal: 'Aborted' }],
    ['other words', 'Memory limit exceeded', { code: null, signal: null, message: 'Memory limit exceeded' }],
    ['only a reason', undefined, { message: null, reason: 'REASON_X' }],
  ])('%s', (_what, message, exit) => {
    const last = { state: 'TASK_FAILED', timestamp: 9, reason: 'REASON_X', ...(message ? { message } : {}) };
    expect(of({ state: 'TASK_RUNNING', timestamp: 5 }, last)).toMatchObject({ started: 5, ended: 9, exit });
  });

  test.each(['TASK_RUNNING', 'TASK_STAGING', 'TASK_KILLING', 'TASK_UNREACHABLE'])('%s has not ended', (state) => {
    expect(of({ state, timestamp: 5, message: 'Command exited with status 1' })).toMatchObject({
      state,
      ended: null,
      exit: null,
    });
  });

  test('nothing told is nothing said', () => {
    expect(of({ state: 'TASK_FINISHED', timestamp: 5 })).toMatchObject({ started: null, ended: 5, exit: null });
    expect(of()).toMatchObject({ state: 'TASK_STAGING', states: [], started: null, ended: null });
  });
});

test('states come in the order of their times', () => {
  const times = of({ state: 'TASK_FINISHED', timestamp: 9 }, { state: 'TASK_RUNNING', timestamp: 5 });
  expect(times.states.map(({ time }) => time)).toEqual([5, 9]);
});

test('of an id that was used twice the newer use', () => {
  const older = stateOf('a', [{ state: 'TASK_FAILED', timestamp: 5 }]);
  const newer = stateOf('a', [{ state: 'TASK_RUNNING', timestamp: 8 }], { name: 'again' });
  const both = { ...newer, frameworks: [...(older['frameworks'] as []), ...(newer['frameworks'] as [])] };
  expect(read('a', both)).toMatchObject({ state: 'TASK_RUNNING', name: 'again' });
});

test('what is of another form is as good as not told', () => {
  const task = { id: 'a', name: 7, statuses: [null, 'x', { state: {}, timestamp: '5' }, { state: 'TASK_RUNNING' }] };
  const state = { frameworks: [3, { executors: [{ directory: [], tasks: ['y', task] }] }] };
  expect(read('a', state)).toMatchObject({
    name: null,
    state: 'TASK_RUNNING',
    framework: { id: null, name: null },
    executor: { id: null, directory: null },
    states: [
      { state: null, time: null },
      { state: 'TASK_RUNNING', time: null },
    ],
    started: null,
    sandbox: null,
  });
});
