/** `judgeTests()`: a judge of hosts on nothing but what every rules module has, so that anyone can write another. */
import type { Stream } from '../../streams/index.ts';
import type { Satellite } from '../api/index.ts';
import { JudgeTests, TESTS_RULE } from './host-judge.ts';

export interface JudgeTestsSettings {
  /** After so many seconds the silence of one test of a host that still reports is dropped; default `readmit-after.first`. */
  readonly dropAfter?: number;
}

/** Streams of one rule share one judge: `by('host', () => judgeTests())` makes no second one. */
export function judgeTestsOf({ clock, hosts }: Satellite, { dropAfter }: JudgeTestsSettings = {}): Stream {
  const { managedEventsOf, readmitAfterMs } = hosts;
  const dropAfterMs = dropAfter === undefined ? readmitAfterMs : dropAfter * 1000;
  const judge = hosts.account(
    TESTS_RULE,
    (rule, wishes) => new JudgeTests({ clock, wishes, rule, dropAfterMs, managedEventsOf }),
  );
  return (event) => judge.take(hosts.wholeEvent(event));
}
