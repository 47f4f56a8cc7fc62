/** The default judgement: a host is off while one of its tests is critical or all are silent. */
export type { HostAccount, Hosts } from './host-accounts.ts';
export { HostJudge, recordEventOf } from './host-judge.ts';
export { type JudgeTestsSettings, judgeTestsOf } from './judge-tests-stream.ts';
