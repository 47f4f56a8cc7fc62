/** satellite-master/rules/host-health */
export { JudgeTests, type Quiet, recordEventOf } from './host-judge.ts';
export { type JudgeTestsSettings, judgeTestsOf } from './judge-tests-stream.ts';
