import { beforeEach, expect, test } from 'vitest';
import type { ClusterTask, TaskListener } from '../../../satellite-master/mesos/cluster/cluster.ts';
import { LostTasks } from '../../../satellite-master/tasks/lost-tasks.ts';
import { readable } from '../../../satellite-master/tasks/readable.ts';
import type { StoredTask } from '../../../satellite-master/tasks/store.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { taskAt } from './samples.ts';

const NOW_S = 1_795_345_000;
let clock: ManualClock;
let kept: Map<string, StoredTask>;
let fault: Error | undefined;
let say: TaskListener;
let lost: LostTasks;

const task = (state: string, timeS: number | undefined, more: Partial<ClusterTask> = {}): ClusterTask => ({
  id: 'web.1',
  name: 'web',
  frameworkId: 'f1',
  frameworkName: 'marathon',
  agentId: 'S1',
  host: undefined,
  state,
  timeS,
  startedS: 5,
  reason: 'REASON_AGENT_REMOVED',
  message: 'Agent alpha.test removed: health check timed out',
  ...more,
});
const shown = () => {
  const stored = kept.get('web.1');
  if (!stored) throw new Error('not stored');
  return readable(stored);
};

beforeEach(() => {
  clock = new ManualClock(NOW_S * 1000);
  fault = undefined;
  kept = new Map([['web.1', { ...taskAt('web.1', 10), storedAtMs: 0 }]]);
  lost = new LostTasks({
    cluster: {
      onTask: (listener) => {
        say = listener;
      },
    },
    store: {
      get: async (id) => {
        if (fault) throw fault;
        return kept.get(id);
      },
      put: async (tasks) => {
        for (const one of tasks) kept.set(one.id, { ...one, storedAtMs: clock.wallMs() });
      },
    },
    clock,
    log: silentLog,
  });
});

test('a task that was lost with its agent is lost in its metadata, with what the Mesos master said', async () => {
  say(task('TASK_LOST', 20), task('TASK_RUNNING', 10));
  await lost.settled();
  expect(shown()).toMatchObject({
    state: 'TASK_LOST',
    ended: 20,
    exit: { reason: 'REASON_AGENT_REMOVED', message: 'Agent alpha.test removed: health check timed out' },
  });
  expect(shown().states.map(({ state, source }) => [state, source])).toEqual([
    ['TASK_RUNNING', null],
    ['TASK_LOST', 'SOURCE_MASTER'],
  ]);
  expect(kept.get('web.1')?.newestS).toBe(20);
});

test('one that was out of reach and is back runs again', async () => {
  say(task('TASK_UNREACHABLE', 20), task('TASK_RUNNING', 10));
  await lost.settled();
  expect(shown()).toMatchObject({ state: 'TASK_UNREACHABLE', ended: null });
  say(task('TASK_RUNNING', 10), task('TASK_UNREACHABLE', 20));
  await lost.settled();
  expect(shown().state).toBe('TASK_RUNNING');
  expect(kept.get('web.1')?.newestS).toBe(NOW_S);
});

test.each<[string, ClusterTask, ClusterTask | undefined]>([
  ['a state of which the agent knows more', task('TASK_FAILED', 20), task('TASK_RUNNING', 10)],
  ['what is older than what the agent said', task('TASK_LOST', 9), undefined],
  ['a task of another framework with the same id', task('TASK_LOST', 20, { frameworkId: 'f2' }), undefined],
  ['a task of which nothing is stored', task('TASK_LOST', 20, { id: 'web.2' }), undefined],
])('%s changes nothing', async (_name, now, before) => {
  const stored = kept.get('web.1');
  say(now, before);
  await lost.settled();
  expect([...kept.values()]).toEqual([stored]);
});

test('while the store is away it waits', async () => {
  fault = new Error('away');
  say(task('TASK_GONE', 20), undefined);
  await lost.settled();
  fault = undefined;
  clock.advance(5_000);
  await lost.settled();
  expect(shown().state).toBe('TASK_GONE');
});
