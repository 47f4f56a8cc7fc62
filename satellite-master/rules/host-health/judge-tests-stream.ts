/** `judgeTests()`: a judge of hosts on nothing but what every rules module has, so that anyone can write another. */
import type { Clock } from '../../../shared/clock.ts';
import type { Stream } from '../../streams/index.ts';
import type { Hosts } from './host-accounts.ts';
import { HostJudge, TESTS_RULE } from './host-judge.ts';

export interface JudgeTestsSettings {
  /** After so many seconds the silence of one test of a host that still reports is dropped; default `readmit-after.first`. */
  readonly dropAfter?: number;
}

/** What it needs of `Satellite`: anyone can write another judge with it. */
export interface JudgeGround {
  readonly clock: Clock;
  readonly hosts: Hosts;
}

/** Streams of one rule share one judge: `by('host', () => judgeTests())` makes no second one. */
export function judgeTestsOf({ clock, hosts }: JudgeGround, { dropAfter }: JudgeTestsSettings = {}): Stream {
  const { managedEventsOf, readmitAfterMs } = hosts;
  const dropAfterMs = dropAfter === undefined ? readmitAfterMs : dropAfter * 1000;
  const judge = hosts.account(
    TESTS_RULE,
    (rule, desired) => new HostJudge({ clock, desired, rule, dropAfterMs, managedEventsOf }),
  );
  return (event) => judge.ingest(hosts.wholeEvent(event));
}
