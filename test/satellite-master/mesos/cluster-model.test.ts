import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ClusterTask } from '../../../satellite-master/mesos/cluster/cluster.ts';
import { ClusterModel } from '../../../satellite-master/mesos/cluster/cluster-model.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { feedState } from './support/feed-snapshot.ts';
import { logLines } from './support/log-lines.ts';

const captured = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}.json`, 'utf8')) as Record<string, unknown>;

const ALPHA = 'alpha.test' as HostName;
const BRAVO = 'bravo.test' as HostName;

function aView() {
  const clock = new ManualClock(1_795_345_000_000);
  const { log, lines } = logLines();
  const view = new ClusterModel({ url: 'http://m:5050', pollIntervalMs: 60_000, clock, log });
  const told: [ClusterTask, ClusterTask | undefined][] = [];
  view.onTask((task, before) => told.push([task, before]));
  let agentsTold = 0;
  view.onAgents(() => agentsTold++);
  return { view, clock, told, lines, agentsTold: () => agentsTold };
}

describe('a captured state', () => {
  test('agents by id and by host', () => {
    const { view } = aView();
    feedState(view, captured('master_state'));
    expect([...view.agents().values()].map(({ host }) => host).sort()).toEqual([ALPHA, BRAVO]);
    expect(view.agentsOf(ALPHA)).toMatchObject([
      { pid: 'slave(1)@127.0.0.1:5051', active: true, deactivated: false, unreachable: false, draining: undefined },
    ]);
  });

  test('tasks with their host, their framework and their times', () => {
    const { view, told } = aView();
    feedState(view, captured('draining_state'));
    const failed = told.map(([task]) => task).find(({ id }) => id === 'failed-2');
    expect(failed).toEqual({
      id: 'failed-2',
      name: 'failed',
      frameworkId: 'f1dc2551-bbf5-45ac-8eaa-6c039bfe9557-0000',
      frameworkName: 'probe',
      agentId: 'f1dc2551-bbf5-45ac-8eaa-6c039bfe9557-S1',
      host: BRAVO,
      state: 'TASK_FAILED',
      timeS: 1795343466.054545,
      startedS: 1795343465.696544,
      reason: undefined,
      message: undefined,
    });
    expect(view.taskCounts()).toMatchObject({ TASK_RUNNING: 2, TASK_FAILED: 1 });
    const times = told.map(([{ timeS }]) => timeS ?? Number.POSITIVE_INFINITY);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('tasks of frameworks that are gone keep the name of theirs', () => {
    const { view, told } = aView();
    feedState(view, captured('draining_state'));
    const demo = told.find(([{ id }]) => id === 'mesos-execute-demo')?.[0];
    expect(demo).toMatchObject({ frameworkName: 'mesos-execute instance', state: 'TASK_FINISHED' });
    expect([...view.frameworks().values()].map(({ name }) => name)).toEqual(['probe']);
  });

  test.each([
    ['draining_state', { draining: 'DRAINING', deactivated: true, active: false }],
    ['drained_state', { draining: 'DRAINED', deactivated: true, active: false }],
    ['deactivated_state', { draining: undefined, deactivated: true, active: false }],
    ['agent2_disconnected_state', { draining: undefined, deactivated: false, active: false }],
  ])('%s shows on the agent', (name, expected) => {
    const { view } = aView();
    feedState(view, captured(name));
    expect(view.agentsOf(BRAVO)).toMatchObject([expected]);
    expect(view.agentsOf(ALPHA)).toMatchObject([{ active: true }]);
  });

  test('an agent that became unreachable stays, as such', () => {
    const { view, agentsTold } = aView();
    feedState(view, captured('agent2_disconnected_state'));
    feedState(view, captured('agent2_unreachable_state'));
    expect(view.agentsOf(BRAVO)).toMatchObject([{ unreachable: true, active: false }]);
    expect(view.taskCounts()).toMatchObject({ TASK_UNREACHABLE: 1 });
    expect(agentsTold()).toBeGreaterThan(1);
    feedState(view, captured('agent2_unreachable_state'));
    expect(view.agentsOf(BRAVO)).toMatchObject([{ unreachable: true }]);
    feedState(view, captured('master_state'));
    expect(view.agentsOf(BRAVO)).toMatchObject([{ unreachable: false, active: true }]);
  });

  test('what is no state of a master is refused', () => {
    const { view } = aView();
    for (const body of [null, [], {}, { slaves: {} }, 'x'])
      expect(() => feedState(view, body)).toThrow('no list of slaves');
    expect(view.answeredMs).toBeUndefined();
  });
});

describe('from answer to answer', () => {
  test('what Mesos lost sight of is not living because it is listed as completed', () => {
    const { view, told } = aView();
    feedState(view, captured('master_state'));
    expect(told.map(([{ id }]) => id)).not.toContain('on-bravo-11');
    expect(JSON.stringify(captured('master_state'))).toContain('on-bravo-11');
  });

  test('the same answer again is no news', () => {
    const { view, told, agentsTold } = aView();
    feedState(view, captured('master_state'));
    const [tasks, agents] = [told.length, agentsTold()];
    feedState(view, captured('master_state'));
    expect([told.length, agentsTold()]).toEqual([tasks, agents]);
  });

  test('a change of state is told with what it was before', () => {
    const { view, told } = aView();
    const state = (word: string) => ({
      slaves: [{ id: 'S0', hostname: 'a1.test' }],
      frameworks: [
        { id: 'F', name: 'f', tasks: [{ id: 't', name: 't', framework_id: 'F', slave_id: 'S0', state: word }] },
      ],
    });
    feedState(view, state('TASK_RUNNING'));
    feedState(view, state('TASK_LOST'));
    expect(told.map(([task, before]) => [before?.state, task.state, task.host])).toEqual([
      [undefined, 'TASK_RUNNING', 'a1.test'],
      ['TASK_RUNNING', 'TASK_LOST', 'a1.test'],
    ]);
  });

  test('a failover that shows nobody for a moment makes no news of the tasks that come back', () => {
    const { view, told, clock } = aView();
    feedState(view, captured('master_state'));
    const before = told.length;
    const counts = view.taskCounts();
    feedState(view, captured('noquorum_ha1_state'));
    expect(view.taskCounts()).not.toHaveProperty('TASK_RUNNING');
    expect(view.agents().size).toBe(0);
    clock.advance(60_000);
    feedState(view, captured('master_state'));
    expect(told).toHaveLength(before);
    expect(view.taskCounts()).toEqual(counts);
  });

  test('tasks that ended are kept when Mesos has forgotten them, and bounded', () => {
    const { view } = aView();
    const ended = (from: number) => ({
      slaves: [],
      frameworks: [],
      completed_frameworks: [
        {
          id: 'F',
          completed_tasks: Array.from({ length: 30_000 }, (_, i) => ({
            id: `t${from + i}`,
            framework_id: 'F',
            state: 'TASK_FINISHED',
          })),
        },
      ],
    });
    feedState(view, ended(0));
    feedState(view, ended(30_000));
    expect(view.taskCounts()).toEqual({ TASK_FINISHED: 50_000 });
    expect([...view.tasks()].at(-1)?.id).toBe('t59999');
  });
});

describe('the word on a host', () => {
  test('an answer with fewer agents takes nobody away for ten minutes', () => {
    const { view, clock } = aView();
    expect(view.registrationOf(ALPHA)).toBe('unsure');
    feedState(view, captured('master_state'));
    expect([view.registrationOf(ALPHA), view.registrationOf('c.test' as HostName)]).toEqual(['registered', 'unsure']);
    for (let minute = 0; minute < 9; minute++) {
      clock.advance(60_000);
      feedState(view, captured('noquorum_ha1_state'));
    }
    expect(view.registrationOf(ALPHA)).toBe('registered');
    clock.advance(60_000);
    feedState(view, captured('noquorum_ha1_state'));
    expect(view.registrationOf(ALPHA)).toBe('unregistered');
    clock.advance(600_000);
    expect(view.registrationOf(ALPHA)).toBe('unsure');
  });
});

describe('freshness', () => {
  test('after three polls without a good answer the picture is stale, says why, and is kept', () => {
    const { view, clock, lines } = aView();
    expect(view.stale).toBe('Mesos has not answered yet');
    feedState(view, captured('master_state'));
    clock.advance(180_000);
    expect([view.answeredMs, view.stale]).toEqual([180_000, undefined]);
    view.apply({ kind: 'failed', reason: 'http://m:5050/state: no JSON' });
    clock.advance(1);
    expect(view.stale).toBe('no good answer for 180 s: http://m:5050/state: no JSON');
    expect(view.agents().size).toBe(2);
    feedState(view, captured('master_state'));
    expect(view.stale).toBeUndefined();
    expect(lines()).toMatchObject([
      { msg: 'the Mesos cluster can not be read', err: 'http://m:5050/state: no JSON' },
      { msg: 'the Mesos cluster is read again', agents: 2 },
    ]);
  });
});

describe('odd agents', () => {
  const agents = (...hostnames: string[]) => ({
    slaves: hostnames.map((hostname, i) => ({ id: `S${i}`, hostname, pid: `slave(1)@10.0.0.${i}:5051`, active: true })),
    frameworks: [],
  });

  test('a name that is none is kept, has no host, and is said once with its address', () => {
    const { view, lines } = aView();
    for (let poll = 0; poll < 3; poll++) feedState(view, agents('a1.test', 'white space\n'));
    expect(view.agents().get('S1')).toMatchObject({ hostname: 'white space\n', host: undefined });
    expect(lines()).toEqual([
      expect.objectContaining({
        msg: 'agent registered under an invalid host name, it cannot be whitelisted',
        url: 'http://m:5050',
        agent: 'S1',
        pid: 'slave(1)@10.0.0.1:5051',
        hostname: 'white space\n',
      }),
    ]);
  });

  test('two with the same name are both kept, and said once', () => {
    const { view, lines } = aView();
    for (let poll = 0; poll < 3; poll++) feedState(view, agents('a1.test', 'a1.test'));
    expect(view.agentsOf('a1.test' as HostName).map(({ id }) => id)).toEqual(['S0', 'S1']);
    expect(lines()).toEqual([
      expect.objectContaining({
        msg: 'several active agents with one host name',
        host: 'a1.test',
        agents: ['S0 at slave(1)@10.0.0.0:5051', 'S1 at slave(1)@10.0.0.1:5051'],
      }),
    ]);
  });

  test('an agent that comes back under a new id leaves no unreachable one behind', () => {
    const { view } = aView();
    feedState(view, { ...agents('a1.test'), unreachable_slaves: 0 });
    const [slave] = agents('a1.test').slaves;
    feedState(view, { slaves: [{ ...slave, id: 'S9' }], frameworks: [], unreachable_slaves: 1 });
    expect(view.agentsOf('a1.test' as HostName)).toMatchObject([{ id: 'S9', unreachable: false }]);
  });
});
