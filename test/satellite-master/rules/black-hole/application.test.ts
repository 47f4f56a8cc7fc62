import { describe, expect, test } from 'vitest';
import { attributionOf, withoutInstance } from '../../../../satellite-master/rules/black-hole/application.ts';
import { outcomeOfTask } from '../../../../satellite-master/rules/black-hole/task-outcome.ts';

const UUID = '2aef07f2-be2a-11e5-b053-002590e56e25';

describe('the name of an application is that of its tasks without the part of the instance', () => {
  test.each([
    ['web', 'web'],
    ['web-17', 'web'],
    ['web.17', 'web'],
    ['web#3', 'web'],
    ['job_12:34', 'job'],
    ['role/env/job/3', 'role/env/job'],
    ['Task 12', 'Task'],
    [`web.${UUID}`, 'web'],
    [`group_web.${UUID}`, 'group_web'],
    [`Task(RunCalicoNode-${UUID.toUpperCase()})`, 'Task(RunCalicoNode)'],
    [`world-0-server__${UUID}`, 'world-0-server'],
    ['web.3f2a9bc', 'web'],
    ['build-d41d8cd98f00b204e9800998ecf8427e', 'build'],
    ['report-2016-08-13', 'report'],
    ['report-20160813T235422Z', 'report'],
    ['report-2016-08-13T23:54:22.123Z', 'report'],
    ['import-1471132466', 'import'],
    ['etl.2016-08-13.17', 'etl'],
    ['app1', 'app1'],
    ['web-v2', 'web-v2'],
    ['web-1.2.3', 'web-1.2.3'],
    ['web-1.2.3-17', 'web-1.2.3'],
    ['deface', 'deface'],
    ['my-deadbeef', 'my-deadbeef'],
    ['17', ''],
    [UUID, ''],
    ['', ''],
    ['(((', ''],
    ['名前-12', '名前'],
  ])('%s: %s', (name, base) => {
    expect(withoutInstance(name)).toBe(base);
  });

  test('the framework stands before it; where a task has no name its id serves; a number alone is of the framework', () => {
    const told = { id: `web.${UUID}`, name: 'web', frameworkId: 'f-1', frameworkName: 'marathon' };
    expect(attributionOf(told)).toEqual({ application: 'marathon/web', instance: '' });
    expect(attributionOf({ ...told, name: '' })).toEqual({ application: 'marathon/web', instance: '' });
    expect(attributionOf({ ...told, name: 'web-3' })).toEqual({ application: 'marathon/web', instance: 'web-3' });
    expect(attributionOf({ ...told, name: '3' })).toEqual({ application: 'marathon/*', instance: '3' });
    expect(attributionOf({ ...told, frameworkName: '' }).application).toBe('f-1/web');
    expect(attributionOf({ ...told, frameworkName: `run ${UUID}` }).application).toBe('run/web');
  });

  test('a hostile name does not hang', () => {
    expect(withoutInstance('-1'.repeat(50_000).slice(0, 400))).toBeDefined();
    expect(withoutInstance('('.repeat(400))).toBeDefined();
    attributionOf({ id: 'x', name: '1-'.repeat(100_000), frameworkId: 'f', frameworkName: '-'.repeat(100_000) });
  });
});

describe('what a state says of host and application', () => {
  test.each([
    ['TASK_FAILED', undefined, false, 'failed'],
    ['TASK_FAILED', 'REASON_COMMAND_EXECUTOR_FAILED', false, 'failed'],
    ['TASK_FAILED', 'REASON_CONTAINER_LAUNCH_FAILED', false, 'failed'],
    ['TASK_FAILED', 'REASON_CONTAINER_LIMITATION_MEMORY', false, 'failed'],
    ['TASK_FAILED', 'REASON_SLAVE_REMOVED', false, 'ended'],
    ['TASK_FAILED', undefined, true, 'ended'],
    ['TASK_ERROR', 'REASON_TASK_INVALID', false, 'failed'],
    ['TASK_ERROR', 'REASON_INVALID_OFFERS', false, 'ended'],
    ['TASK_LOST', 'REASON_SLAVE_REMOVED', false, 'ended'],
    ['TASK_LOST', undefined, false, 'ended'],
    ['TASK_LOST', 'REASON_CONTAINER_LAUNCH_FAILED', false, 'failed'],
    ['TASK_DROPPED', 'REASON_AGENT_DISCONNECTED', false, 'ended'],
    ['TASK_KILLED', undefined, false, 'ended'],
    ['TASK_GONE', undefined, false, 'ended'],
    ['TASK_GONE_BY_OPERATOR', undefined, false, 'ended'],
    ['TASK_FINISHED', undefined, false, 'finished'],
    ['TASK_FINISHED', undefined, true, 'ended'],
    ['TASK_UNREACHABLE', undefined, false, 'unsure'],
    ['TASK_KILLING', undefined, false, 'unsure'],
    ['TASK_RUNNING', undefined, false, 'running'],
    ['TASK_STAGING', undefined, false, 'begun'],
    ['TASK_OF_THE_FUTURE', undefined, false, 'unsure'],
  ] as const)('%s %s (being killed: %s): %s', (state, reason, killing, outcome) => {
    expect(outcomeOfTask(state, reason, killing)).toBe(outcome);
  });
});
