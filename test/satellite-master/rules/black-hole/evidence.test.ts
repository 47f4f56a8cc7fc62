import { expect, test } from 'vitest';
import { Evidence, type ReportedTask } from '../../../../satellite-master/rules/black-hole/evidence.ts';
import { finish } from '../../../../shared/cooperative.ts';
import { aClock, host } from '../../../support/harness.ts';
import { names, THRESHOLDS } from '../../../support/task-scenes.ts';

const HOLE = host('hole.example');
const OTHERS = Array.from({ length: 600 }, (_, at) => host(`h${at}.example`));

let serial = 0;

function fails(evidence: Evidence, where: string, times: number, state = 'TASK_FAILED', ago?: number): void {
  for (let at = 0; at < times; at++) {
    const timeS = ago === undefined ? undefined : clock.wallMs() / 1000 - ago;
    const task = { id: `t${serial++}`, name: 'web', frameworkId: 'f', frameworkName: 'marathon', host: host(where) };
    const told: ReportedTask = { ...task, state, timeS, startedS: timeS, reason: undefined };
    if (ago !== undefined) evidence.ingestTask(told, undefined);
    else {
      const begun = { ...told, state: 'TASK_STAGING' };
      evidence.ingestTask(begun, undefined);
      evidence.ingestTask(told, begun);
    }
  }
}

const clock = aClock();

test('a judgement that spans turns is about the moment at which it began', () => {
  const evidence = new Evidence({ thresholds: THRESHOLDS, clock });
  for (const name of OTHERS) fails(evidence, name, 2, 'TASK_FINISHED');
  fails(evidence, HOLE, 20);
  const work = evidence.judging(new Set());
  let turns = 0;
  for (;;) {
    const { done, value } = work.next();
    if (done) {
      expect(names(value?.hosts ?? [])).toEqual([HOLE]);
      break;
    }
    // Meanwhile the application begins to fail everywhere.
    fails(evidence, OTHERS[turns++] ?? HOLE, 500);
  }
  expect(turns).toBeGreaterThan(3);
  expect(evidence.countsOf(OTHERS[0] ?? HOLE)?.failed).toBe(0);
  finish(evidence.catchUp());
  expect(evidence.countsOf(OTHERS[0] ?? HOLE)?.failed).toBe(500);
});

test('a judgement that too much waits for is given up, and nothing of that is lost', () => {
  const evidence = new Evidence({ thresholds: THRESHOLDS, clock });
  for (const name of OTHERS) fails(evidence, name, 2, 'TASK_FINISHED');
  const work = evidence.judging(new Set());
  work.next();
  fails(evidence, HOLE, 26_000);
  expect(finish(work)).toBeUndefined();
  finish(evidence.catchUp());
  expect(evidence.countsOf(HOLE)?.failed).toBe(26_000);
  expect(names(finish(evidence.judging(new Set()))?.hosts ?? [])).toEqual([HOLE]);
});

test('what ended before the window when it is first told of is passed over', () => {
  const evidence = new Evidence({ thresholds: THRESHOLDS, clock });
  fails(evidence, HOLE, 3, 'TASK_FAILED', 10 * THRESHOLDS.windowS);
  expect(evidence.countsOf(HOLE)).toBeUndefined();
  fails(evidence, HOLE, 3, 'TASK_FAILED', THRESHOLDS.windowS / 2);
  expect(evidence.countsOf(HOLE)?.failed).toBe(3);
});
